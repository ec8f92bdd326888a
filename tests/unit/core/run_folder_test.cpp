#include "lib/core/run_folder.hpp"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(RunFolder, IsTheDefaultForTheDefaultPidFile) {
    EXPECT_EQ(run_folder_for(""), "/run/holdfast");
    EXPECT_EQ(run_folder_for("/run/holdfast.pid"), "/run/holdfast");
    EXPECT_EQ(run_folder_for("/run/./holdfast.pid"), "/run/holdfast");
}

TEST(RunFolder, IsOneForEachOtherPidFile) {
    EXPECT_NE(run_folder_for("/tmp/a.pid"), run_folder_for("/tmp/b.pid"));
    EXPECT_EQ(run_folder_for("/tmp/a.pid"), run_folder_for("/tmp/x/../a.pid"));
    EXPECT_EQ(run_folder_for("/tmp/a.pid").substr(0, 16), "/run/holdfast/i-");
}

}  // namespace
}  // namespace holdfast::core
