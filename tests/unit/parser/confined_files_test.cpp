#include "parser/confined_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/parser/temporary_folder.hpp"

namespace holdfast::parser {
namespace {

TEST(ConfinedFiles, AreReadBelowTheirFolders) {
    const TemporaryFolder folder;
    const std::string file = folder.write("in/a.conf", "text");
    ConfinedFiles files({folder.path("in")});
    EXPECT_EQ(files.read(file).value(), "text");
    EXPECT_EQ(files.glob(folder.path("in/*.conf")), (std::vector<std::string>{file}));
    EXPECT_FALSE(files.needed());
}

TEST(ConfinedFiles, ElsewhereAreNamedInsteadOfRead) {
    const TemporaryFolder folder;
    folder.write("in/a.conf", "");
    const std::string outside = folder.write("out/b.conf", "text");
    ConfinedFiles files({folder.path("in")});
    const config::FileTrail main{"/etc/main.conf", {}};
    files.named_by({&main, 3, 1});
    EXPECT_FALSE(files.read(outside).ok());
    ASSERT_TRUE(files.needed());
    EXPECT_EQ(files.needed()->path, outside);
    EXPECT_EQ(files.needed()->named_by, "/etc/main.conf");
    EXPECT_EQ(files.needed()->line, 3U);
}

TEST(ConfinedFiles, BehindASymbolicLinkLieWhereItLeads) {
    const TemporaryFolder folder;
    folder.write("in/a.conf", "");
    const std::string outside = folder.write("out/b.conf", "text");
    std::filesystem::create_symlink(outside, folder.path("in/link.conf"));
    ConfinedFiles files({folder.path("in")});
    EXPECT_FALSE(files.read(folder.path("in/link.conf")).ok());
    ASSERT_TRUE(files.needed());
    EXPECT_EQ(files.needed()->path, outside);
}

TEST(ConfinedFiles, AreNotMatchedElsewhere) {
    const TemporaryFolder folder;
    folder.write("in/a.conf", "");
    folder.write("out/b.conf", "");
    ConfinedFiles files({folder.path("in")});
    EXPECT_TRUE(files.glob(folder.path("out/*.conf")).empty());
    ASSERT_TRUE(files.needed());
    EXPECT_EQ(files.needed()->path, folder.path("out"));
}

TEST(ConfinedFiles, ThatDoNotExistAskForNoFolder) {
    ConfinedFiles files({"/nowhere"});
    EXPECT_FALSE(files.read("/nowhere/else/x.conf").ok());
    EXPECT_TRUE(files.glob("/nowhere/else/*.conf").empty());
    EXPECT_FALSE(files.needed());
}

TEST(ConfinedFiles, BesideAFolderOfTheSameBeginningAreOutside) {
    const TemporaryFolder folder;
    folder.write("in/a.conf", "");
    const std::string beside = folder.write("in2/b.conf", "text");
    ConfinedFiles files({folder.path("in")});
    EXPECT_FALSE(files.read(beside).ok());
}

}  // namespace
}  // namespace holdfast::parser
