#include "ctl/options.hpp"

#include <array>

#include <gtest/gtest.h>

#include "tests/unit/ctl/run.hpp"

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
    EXPECT_EQ(read({"--jsno"}).error().text(),
              "unknown option --jsno; did you mean --json?; see holdfastctl --help");
    EXPECT_EQ(read({"--run-dir"}).error().text(), "--run-dir needs a value");
    EXPECT_FALSE(read({"--timeout", "soon"}));
    EXPECT_FALSE(read({"--timeout=-1"}));
}

TEST(Options, GoWithTheirVerbOnly) {
    EXPECT_EQ(read({"--strict", "show", "vrrp"}).error().text(),
              "--strict does not go with show vrrp; see holdfastctl show vrrp --help");
    EXPECT_FALSE(read({"--wait"}));
    EXPECT_TRUE(read({"reload", "--wait"})->wait);
    EXPECT_EQ(read({"show", "config", "--format", "xml"}).error().text(),
              "\"xml\": give yaml, keepalived or json");
}

TEST(Options, OneLetterAndTwoDashesAreUnderstood) {
    EXPECT_EQ(read({"schema", "-o", "x", "--", "-file"})->output, "x");
    EXPECT_EQ(read({"check", "--", "-file"})->words.back(), "-file");
    EXPECT_EQ(read({"reload", "--wait=yes"}).error().text(), "--wait takes no value");
}

TEST(Usage, IsOfTheVerbWhenThereIsOne) {
    const std::vector<std::string> check = {"check"};
    EXPECT_TRUE(usage(check).starts_with("holdfastctl check [FILE...] [OPTION...]\n"));
    EXPECT_NE(usage(check).find("--strict"), std::string::npos);
    EXPECT_EQ(usage(check).find("--wait"), std::string::npos);
    EXPECT_NE(usage({}).find("show services"), std::string::npos);
}

TEST(Verbs, UnknownOnesAreMetWithASuggestion) {
    const auto complaint = [](std::initializer_list<std::string> words) {
        return tests::run(words).complaints;
    };
    EXPECT_EQ(
        complaint({"relaod"}),
        "holdfastctl: unknown verb \"relaod\"; did you mean reload?; see holdfastctl --help\n");
    EXPECT_EQ(complaint({"show", "vrpp"}),
              "holdfastctl: show what? \"vrpp\" is not one of status, vrrp, addresses, services, "
              "processes, "
              "config; did you mean show vrrp?\n");
    EXPECT_EQ(tests::run({"reload", "now"}).status, kUsage);
    EXPECT_EQ(tests::run({"nonsense"}).status, kUsage);
}

TEST(Verbs, NobodyAnsweringIsStatusThree) {
    EXPECT_EQ(tests::run({"show", "--run-dir", "/nonexistent"}).status, kNotRunning);
}

}  // namespace
}  // namespace holdfast::ctl
