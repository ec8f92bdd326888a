#include "checkerd/schedule.hpp"

#include <gtest/gtest.h>

namespace holdfast::checkerd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const core::Instant kNow{seconds(1000)};

core::Interval half(core::Interval up_to) {
    return up_to / 2;
}

TEST(Schedule, BeginsAtARandomTimeWithinTheWarmup) {
    EXPECT_EQ(first_run(kNow, seconds(6), half), kNow + seconds(3));
    EXPECT_EQ(first_run(kNow, seconds(0), half), kNow);
}

TEST(Schedule, TheRandomTimeCoversTheWholeWarmup) {
    const RandomInterval random = make_random_interval();
    bool early = false;
    bool late = false;
    for (int draw = 0; draw < 1000; ++draw) {
        const core::Interval drawn = random(seconds(10));
        ASSERT_GE(drawn, seconds(0));
        ASSERT_LE(drawn, seconds(10));
        early = early || drawn < seconds(2);
        late = late || drawn > seconds(8);
    }
    EXPECT_TRUE(early && late);
}

TEST(Schedule, RegularRunsKeepTheRhythmOfTheirStarts) {
    const Pause pause{seconds(10), Pause::From::start};
    EXPECT_EQ(next_run(kNow, kNow + seconds(4), pause), kNow + seconds(10));
}

TEST(Schedule, ARetryLeavesTheServerAloneForTheWholePause) {
    const Pause pause{seconds(3), Pause::From::end};
    EXPECT_EQ(next_run(kNow, kNow + seconds(4), pause), kNow + seconds(7));
}

TEST(Schedule, ARunLongerThanThePauseIsFollowedByOneRunOnly) {
    const Pause pause{seconds(1), Pause::From::start};
    const core::Instant finished = kNow + seconds(5);
    EXPECT_EQ(next_run(kNow, finished, pause), finished);
    EXPECT_EQ(next_run(finished, finished, pause), finished + seconds(1));
}

TEST(Schedule, NoConfigurationMakesABusyLoop) {
    EXPECT_EQ(next_run(kNow, kNow, {core::Interval(1), Pause::From::start}), kNow + kShortestPause);
}

TEST(Schedule, FastRecoveryDoesNotWait) {
    EXPECT_EQ(next_run(kNow, kNow + milliseconds(2), Pause{}), kNow + milliseconds(2));
}

TEST(Schedule, ASuccessorGoesOnInItsPredecessorsRhythm) {
    EXPECT_EQ(resumed_run(kNow, kNow + seconds(4), seconds(10), half), kNow + seconds(4));
}

TEST(Schedule, WhatFellDueDuringARestartIsSpreadOverASecond) {
    EXPECT_EQ(resumed_run(kNow, kNow - seconds(2), seconds(10), half), kNow + milliseconds(500));
    EXPECT_EQ(resumed_run(kNow, kNow - seconds(2), milliseconds(100), half),
              kNow + milliseconds(50));
}

TEST(Schedule, ATimeOutsideTheRhythmIsNotBelieved) {
    EXPECT_EQ(resumed_run(kNow, kNow + seconds(1000), seconds(10), half), kNow + milliseconds(500));
}

}  // namespace
}  // namespace holdfast::checkerd
