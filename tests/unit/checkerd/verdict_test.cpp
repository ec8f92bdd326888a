#include "checkerd/verdict.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast::checkerd {
namespace {

using std::chrono::seconds;

constexpr Rules kTcp{.retry = 2, .delay_loop = seconds(10), .delay_before_retry = seconds(3)};
constexpr Rules kTwoUrls{
    .retry = 1, .delay_loop = seconds(10), .delay_before_retry = seconds(20), .urls = 2};

constexpr VerdictState kJudgedUp{.up = true, .judged = true};
constexpr VerdictState kJudgedDown{.up = false, .judged = true};
constexpr Pause kLoop{seconds(10), Pause::From::start};
constexpr Pause kRetry{seconds(3), Pause::From::end};

struct Case {
    std::string name;
    Rules rules;
    VerdictState before;
    Outcome outcome;
    VerdictState after;
    Pause pause;
};

class Verdict : public testing::TestWithParam<Case> {};

TEST_P(Verdict, Follows) {
    const Case& given = GetParam();
    EXPECT_EQ(judge(given.rules, given.before, given.outcome),
              (Judgement{given.after, given.pause}));
}

using enum Outcome;

INSTANTIATE_TEST_SUITE_P(
    OneProbe, Verdict,
    testing::Values(
        Case{"FirstFailureTakesItDownAtOnce", kTcp, {}, failure, kJudgedDown, kLoop},
        Case{"FirstSuccessJudgesIt", kTcp, {}, success, kJudgedUp, kLoop},
        Case{"LaterFailureIsRetried",
             kTcp,
             kJudgedUp,
             failure,
             {.up = true, .judged = true, .failures = 1},
             kRetry},
        Case{"SecondFailureIsRetriedToo",
             kTcp,
             {.up = true, .judged = true, .failures = 1},
             failure,
             {.up = true, .judged = true, .failures = 2},
             kRetry},
        Case{"FailureAfterAllRetriesTakesItDown",
             kTcp,
             {.up = true, .judged = true, .failures = 2},
             failure,
             kJudgedDown,
             kLoop},
        Case{"SuccessForgetsFailures",
             kTcp,
             {.up = true, .judged = true, .failures = 2},
             success,
             kJudgedUp,
             kLoop},
        Case{"OneSuccessBringsItUp", kTcp, kJudgedDown, success, kJudgedUp, kLoop},
        Case{"StaysDownEveryDelayLoop", kTcp, kJudgedDown, failure, kJudgedDown, kLoop},
        Case{"LocalFailureChangesNothingWhileUp", kTcp, kJudgedUp, cannot_test, kJudgedUp, kLoop},
        Case{"LocalFailureChangesNothingWhileDown", kTcp, kJudgedDown, cannot_test, kJudgedDown,
             kLoop},
        Case{"LocalFailureIsNoFirstResult", kTcp, {}, cannot_test, {}, kLoop},
        Case{"LocalFailureKeepsTheRetryPending",
             kTcp,
             {.up = true, .judged = true, .failures = 1},
             cannot_test,
             {.up = true, .judged = true, .failures = 1},
             kRetry},
        Case{"WithoutRetryOneFailureIsEnough",
             {.retry = 0, .delay_loop = seconds(10)},
             kJudgedUp,
             failure,
             kJudgedDown,
             kLoop},
        Case{"AlphaFailsWithoutAChange", kTcp, {.up = false}, failure, kJudgedDown, kLoop},
        Case{"AlphaComesUpWithOneSuccess", kTcp, {.up = false}, success, kJudgedUp, kLoop}),
    [](const auto& given) { return given.param.name; });

constexpr VerdictState kFailedUrl1{.up = false, .judged = true, .url = 1, .url_failed = true};
constexpr Pause kLonger{seconds(20), Pause::From::start};
constexpr Rules kFast{.retry = 1,
                      .delay_loop = seconds(10),
                      .delay_before_retry = seconds(20),
                      .urls = 2,
                      .fast_recovery = true};

INSTANTIATE_TEST_SUITE_P(
    Urls, Verdict,
    testing::Values(
        Case{"OneUrlEachDelayLoop", kTwoUrls, {}, success, {.url = 1}, kLoop},
        Case{"SuccessAfterTheLastUrl", kTwoUrls, {.url = 1}, success, kJudgedUp, kLoop},
        Case{"FailureInTheFirstRoundTakesItDownAtOnce",
             kTwoUrls,
             {.url = 1},
             failure,
             kFailedUrl1,
             kLonger},
        Case{"FailingUrlIsRetried",
             kTwoUrls,
             {.up = true, .judged = true, .url = 1},
             failure,
             {.up = true, .judged = true, .failures = 1, .url = 1},
             {seconds(20), Pause::From::end}},
        Case{"RetriedUrlThatWorksGoesOnWithTheNext",
             kTwoUrls,
             {.up = true, .judged = true, .failures = 1},
             success,
             {.up = true, .judged = true, .url = 1},
             kLoop},
        Case{"OnlyTheFailedUrlIsAskedWhileDown", kTwoUrls, kFailedUrl1, failure, kFailedUrl1,
             kLonger},
        Case{"LocalFailureWhileDownKeepsThatRhythm", kTwoUrls, kFailedUrl1, cannot_test,
             kFailedUrl1, kLonger},
        Case{"WhenItWorksAllMustPassAgain", kTwoUrls, kFailedUrl1, success, kJudgedDown, kLoop},
        Case{"StillDownHalfwayThroughTheRound",
             kTwoUrls,
             kJudgedDown,
             success,
             {.up = false, .judged = true, .url = 1},
             kLoop},
        Case{"UpWhenAllPassedAgain",
             kTwoUrls,
             {.up = false, .judged = true, .url = 1},
             success,
             kJudgedUp,
             kLoop},
        Case{"AnotherUrlMayFailInThatRound",
             kTwoUrls,
             {.up = false, .judged = true, .url = 1},
             failure,
             kFailedUrl1,
             kLonger},
        Case{"FastRecoveryGoesThroughTheFirstRound", kFast, {}, success, {.url = 1}, {}},
        Case{"FastRecoveryFollowsTheFailedUrlAtOnce", kFast, kFailedUrl1, success, kJudgedDown, {}},
        Case{"FastRecoveryDoesNotHurryWhileUp",
             kFast,
             kJudgedUp,
             success,
             {.up = true, .judged = true, .url = 1},
             kLoop},
        Case{"FastRecoveryDoesNotHurryAFailingUrl", kFast, kFailedUrl1, failure, kFailedUrl1,
             kLonger}),
    [](const auto& given) { return given.param.name; });

TEST(VerdictStart, IsUpUnlessAlpha) {
    EXPECT_TRUE(start_state({.alpha = false}).up);
    EXPECT_FALSE(start_state({.alpha = true}).up);
}

TEST(VerdictStart, OfAChangedCheckKeepsTheOldVerdictUntilANewResult) {
    const VerdictState down = judged_anew(kFailedUrl1);
    EXPECT_EQ(down, (VerdictState{.up = false}));
    EXPECT_TRUE(judge(kTcp, down, success).state.up);
    EXPECT_FALSE(judge(kTcp, judged_anew(kJudgedUp), failure).state.up);
}

// Every sequence of five outcomes, for rules with and without URLs: what may never happen.
TEST(VerdictInvariants, HoldOverAllShortHistories) {
    for (const Rules& rules : {kTcp, kTwoUrls, kFast}) {
        for (int history = 0; history < 3 * 3 * 3 * 3 * 3; ++history) {
            VerdictState state = start_state(rules);
            for (int digits = history, step = 0; step < 5; ++step, digits /= 3) {
                const auto outcome = static_cast<Outcome>(digits % 3);
                const VerdictState next = judge(rules, state, outcome).state;
                EXPECT_LE(next.failures, rules.retry);
                EXPECT_LT(next.url, std::max(rules.urls, 1U));
                EXPECT_FALSE(outcome == success && state.up && !next.up);
                EXPECT_FALSE(outcome == failure && !state.up && next.up);
                EXPECT_FALSE(outcome == cannot_test && next != state);
                EXPECT_FALSE(next.url_failed && next.up);
                state = next;
            }
        }
    }
}

}  // namespace
}  // namespace holdfast::checkerd
