#include <gtest/gtest.h>

#include "tests/unit/vrrpd/machine.hpp"
#include "vrrpd/start_up_hold.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

Transition after(const RouterParameters& parameters, const Router& router_now, const Event& event,
                 core::Instant now = kNow) {
    return step(alone(parameters), {{router_now}}, event, now);
}
const Backup& as_backup(const Transition& transition) {
    return std::get<Backup>(transition.state.members[0].state);
}

TEST(Timers, OfVersion3ScaleWithTheInterval) {
    RouterParameters p = router();
    EXPECT_EQ(skew_time(p, 100, 1s), 609375us);
    EXPECT_EQ(active_down_interval(p, 100, 500ms), 1804687us);  // keepalived: 1.8 s
    EXPECT_EQ(active_down_interval(p, 255, 1s), 3s + 3906us);
    EXPECT_EQ(active_down_interval(p, 1, 1s), 3s + 996093us);
    p.down_timer_adverts = 5;
    EXPECT_EQ(active_down_interval(p, 100, 1s), 5s + 609375us);
}

TEST(Timers, OfVersion2SkewByPartsOfOneSecond) {
    RouterParameters p = router();
    p.version = Version::v2;
    EXPECT_EQ(skew_time(p, 100, 2s), 609375us);
    EXPECT_EQ(active_down_interval(p, 100, 2s), 6609375us);  // keepalived: 6.6 s
}

TEST(Outranks, ByPriorityThenByAddress) {
    const auto low = address("192.0.2.1");
    const auto high = address("192.0.2.200");
    EXPECT_TRUE(outranks({101, low}, {100, high}));
    EXPECT_FALSE(outranks({100, high}, {101, low}));
    EXPECT_TRUE(outranks({100, high}, {100, low}));
    EXPECT_FALSE(outranks({100, low}, {100, high}));
    EXPECT_FALSE(outranks({100, low}, {100, low}));
    EXPECT_TRUE(outranks({100, address("fe80::2")}, {100, address("fe80::1")}));
}

TEST(BackupRouter, BecomesActiveWhenTheSilenceIsOver) {
    const auto done = after(router(), backup(kNow), TimerFired{0});
    EXPECT_EQ(in_words(done.actions), "send 100; timer +1000ms; backup->active");
    EXPECT_EQ(reason(done.actions), "no advertisement for 0.5 s");
}

TEST(BackupRouter, WaitsOnlySkewTimeAfterAPriorityZeroAdvertisement) {
    const auto done = after(router(), backup(), heard(0));
    EXPECT_EQ(in_words(done.actions), "timer +609.375ms");
    const auto active_now = after(router(), done.state.members[0], TimerFired{0}, kNow + 609375us);
    EXPECT_EQ(reason(active_now.actions), "192.0.2.2 gave up");
}

TEST(BackupRouter, IsNotHeldOffByRepeatedPriorityZero) {
    Router now = backup(kNow + 3s);
    for (int i = 0; i < 20; ++i) {
        const auto at = kNow + i * 100ms;
        now = step(alone(), {{now}}, heard(0), at).state.members[0];
    }
    EXPECT_EQ(std::get<Backup>(now.state).active_down_at, kNow + 609375us);
}

TEST(BackupRouter, LearnsTheIntervalInVersion3) {
    const auto done = after(router(), backup(), heard(150, "192.0.2.2", 2s));
    EXPECT_EQ(as_backup(done).active_adver_interval, 2s);
    EXPECT_EQ(as_backup(done).active_down_at, kNow + 6s + 1218750us);
}

TEST(BackupRouter, KeepsItsOwnIntervalInVersion2) {
    RouterParameters p = router();
    p.version = Version::v2;
    const auto done = after(p, backup(), heard(150, "192.0.2.2", 2s));
    EXPECT_EQ(as_backup(done).active_adver_interval, 1s);
}

TEST(BackupRouter, WithoutPreemptionAcceptsALowerPriority) {
    RouterParameters p = router();
    p.nopreempt = true;
    EXPECT_EQ(in_words(after(p, backup(), heard(50)).actions), "timer +3609.38ms");
}

TEST(BackupRouter, OwnsItsAddressesDespiteNopreempt) {
    RouterParameters p = router();
    p.nopreempt = true;
    Router owner = backup();
    owner.priority = 255;
    EXPECT_EQ(in_words(after(p, owner, heard(50)).actions), "notice lower");
}

TEST(BackupRouter, PreemptsOnlyAfterThePreemptDelay) {
    RouterParameters p = router();
    p.preempt_delay = 5s;
    Router now = backup();
    for (int second = 0; second < 5; ++second) {
        const auto done = after(p, now, heard(50), kNow + second * 1s);
        EXPECT_EQ(done.actions.size(), 1U);
        EXPECT_TRUE(std::holds_alternative<SetTimer>(done.actions[0].act)) << second;
        now = done.state.members[0];
    }
    const auto over = after(p, now, heard(50), kNow + 5s);
    EXPECT_EQ(in_words(over.actions), "notice lower");
}

TEST(BackupRouter, StartsThePreemptDelayAnewAfterAHigherPriority) {
    RouterParameters p = router();
    p.preempt_delay = 5s;
    Router now = after(p, backup(), heard(50)).state.members[0];
    now = after(p, now, heard(100), kNow + 1s).state.members[0];
    EXPECT_FALSE(std::get<Backup>(now.state).preempt_at);
    now = after(p, now, heard(50), kNow + 2s).state.members[0];
    EXPECT_EQ(std::get<Backup>(now.state).preempt_at, kNow + 7s);
}

TEST(BackupRouter, ShiftsItsRunningTimerWithThePriority) {
    const auto done = after(router(), backup(), Judged{0, 228, {}});
    EXPECT_EQ(in_words(done.actions), "timer +2500ms");  // half a skew time less
}

TEST(BackupRouter, ListensOnceMoreWhenItsTimerIsLateByMoreThanAnInterval) {
    const auto late = after(router(), backup(kNow - 1500ms), TimerFired{0});
    EXPECT_EQ(in_words(late.actions), "timer +1609.38ms");
    const auto again = after(router(), late.state.members[0], TimerFired{0}, kNow + 1609375us + 5s);
    EXPECT_EQ(name_of(again.state), StateName::active);
}

RouterParameters held(core::Interval hold) {
    RouterParameters p = router();
    p.start_up_hold = hold;
    return p;
}

TEST(BackupRouter, OnlyListensUntilTheStartUpHoldIsOver) {
    const RouterParameters p = held(10s);
    auto done = after(p, Router{}, Startup{});
    EXPECT_EQ(in_words(done.actions), "timer +13609.4ms; init->backup");
    // The Active Router fell silent long before the end: whoever is held goes by priority then.
    done = after(p, done.state.members[0], heard(200), kNow + 1s);
    EXPECT_EQ(in_words(done.actions), "timer +10609.4ms");
    EXPECT_EQ(done.state.members[0].active->priority, 200);
    done = after(p, done.state.members[0], heard(200), kNow + 9s);
    EXPECT_EQ(in_words(done.actions), "timer +12609.4ms");
    done = after(p, done.state.members[0], heard(0), kNow + 9500ms);
    EXPECT_EQ(in_words(done.actions), "timer +10109.4ms");
}

TEST(BackupRouter, IsNotMadeActiveByALowerPriorityBeforeTheHoldIsOver) {
    const RouterParameters p = held(10s);
    auto done = after(p, Router{}, Startup{});
    done = after(p, done.state.members[0], heard(50), kNow + 5s);
    EXPECT_EQ(in_words(done.actions), "notice lower");
    EXPECT_EQ(std::get<Backup>(done.state.members[0].state).active_down_at, kNow + 13609375us);
}

TEST(BackupRouter, ThatOwnsItsAddressesWaitsForTheHold) {
    RouterParameters p = held(10s);
    const Router owner{.priority = 255};
    auto done = after(p, owner, Startup{});
    EXPECT_EQ(in_words(done.actions), "timer +10000ms; init->backup");
    p.start_up_hold = 0s;
    p.delay_after_boot = 1020s;  // kNow is 1000 s after boot
    done = after(at_work(p, 5s), owner, Startup{});
    EXPECT_EQ(in_words(done.actions), "timer +15000ms; init->backup");
    p.delay_after_boot = 900s;
    done = after(at_work(p, 0s), owner, Startup{});
    EXPECT_EQ(in_words(done.actions), "timer +0ms; init->backup");
}

TEST(BackupRouter, BeginsItsHoldWhenItCanRunForTheFirstTime) {
    const RouterParameters p = held(10s);
    const Judged down{.causes = {{Cause::Kind::interface_down, "eth0"}}};
    auto done = after(p, Router{.causes = {{down.causes[0], kNow}}}, Startup{});
    EXPECT_EQ(name_of(done.state), StateName::fault);
    done = after(p, done.state.members[0], Judged{}, kNow + 30s);
    EXPECT_EQ(in_words(done.actions), "timer +43609.4ms; fault->backup");
    // The link comes and goes while the switch makes up its mind.
    done = after(p, done.state.members[0], down, kNow + 35s);
    done = after(p, done.state.members[0], Judged{}, kNow + 40s);
    EXPECT_EQ(in_words(done.actions), "timer +53609.4ms; fault->backup");
    // Later failures are no start.
    done = after(p, done.state.members[0], down, kNow + 52s);
    done = after(p, done.state.members[0], Judged{}, kNow + 60s);
    EXPECT_EQ(in_words(done.actions), "timer +63609.4ms; fault->backup");
}

struct HoldChange {
    core::Interval before;
    core::Interval after;
    core::Interval down_at;  // after kNow, at kNow + 2 s
};

TEST(BackupRouter, ListensAnewWhenAReloadChangesItsHold) {
    const HoldChange table[] = {
        {10s, 10s, 13609375us}, {10s, 0s, 5609375us}, {10s, 5s, 8609375us}, {10s, 20s, 23609375us}};
    for (const HoldChange& each : table) {
        Router router = after(held(each.before), Router{}, Startup{}).state.members[0];
        change_hold(held(each.before), held(each.after), router, kNow + 2s);
        EXPECT_EQ(std::get<Backup>(router.state).active_down_at, kNow + each.down_at);
    }
    Router over = after(held(10s), Router{}, Startup{}).state.members[0];
    const Router same = over;
    change_hold(held(10s), held(0s), over, kNow + 10s);
    EXPECT_EQ(over, same);
}

TEST(ActiveRouter, KeepsItsDeadlinesWhenATimerIsLate) {
    const auto done = after(router(), active(kNow - 300ms), TimerFired{0});
    EXPECT_EQ(in_words(done.actions), "send 100; timer +700ms");
}

TEST(ActiveRouter, DoesNotCatchUpOnMissedAdvertisements) {
    const auto done = after(router(), active(kNow - 2500ms), TimerFired{0});
    EXPECT_EQ(in_words(done.actions), "send 100; timer +1000ms");
}

TEST(ActiveRouter, AnnouncesAgainAfterABackupCouldHaveTakenOver) {
    const auto done = after(router(), active(kNow - 3s), TimerFired{0});
    EXPECT_EQ(in_words(done.actions), "send 100; timer +1000ms; announce reasserted");
}

TEST(ActiveRouter, WithoutPreemptionStepsBackAfterABackupCouldHaveTakenOver) {
    RouterParameters p = router();
    p.nopreempt = true;
    const auto done = after(p, active(kNow - 3s), TimerFired{0});
    EXPECT_EQ(in_words(done.actions), "timer +3609.38ms; active->backup");
    EXPECT_EQ(reason(done.actions), "was stopped for 3 s and does not preempt");
}

TEST(ActiveRouter, WithoutPreemptionLeavesTheRoleToTheOneItHearsAfterItWasStopped) {
    RouterParameters p = router();
    p.nopreempt = true;
    const auto done = after(p, active(kNow - 3s), heard(50));
    EXPECT_EQ(in_words(done.actions),
              "dual since -195.313ms; timer +3609.38ms; dual over: gave way; active->backup");
    EXPECT_EQ(reason(done.actions), "was stopped for 3 s and does not preempt");
    // Who was not silent for so long defends its role.
    EXPECT_EQ(in_words(after(p, active(kNow + 1ms), heard(50)).actions),
              "send 100; dual since +0ms; announce");
}

TEST(ActiveRouter, AnswersALowerPriorityAtOnceUnlessToldNotTo) {
    RouterParameters p = router();
    EXPECT_EQ(in_words(after(p, active(), heard(50)).actions),
              "send 100; dual since +0ms; announce");
    p.lower_priority_no_advert = true;
    EXPECT_EQ(in_words(after(p, active(), heard(50)).actions), "dual since +0ms; announce");
}

TEST(ActiveRouter, NeverMovesItsTimerForALowerPriority) {
    Router now = active(kNow + 500ms);
    for (int i = 0; i < 400; ++i) {
        const auto done = after(router(), now, heard(50), kNow + i * 1ms);
        for (const Action& each : done.actions)
            EXPECT_FALSE(std::holds_alternative<SetTimer>(each.act));
        now = done.state.members[0];
    }
    EXPECT_EQ(std::get<Active>(now.state).adver_at, kNow + 500ms);
}

TEST(ActiveRouter, AnswersAFloodWithAHundredAdvertisementsASecondAtMost) {
    Router now = active(kNow + 500ms);
    int sent = 0;
    for (int i = 0; i < 4000; ++i) {
        const auto done = after(router(), now, heard(50), kNow + i * 100us);
        for (const Action& each : done.actions)
            sent += std::holds_alternative<SendAdvertisement>(each.act) ? 1 : 0;
        now = done.state.members[0];
    }
    EXPECT_EQ(sent, 40);
}

TEST(ActiveRouter, MaySayItsLastWordToAHigherPriority) {
    RouterParameters p = router();
    p.higher_priority_send_advert = true;
    const auto done = after(p, active(), heard(200));
    EXPECT_EQ(in_words(done.actions), "send 100; timer +3609.38ms; active->backup");
    EXPECT_EQ(reason(done.actions), "192.0.2.2 advertises priority 200");
}

TEST(ActiveRouter, AdoptsTheIntervalOfTheOneItYieldsTo) {
    const auto done = after(router(), active(), heard(200, "192.0.2.2", 2s));
    EXPECT_EQ(as_backup(done).active_adver_interval, 2s);
}

TEST(ActiveRouter, SaysItsNewPriorityWithTheNextAdvertisement) {
    auto done = after(router(), active(), Judged{0, 80, {}});
    EXPECT_EQ(in_words(done.actions), "");
    done = after(router(), done.state.members[0], TimerFired{0}, kNow + 500ms);
    EXPECT_EQ(in_words(done.actions), "send 80; timer +1500ms");
}

Router owner(Router from) {
    from.priority = 255;
    return from;
}

TEST(Owner, BecomesActiveAtOnce) {
    auto done = after(router(), owner(Router{}), Startup{});
    EXPECT_EQ(in_words(done.actions), "timer +0ms; init->backup");
    done = after(router(), done.state.members[0], TimerFired{0});
    EXPECT_EQ(in_words(done.actions), "send 255; timer +1000ms; backup->active");
    EXPECT_EQ(reason(done.actions), "owner of the addresses");
}

TEST(Owner, BacksOffFromASecondOneWithAHigherAddress) {
    const auto done = after(router(), owner(active()), heard(255));
    EXPECT_EQ(in_words(done.actions), "timer +3003.91ms; active->backup");
}

TEST(Owner, GivesWayToAStubbornSecondOwnerAndReturns) {
    Router now = owner(active());
    // Two more advertisements and 1.2 intervals: 3.2 s.
    for (int i = 0; i <= 3; ++i) {
        const auto done = after(router(), now, heard(255, "192.0.2.0"), kNow + i * 1s);
        EXPECT_EQ(name_of(done.state), StateName::active) << i;
        now = done.state.members[0];
    }
    auto done = after(router(), now, heard(255, "192.0.2.0"), kNow + 4s);
    EXPECT_EQ(name_of(done.state), StateName::backup);
    EXPECT_EQ(done.state.members[0].rank(), 254);
    done = after(router(), done.state.members[0], heard(255, "192.0.2.0"), kNow + 5s);
    EXPECT_EQ(name_of(done.state), StateName::backup);
    // The other one lowers its priority: we own the addresses again.
    done = after(router(), done.state.members[0], heard(254, "192.0.2.0"), kNow + 6s);
    done = after(router(), done.state.members[0], TimerFired{0}, kNow + 6s);
    EXPECT_EQ(in_words(done.actions), "send 255; timer +7000ms; backup->active");
}

TEST(ActiveRouter, AnswersAFloodOfPriorityZeroOnceAMillisecond) {
    Router now = active();
    int sent = 0;
    core::Instant due{};
    for (auto at = kNow; at < kNow + 10ms; at += 10us) {
        const bool fires = due != core::Instant{} && at >= due;
        const auto done = after(router(), now, fires ? Event{TimerFired{0}} : Event{heard(0)}, at);
        for (const Action& each : done.actions) {
            sent += std::holds_alternative<SendAdvertisement>(each.act) ? 1 : 0;
            if (const auto* set = std::get_if<SetTimer>(&each.act)) due = set->at;
        }
        now = done.state.members[0];
        ASSERT_LE(due, at + 1s) << "never later than its own interval";
    }
    EXPECT_EQ(sent, 10);
}

/// As it is after another owner did not back off.
Router yielded_owner() {
    Router made = owner(backup());
    made.yielded_ownership = true;
    made.active = Heard{address("192.0.2.0"), 255, kNow - 500ms};
    return made;
}

TEST(Owner, ThatYieldedAndIsNoOwnerAnyMoreWaitsLikeEverybody) {
    const auto lowered = after(router(), yielded_owner(), Judged{0, 100, {}});
    const Router& now = lowered.state.members[0];
    EXPECT_FALSE(now.yielded_ownership);
    EXPECT_EQ(in_words(after(router(), now, heard(200, "192.0.2.0")).actions), "timer +3609.38ms");
}

TEST(Owner, ThatYieldedReturnsForTheOtherOwnerOnly) {
    const auto done = after(router(), yielded_owner(), heard(100, "192.0.2.7"));
    EXPECT_EQ(in_words(done.actions), "notice lower");
    EXPECT_EQ(done.state.members[0].rank(), 254);
}

TEST(Owner, MayIgnoreWhatOthersAdvertise) {
    RouterParameters p = router();
    p.owner_ignores_adverts = true;
    EXPECT_EQ(in_words(after(p, owner(active()), heard(255)).actions), "");
    EXPECT_EQ(in_words(after(p, owner(active()), heard(0)).actions), "");
    EXPECT_EQ(in_words(after(p, active(), heard(255)).actions), "timer +3609.38ms; active->backup");
}

TEST(Owner, ForgetsARivalThatFellSilent) {
    Router now = owner(active(kNow));
    now = after(router(), now, heard(255, "192.0.2.0")).state.members[0];
    EXPECT_TRUE(std::get<Active>(now.state).rival->give_way_at);
    for (int i = 0; i <= 4; ++i)
        now = after(router(), now, TimerFired{0}, kNow + i * 1s).state.members[0];
    EXPECT_FALSE(std::get<Active>(now.state).rival);
}

TEST(FaultyRouter, KeepsTheTimeAtWhichEachCauseBegan) {
    const Cause link{Cause::Kind::interface_down, "eth0"};
    const Cause script{Cause::Kind::script, "chk"};
    auto done = after(router(), backup(), Judged{0, 100, {link}});
    done = after(router(), done.state.members[0], Judged{0, 100, {link, script}}, kNow + 1s);
    EXPECT_EQ(done.state.members[0].causes,
              (std::vector<StandingCause>{{link, kNow}, {script, kNow + 1s}}));
    done = after(router(), done.state.members[0], Judged{0, 100, {script}}, kNow + 2s);
    EXPECT_EQ(done.state.members[0].causes, (std::vector<StandingCause>{{script, kNow + 1s}}));
    EXPECT_EQ(name_of(done.state), StateName::fault);
    done = after(router(), done.state.members[0], Judged{0, 100, {}}, kNow + 3s);
    EXPECT_EQ(name_of(done.state), StateName::backup);
    EXPECT_EQ(reason(done.actions), "over: script chk failed");
}

TEST(WaitingRouter, BecomesFaultyWhenItsFirstScriptFails) {
    Router waiting;
    waiting = after(router(), waiting, Judged{0, 100, {{Cause::Kind::script_not_run, "chk"}}})
                  .state.members[0];
    auto done = after(router(), waiting, Startup{});
    EXPECT_EQ(in_words(done.actions), "");
    done = after(router(), done.state.members[0], Judged{0, 100, {{Cause::Kind::script, "chk"}}});
    EXPECT_EQ(in_words(done.actions), "cancel; init->fault");
    EXPECT_EQ(reason(done.actions), "script chk failed");
}

TEST(SleptRouter, ListensWithItsWholeTimer) {
    Router now = backup(kNow + 1ms);
    const auto done = after(router(), now, Slept{60s});
    EXPECT_EQ(in_words(done.actions), "timer +3609.38ms");
}

TEST(SleptRouter, WithoutPreemptionGivesUpTheActiveRole) {
    RouterParameters p = router();
    p.nopreempt = true;
    auto done = after(p, active(), Slept{60s});
    EXPECT_EQ(in_words(done.actions), "timer -59500ms");
    done = after(p, done.state.members[0], TimerFired{0});
    EXPECT_EQ(in_words(done.actions), "timer +3609.38ms; active->backup");
    // Also when the packet of the one that took over comes first.
    done = after(p, after(p, active(), Slept{60s}).state.members[0], heard(50));
    EXPECT_EQ(name_of(done.state), StateName::backup);
}

TEST(SleptRouter, SaysNothingBeforeItsTimerLooksAtWhatCameMeanwhile) {
    const Router woken = after(router(), active(), Slept{60s}).state.members[0];
    EXPECT_EQ(in_words(after(router(), woken, heard(50)).actions),
              "dual since -56695.3ms; announce");
    EXPECT_EQ(in_words(after(router(), woken, heard(0)).actions), "");
    EXPECT_EQ(in_words(after(router(), woken, TimerFired{0}).actions),
              "send 100; timer +1000ms; announce reasserted");
}

Transition after_pause(const RouterParameters& p, core::Interval silent) {
    Router stopped = active(kNow - silent + 1s);
    return after(p, stopped, TimerFired{0});
}

TEST(StoppedRouter, GivesWayOnlyWhenItsBackupsMayHaveTakenOver) {
    RouterParameters p = router();
    p.nopreempt = true;
    EXPECT_EQ(name_of(after_pause(p, 3609ms).state), StateName::active);
    EXPECT_EQ(name_of(after_pause(p, 3610ms).state), StateName::backup);
    // timer_expired_backup: a router of priority 254 takes over earlier than one of ours.
    p.late_backup_priority = 254;
    EXPECT_EQ(name_of(after_pause(p, 3007ms).state), StateName::active);
    EXPECT_EQ(name_of(after_pause(p, 3008ms).state), StateName::backup);
    // With preemption the role is taken back.
    p.nopreempt = false;
    EXPECT_EQ(name_of(after_pause(p, 60s).state), StateName::active);
}

}  // namespace
}  // namespace holdfast::vrrp
