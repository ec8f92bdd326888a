#include <gtest/gtest.h>

#include "proto/supervisor.pb.h"
#include "supervisor/lifecycle.hpp"
#include "supervisor/restart_policy.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using ipc::Peer;
using messages::v1::ToSupervisor;

core::Instant at(core::Interval since_boot) {
    return core::Instant(since_boot);
}

TEST(RestartPolicy, WaitsLongerAfterEachShortRun) {
    RestartPolicy policy;
    const core::Interval delays[] = {0us, 100ms, 500ms, 2s, 10s, 10s};
    core::Interval now = 100s;
    for (const core::Interval delay : delays) {
        EXPECT_EQ(policy.on_loss(at(now - 500ms), at(now)).delay, delay);
        now += 20s;
    }
}

TEST(RestartPolicy, StartsAtOnceWhatHadRunForASecond) {
    RestartPolicy policy;
    for (core::Interval now = 100s; now < 160s; now += 1s) {
        EXPECT_EQ(policy.on_loss(at(now - 1s), at(now)).delay, 0us);
    }
}

TEST(RestartPolicy, FiveLossesInAMinuteAreDegraded) {
    RestartPolicy policy;
    for (int loss = 1; loss <= 4; ++loss) {
        EXPECT_FALSE(policy.on_loss(at(100s), at(100s + loss * 15s)).degraded);
    }
    EXPECT_TRUE(policy.on_loss(at(160s), at(175s)).degraded);
    EXPECT_FALSE(policy.on_loss(at(175s), at(200s)).degraded);
}

TEST(RestartPolicy, AnOperatorsWishForgives) {
    RestartPolicy policy;
    for (int loss = 1; loss <= 5; ++loss) {
        EXPECT_GE(policy.on_loss(at(100s), at(100s + loss * 1ms)).delay, 0us);
    }
    policy.forgive();
    EXPECT_EQ(policy.on_loss(at(101s), at(101s)), (RestartPolicy::Decision{0us, false}));
}

TEST(Lifecycle, HasOneWay) {
    EXPECT_EQ(after_message(Stage::starting, ToSupervisor::kHello), Stage::greeted);
    EXPECT_EQ(after_message(Stage::greeted, ToSupervisor::kConfigAck), Stage::prepared);
    EXPECT_EQ(after_message(Stage::prepared, ToSupervisor::kReady), Stage::ready);
    EXPECT_EQ(after_message(Stage::greeted, ToSupervisor::kReady), std::nullopt);
    EXPECT_EQ(after_message(Stage::active, ToSupervisor::kHello), std::nullopt);
}

TEST(Lifecycle, EachRoleSaysOnlyItsOwnThingsAndOnlyWhenActive) {
    EXPECT_TRUE(may_say(Peer::vrrpd, Stage::active, ToSupervisor::kTrackPoll));
    EXPECT_FALSE(may_say(Peer::vrrpd, Stage::ready, ToSupervisor::kTrackPoll));
    EXPECT_FALSE(may_say(Peer::checkerd, Stage::active, ToSupervisor::kTrackPoll));
    EXPECT_FALSE(may_say(Peer::checkerd, Stage::active, ToSupervisor::kServerEvent));
    EXPECT_TRUE(may_say(Peer::ipvsd, Stage::active, ToSupervisor::kServerEvent));
    EXPECT_FALSE(may_say(Peer::ipvsd, Stage::active, ToSupervisor::kInstanceEvent));
    EXPECT_TRUE(may_say(Peer::ipvsd, Stage::active, ToSupervisor::kPeerViolation));
    EXPECT_FALSE(may_say(Peer::vrrpd, Stage::active, ToSupervisor::kPeerViolation));
}

TEST(Lifecycle, NoDaemonMaySayWhatOnlyTheParserSays) {
    for (const Peer role : {Peer::vrrpd, Peer::checkerd, Peer::ipvsd}) {
        for (const Stage stage : {Stage::starting, Stage::greeted, Stage::prepared, Stage::ready,
                                  Stage::active, Stage::stopping, Stage::ended}) {
            EXPECT_FALSE(may_say(role, stage, ToSupervisor::kNeedFolder));
            EXPECT_FALSE(may_say(role, stage, ToSupervisor::kParseDone));
            EXPECT_FALSE(may_say(role, stage, ToSupervisor::BODY_NOT_SET));
        }
    }
}

TEST(Lifecycle, AProcessThatEndsMayStillReportWhatItDoes) {
    EXPECT_TRUE(may_say(Peer::vrrpd, Stage::stopping, ToSupervisor::kInstanceEvent));
}

TEST(MessageBudget, LetsABurstOfEveryObjectThrough) {
    MessageBudget budget(2000);
    for (int message = 0; message < 40000; ++message) {
        ASSERT_TRUE(budget.spend(at(10s))) << message;
    }
}

TEST(MessageBudget, EndsAFloodAndFillsAgain) {
    MessageBudget budget(0);
    unsigned passed = 0;
    while (budget.spend(at(10s))) ++passed;
    EXPECT_EQ(passed, 1000U);
    EXPECT_TRUE(budget.spend(at(11s)));
}

TEST(Heartbeat, FiveSecondsWithoutProgressIsAHang) {
    Heartbeat heartbeat;
    heartbeat.begin(at(10s));
    for (int second = 11; second < 15; ++second) EXPECT_FALSE(heartbeat.hangs(at(second * 1s)));
    EXPECT_TRUE(heartbeat.hangs(at(15s)));
}

TEST(Heartbeat, AnAnswerWithoutGrowthIsNoProgress) {
    Heartbeat heartbeat;
    heartbeat.begin(at(10s));
    for (int second = 11; second < 15; ++second) {
        heartbeat.answered(7, at(second * 1s));
        EXPECT_FALSE(heartbeat.hangs(at(second * 1s)));
    }
    heartbeat.answered(7, at(15s));
    EXPECT_FALSE(heartbeat.hangs(at(15s)));  // the first 7 came at 11
    EXPECT_TRUE(heartbeat.hangs(at(16s)));
}

TEST(Heartbeat, OurOwnPauseProvesNothing) {
    Heartbeat heartbeat;
    heartbeat.begin(at(10s));
    EXPECT_FALSE(heartbeat.hangs(at(11s)));
    EXPECT_FALSE(heartbeat.hangs(at(100s)));
    EXPECT_FALSE(heartbeat.hangs(at(101s)));
}

}  // namespace
}  // namespace holdfast::supervisor
