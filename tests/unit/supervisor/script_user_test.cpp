#include "supervisor/script_user.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace holdfast::supervisor {
namespace {

TEST(ScriptUser, ResolvesNamesAndNumbers) {
    EXPECT_EQ(find_script_user("root", "", false)->uid, 0U);
    EXPECT_EQ(find_script_user("nobody", "root", false)->gid, 0U);
    EXPECT_EQ(find_script_user("4242", "", false)->uid, 4242U);
}

TEST(ScriptUser, NamesWhatItDoesNotKnow) {
    EXPECT_EQ(find_script_user("no_such_user", "", false).error().text(),
              "unknown script user \"no_such_user\"");
    EXPECT_EQ(find_script_user("root", "no_such_group", false).error().text(),
              "unknown script group \"no_such_group\"");
}

/// To setresuid the largest number means "as it is": the script would run as root.
TEST(ScriptUser, IsNeverTheNumberThatMeansAsItIs) {
    for (const char* all : {"4294967295", "0xffffffff", "-1"}) {
        EXPECT_FALSE(find_script_user(all, "", false)) << all;
        EXPECT_FALSE(find_script_user("root", all, false)) << all;
    }
}

TEST(ScriptUser, HasAllItsGroupsWhereThatIsWanted) {
    const auto root = find_script_user("root", "", false);
    EXPECT_TRUE(root->groups.empty());
    const auto groups = groups_of(*root);
    EXPECT_NE(std::ranges::find(groups, gid_t{0}), groups.end());
}

TEST(RootScript, AcceptsTheSystemsOwnPrograms) {
    const auto checked = check_root_script("/usr/bin/env");
    EXPECT_TRUE(checked) << checked.error().text();
}

TEST(RootScript, RefusesAFileThatOthersMayWrite) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a file of root's";
    std::string folder = "/root/holdfast-test-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string script = folder + "/script";
    std::ofstream(script) << "#!/bin/sh\n";
    ::chmod(script.c_str(), 0777);
    EXPECT_NE(check_root_script(script).error().text().find("can be written by others"),
              std::string::npos);
    ::chmod(script.c_str(), 0755);
    EXPECT_TRUE(check_root_script(script));
    std::filesystem::remove_all(folder);
}

class RootsFolder : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to make files of several users";
        folder_ = "/root/holdfast-test-XXXXXX";
        ASSERT_NE(mkdtemp(folder_.data()), nullptr);
        std::ofstream(path("script")) << "#!/bin/sh\n";
        ::chmod(path("script").c_str(), 0755);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    void link(const std::string& name, const std::string& target, uid_t owner) const {
        std::filesystem::create_symlink(target, path(name));
        ASSERT_EQ(::lchown(path(name).c_str(), owner, owner), 0);
    }
    std::string folder_;
};

TEST_F(RootsFolder, LinksAreFollowedOneByOne) {
    link("ours", "script", 0);
    EXPECT_TRUE(check_root_script(path("ours")));
    link("theirs", "script", 12345);
    EXPECT_NE(check_root_script(path("theirs")).error().text().find("belongs to uid 12345"),
              std::string::npos);
    link("through", "theirs", 0);
    EXPECT_FALSE(check_root_script(path("through")));
    std::filesystem::create_directory(path("open"));
    ::chmod(path("open").c_str(), 0777);
    std::filesystem::create_symlink("../script", path("open/back"));
    link("over", "open/back", 0);
    EXPECT_NE(check_root_script(path("over")).error().text().find("open can be written"),
              std::string::npos);
    link("round", "round", 0);
    EXPECT_EQ(check_root_script(path("round")).error().code(), ELOOP);
    EXPECT_TRUE(check_root_script(folder_ + "/../" + folder_.substr(6) + "/./script"));
}

TEST_F(RootsFolder, AFileMayMakeItsUserRoot) {
    EXPECT_FALSE(becomes_root(path("script")));
    ::chmod(path("script").c_str(), 04755);
    EXPECT_TRUE(becomes_root(path("script")));
    ::chmod(path("script").c_str(), 02755);
    EXPECT_TRUE(becomes_root(path("script")));
    ASSERT_EQ(::chown(path("script").c_str(), 12345, 12345), 0);
    ::chmod(path("script").c_str(), 06755);
    EXPECT_FALSE(becomes_root(path("script")));
}

TEST(FindProgram, LooksBareNamesUpInPath) {
    EXPECT_TRUE(find_program("sh"));
    EXPECT_FALSE(find_program("no-such-program-anywhere"));
    EXPECT_EQ(*find_program("/bin/sh"), "/bin/sh");
    EXPECT_FALSE(find_program("/etc/passwd"));
    const std::filesystem::path here = std::filesystem::current_path();
    std::filesystem::current_path("/usr/bin");
    EXPECT_EQ(*find_program("./sh"), "/usr/bin/./sh");
    std::filesystem::current_path(here);
}

}  // namespace
}  // namespace holdfast::supervisor
