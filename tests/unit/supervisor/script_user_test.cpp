#include "supervisor/script_user.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

TEST(FindProgram, LooksBareNamesUpInPath) {
    EXPECT_TRUE(find_program("sh"));
    EXPECT_FALSE(find_program("no-such-program-anywhere"));
    EXPECT_EQ(*find_program("/bin/sh"), "/bin/sh");
    EXPECT_FALSE(find_program("/etc/passwd"));
}

}  // namespace
}  // namespace holdfast::supervisor
