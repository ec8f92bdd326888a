#include "supervisor/options.hpp"

#include <gtest/gtest.h>

namespace holdfast::supervisor {
namespace {

using Words = std::vector<std::string>;

Options accepted(const Words& words) {
    const auto parsed = parse_options(words);
    if (const auto* answer = std::get_if<ExitNow>(&parsed)) {
        ADD_FAILURE() << answer->errors;
        return {};
    }
    return *std::get_if<Options>(&parsed);
}

ExitNow answered(const Words& words) {
    const auto parsed = parse_options(words);
    if (const auto* answer = std::get_if<ExitNow>(&parsed)) return *answer;
    ADD_FAILURE() << "nothing was answered";
    return {};
}

TEST(Options, ReadsTheOptionsSeenInTheWild) {
    const Options options =
        accepted({"holdfast", "-nlD", "-P", "-f", "/etc/k.conf", "-p", "/run/a.pid",
                  "--vrrp_pid=/run/b.pid", "-c", "/run/c.pid", "-d", "-i", "lb1"});
    EXPECT_TRUE(options.foreground && options.log_console && options.vrrp_only);
    EXPECT_EQ(options.log_detail, 1U);
    EXPECT_EQ(options.config_file, "/etc/k.conf");
    EXPECT_EQ(options.main_pid_file, "/run/a.pid");
    EXPECT_EQ(options.vrrp_pid_file, "/run/b.pid");
    EXPECT_EQ(options.checkers_pid_file, "/run/c.pid");
    EXPECT_EQ(options.config_id, "lb1");
    EXPECT_EQ(options.arguments.front(), "-nlD");
    EXPECT_EQ(options.arguments.size(), 12U);
}

TEST(Options, TakesUnambiguousAbbreviationsOfLongNames) {
    EXPECT_TRUE(accepted({"holdfast", "--dont-f"}).foreground);
    EXPECT_EQ(answered({"holdfast", "--dont"}).status, 1);
}

TEST(Options, TheTestFileIsPartOfItsOption) {
    const Options options = accepted({"holdfast", "-t/tmp/out", "-f", "x"});
    EXPECT_TRUE(options.config_test);
    EXPECT_EQ(options.config_test_file, "/tmp/out");
    EXPECT_EQ(accepted({"holdfast", "--config-test=/tmp/out"}).config_test_file, "/tmp/out");
    EXPECT_EQ(accepted({"holdfast", "-t", "/tmp/out"}).config_test_file, "");
}

TEST(Options, TellsEveryMistakeAtOnce) {
    const ExitNow answer = answered({"holdfast", "--frobnicate", "-Z", "-f"});
    EXPECT_EQ(answer.status, 1);
    EXPECT_NE(answer.errors.find("--frobnicate"), std::string::npos) << answer.errors;
    EXPECT_NE(answer.errors.find("-Z"), std::string::npos) << answer.errors;
    EXPECT_NE(answer.errors.find("requires an argument"), std::string::npos) << answer.errors;
}

TEST(Options, PrintsSignalNumbers) {
    EXPECT_EQ(answered({"holdfast", "--signum=RELOAD"}).output, "1\n");
    EXPECT_EQ(answered({"holdfast", "--signum", "STOP"}).output, "15\n");
    EXPECT_EQ(answered({"holdfast", "--signum=JSON"}).output, "36\n");
    EXPECT_EQ(answered({"holdfast", "--signum=NONE"}).status, 1);
}

TEST(Options, TheVersionOfTheDropInIsWhatToolsParse) {
    const ExitNow answer = answered({"/usr/sbin/keepalived", "-v"});
    EXPECT_EQ(answer.status, 0);
    EXPECT_TRUE(answer.errors.starts_with("Keepalived v2.4.3 (08/13,2026)\n")) << answer.errors;
    EXPECT_NE(answer.errors.find("--enable-json"), std::string::npos);
    EXPECT_TRUE(answered({"holdfast", "--version"}).errors.starts_with("Holdfast v"));
}

TEST(Options, VrrpAndChecksTogetherMeanBoth) {
    const Options options = accepted({"holdfast", "-P", "-C"});
    EXPECT_FALSE(options.vrrp_only || options.checks_only);
}

TEST(Options, TheGraceIsInSecondsAndBounded) {
    EXPECT_EQ(accepted({"holdfast", "--restart-grace", "1.5"}).restart_grace,
              std::chrono::milliseconds(1500));
    EXPECT_EQ(answered({"holdfast", "--restart-grace", "61"}).status, 1);
    EXPECT_EQ(answered({"holdfast", "--restart-grace", "soon"}).status, 1);
}

TEST(Options, WordsThatAreNoOptionsAreReportedAndPassedOver) {
    EXPECT_TRUE(accepted({"holdfast", "-e"}).all_include_checks);
    EXPECT_NE(accepted({"holdfast", "-n", "stray"}).without_effect.front().find("stray"),
              std::string::npos);
}

}  // namespace
}  // namespace holdfast::supervisor
