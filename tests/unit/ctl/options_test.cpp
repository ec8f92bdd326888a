#include "ctl/options.hpp"

#include <array>

#include <gtest/gtest.h>

namespace holdfast::ctl {
namespace {

core::Result<Options> read(std::initializer_list<const char*> arguments) {
    const std::vector<const char*> all(arguments);
    return read_options(all);
}

TEST(Options, TakesOptionsBeforeAndAfterTheVerb) {
    const auto options = read({"--run-dir", "/tmp/x", "show", "vrrp", "VI_1", "--json"});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->run_folder, "/tmp/x");
    EXPECT_EQ(options->format, Format::json);
    EXPECT_EQ(options->words, (std::vector<std::string>{"show", "vrrp", "VI_1"}));
}

TEST(Options, FindsACopyByItsPidFile) {
    EXPECT_EQ(read({"--pid=/run/holdfast.pid"})->run_folder, "/run/holdfast");
    EXPECT_NE(read({"--pid", "/tmp/other.pid"})->run_folder, "/run/holdfast");
}

TEST(Options, SaysWhichArgumentIsWrong) {
    EXPECT_EQ(read({"--jsno"}).error().text(), "unknown option --jsno; see holdfastctl --help");
    EXPECT_EQ(read({"--run-dir"}).error().text(), "--run-dir needs a value");
    EXPECT_FALSE(read({"--timeout", "soon"}));
    EXPECT_FALSE(read({"--timeout=-1"}));
}

}  // namespace
}  // namespace holdfast::ctl
