#include "checkerd/monitor.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "fake_checks.hpp"

namespace holdfast::checkerd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

CheckSpec tcp_spec() {
    CheckSpec spec;
    spec.id = {3};
    spec.server = {2};
    spec.keyword = "TCP_CHECK";
    spec.server_name = "[192.0.2.1]:tcp:80";
    spec.service_name = "[198.51.100.1]:tcp:80";
    spec.rules = {.retry = 1, .delay_loop = seconds(10), .delay_before_retry = seconds(3)};
    spec.warmup = seconds(8);
    spec.fingerprint = 42;
    return spec;
}

class MonitorTest : public testing::Test {
  protected:
    void start(CheckSpec spec = tcp_spec()) { monitor.emplace(surroundings, std::move(spec)); }
    void run_first(Outcome outcome, const std::string& text) {
        start();
        loop.advance(seconds(4));
        checks.answer(outcome, text);
    }
    [[nodiscard]] bool up() const { return monitor->standing().verdict.up; }

    loop::Loop loop{loop::Loop::VirtualTime{core::Instant(seconds(1000))}};
    MemoryLog log;
    FakeChecks checks;
    unsigned told = 0;
    unsigned kept = 0;
    Monitor::Surroundings surroundings{.loop = loop,
                                       .log = log,
                                       .random = [](core::Interval up_to) { return up_to / 2; },
                                       .make = checks.maker(),
                                       .changed = [this](const Monitor&) { ++told; },
                                       .ran = [this](const Monitor&) { ++kept; }};
    std::optional<Monitor> monitor;
};

TEST_F(MonitorTest, RunsFirstWithinTheWarmup) {
    start();
    loop.advance(seconds(4) - milliseconds(1));
    EXPECT_TRUE(checks.running().empty());
    loop.advance(milliseconds(1));
    EXPECT_EQ(checks.running().size(), 1U);
}

TEST_F(MonitorTest, RunsOneCheckAtATimeAndKeepsTheRhythm) {
    start();
    loop.advance(seconds(4));
    loop.advance(seconds(100));
    EXPECT_EQ(checks.started().size(), 1U) << "a second run began before the first had answered";
    checks.answer(Outcome::success, "connected");
    loop.settle();
    EXPECT_EQ(checks.started().size(), 2U);
    checks.answer(Outcome::success, "connected");
    loop.advance(seconds(10) - milliseconds(1));
    EXPECT_EQ(checks.started().size(), 2U) << "missed runs were caught up";
    loop.advance(milliseconds(1));
    EXPECT_EQ(checks.started().size(), 3U);
}

TEST_F(MonitorTest, LogsNothingWhileAllIsWell) {
    run_first(Outcome::success, "connected to 192.0.2.1:80");
    EXPECT_TRUE(log.lines().empty());
    EXPECT_EQ(told, 0U);
    EXPECT_EQ(kept, 1U);
    EXPECT_EQ(monitor->standing().runs, 1U);
}

TEST_F(MonitorTest, TellsAndLogsOnceWhenItGoesDown) {
    start();
    loop.advance(seconds(4));
    loop.advance(milliseconds(1500));
    checks.answer(Outcome::failure, "connect to 192.0.2.1:80: Connection refused");
    EXPECT_FALSE(up());
    EXPECT_EQ(told, 1U);
    EXPECT_EQ(monitor->standing().last_error, "connect to 192.0.2.1:80: Connection refused");
    EXPECT_EQ(log.lines(),
              (std::vector<std::string>{
                  "CHECK_STATE TCP_CHECK [192.0.2.1]:tcp:80 of [198.51.100.1]:tcp:80 up->down: "
                  "connect to 192.0.2.1:80: Connection refused (took 1500.0 ms, failed once)"}));
    for (int more = 0; more < 3; ++more) {
        loop.advance(seconds(10));
        checks.answer(Outcome::failure, "connect to 192.0.2.1:80: Connection refused");
    }
    EXPECT_EQ(log.lines().size(), 1U);
    EXPECT_EQ(told, 1U);
    EXPECT_EQ(monitor->standing().failures, 4U);
}

TEST_F(MonitorTest, RetriesAfterThePauseBeforeItGoesDown) {
    run_first(Outcome::success, "connected");
    loop.advance(seconds(10));
    loop.advance(seconds(1));
    checks.answer(Outcome::failure, "no answer");
    EXPECT_TRUE(up());
    EXPECT_EQ(told, 1U) << "the error text is worth telling";
    EXPECT_TRUE(log.lines().empty());
    loop.advance(seconds(3) - milliseconds(1));
    EXPECT_TRUE(checks.running().empty());
    loop.advance(milliseconds(1));
    checks.answer(Outcome::failure, "no answer");
    EXPECT_FALSE(up());
    EXPECT_NE(log.lines().at(0).find("failed 2 times"), std::string::npos);
}

TEST_F(MonitorTest, LogsEveryFailureForThoseWhoAsked) {
    CheckSpec spec = tcp_spec();
    spec.log_all_failures = true;
    start(spec);
    loop.advance(seconds(4));
    checks.answer(Outcome::success, "connected");
    loop.advance(seconds(10));
    checks.answer(Outcome::failure, "no answer");
    EXPECT_EQ(log.lines(), (std::vector<std::string>{
                               "CHECK_FAILED TCP_CHECK [192.0.2.1]:tcp:80 of [198.51.100.1]:tcp:80 "
                               "stays up: no answer"}));
}

TEST_F(MonitorTest, ComesUpWithOneSuccess) {
    run_first(Outcome::failure, "refused");
    const double since = monitor->standing().since_timestamp_seconds;
    log.clear();
    loop.advance(seconds(10));
    checks.answer(Outcome::success, "connected to 192.0.2.1:80");
    EXPECT_TRUE(up());
    EXPECT_EQ(monitor->standing().last_error, "");
    EXPECT_GE(monitor->standing().since_timestamp_seconds, since);
    EXPECT_EQ(told, 2U);
    EXPECT_EQ(log.lines(),
              (std::vector<std::string>{
                  "CHECK_STATE TCP_CHECK [192.0.2.1]:tcp:80 of [198.51.100.1]:tcp:80 down->up: "
                  "connected to 192.0.2.1:80 (took 0.0 ms)"}));
}

TEST_F(MonitorTest, KeepsTheVerdictWhileThisHostCannotTestAndSaysSoOnce) {
    run_first(Outcome::success, "connected");
    for (int times = 0; times < 3; ++times) {
        loop.advance(seconds(10));
        checks.answer(Outcome::cannot_test, "connect to 192.0.2.1:80: Network is unreachable");
    }
    EXPECT_TRUE(up());
    EXPECT_EQ(told, 1U);
    EXPECT_EQ(monitor->standing().failures, 0U);
    EXPECT_EQ(monitor->standing().last_error,
              "cannot test: connect to 192.0.2.1:80: Network is unreachable");
    EXPECT_EQ(log.lines(), (std::vector<std::string>{
                               "CHECK_CANNOT_TEST TCP_CHECK [192.0.2.1]:tcp:80 of "
                               "[198.51.100.1]:tcp:80 stays up, this host cannot test it: connect "
                               "to 192.0.2.1:80: Network is unreachable"}));
    log.clear();
    loop.advance(seconds(10));
    checks.answer(Outcome::success, "connected");
    EXPECT_EQ(log.lines().size(), 1U);
    EXPECT_EQ(log.lines().at(0).substr(0, 14), "CHECK_CAN_TEST");
    EXPECT_EQ(monitor->standing().last_error, "");
}

CheckSpec http_spec() {
    CheckSpec spec = tcp_spec();
    spec.keyword = "HTTP_GET";
    spec.kind = Kind::http;
    spec.rules.urls = 3;
    return spec;
}

TEST_F(MonitorTest, AsksOneUrlEachDelayLoop) {
    start(http_spec());
    loop.advance(seconds(4));
    for (int runs = 0; runs < 4; ++runs) {
        checks.answer(Outcome::success, "status 200");
        loop.advance(seconds(10));
    }
    EXPECT_EQ(checks.started(), (std::vector<std::uint32_t>{0, 1, 2, 0, 1}));
}

TEST_F(MonitorTest, KeepsTheReasonUntilAllUrlsPassedAgain) {
    start(http_spec());
    loop.advance(seconds(4));
    checks.answer(Outcome::success, "status 200");
    loop.advance(seconds(10));
    checks.answer(Outcome::failure, "/b: status 500");
    for (int passes = 0; passes < 3; ++passes) {
        loop.advance(seconds(10));
        checks.answer(Outcome::success, "status 200");
        EXPECT_FALSE(up());
        EXPECT_EQ(monitor->standing().last_error, "/b: status 500");
    }
    loop.advance(seconds(10));
    checks.answer(Outcome::success, "status 200");
    EXPECT_TRUE(up());
    EXPECT_EQ(checks.started(), (std::vector<std::uint32_t>{0, 1, 1, 0, 1, 2}));
}

TEST_F(MonitorTest, NeverRunsWhatIsNotCarriedOut) {
    CheckSpec spec = tcp_spec();
    spec.kind = Kind::not_carried_out;
    start(spec);
    loop.advance(seconds(1000));
    EXPECT_TRUE(checks.started().empty());
    EXPECT_TRUE(up());
}

TEST_F(MonitorTest, EndsItsRunWithItself) {
    start();
    loop.advance(seconds(4));
    monitor.reset();
    EXPECT_TRUE(checks.running().empty());
}

Saved down_since_long(std::uint64_t fingerprint) {
    return {.fingerprint = fingerprint,
            .standing = {.verdict = {.up = false, .judged = true},
                         .runs = 50,
                         .failures = 7,
                         .since_timestamp_seconds = 1234,
                         .next_run = core::Instant(seconds(1006)),
                         .last_error = "refused"}};
}

TEST_F(MonitorTest, TakesOverInItsPredecessorsRhythm) {
    const Saved before = down_since_long(42);
    monitor.emplace(surroundings, tcp_spec(), before);
    EXPECT_EQ(monitor->saved(), before);
    EXPECT_EQ(told, 0U);
    loop.advance(seconds(6) - milliseconds(1));
    EXPECT_TRUE(checks.running().empty());
    loop.advance(milliseconds(1));
    checks.answer(Outcome::failure, "refused");
    EXPECT_EQ(monitor->standing().runs, 51U);
    EXPECT_TRUE(log.lines().empty()) << "nothing changed";
}

TEST_F(MonitorTest, JudgesAChangedCheckAnewWhileTheOldVerdictHolds) {
    monitor.emplace(surroundings, tcp_spec(), down_since_long(41));
    EXPECT_EQ(monitor->standing().verdict, (VerdictState{.up = false}));
    EXPECT_EQ(monitor->standing().last_error, "refused");
    EXPECT_EQ(monitor->saved().fingerprint, 42U);
    loop.advance(seconds(4));
    EXPECT_EQ(checks.running().size(), 1U) << "a changed check begins within its warmup";
}

TEST_F(MonitorTest, BelievesNoPredecessorWhoseStandingDoesNotFit) {
    Saved impossible = down_since_long(42);
    impossible.standing.verdict = {.up = true, .judged = true, .failures = 99, .url = 5};
    monitor.emplace(surroundings, tcp_spec(), impossible);
    EXPECT_EQ(monitor->standing().verdict, VerdictState{});
}

}  // namespace
}  // namespace holdfast::checkerd
