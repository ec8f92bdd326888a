#include <gtest/gtest.h>

#include <random>

#include "tests/unit/vrrpd/machine.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

const Cause kLink{Cause::Kind::interface_down, "eth1"};

Parameters pair() {
    return {{router("VI_1"), router("VI_2")}};
}

AdvertisementReceived to(std::size_t member, AdvertisementReceived event) {
    event.member = member;
    return event;
}

TEST(SyncGroup, BecomesActiveWhenTheLastMemberIsReady) {
    auto done = step(pair(), {{backup(kNow), backup(kNow + 10ms)}}, TimerFired{0}, kNow);
    EXPECT_EQ(in_words(done.actions), "timer +3609.38ms");
    EXPECT_FALSE(done.group);
    done = step(pair(), done.state, TimerFired{1}, kNow + 10ms);
    EXPECT_EQ(in_words(done.actions),
              "send 100; 1:send 100; timer +1010ms; backup->active; 1:timer +1010ms; "
              "1:backup->active");
    EXPECT_EQ(reason(done.actions), "with VI_2: no advertisement for 0.51 s");
    EXPECT_EQ(done.group, (GroupChanged{StateName::backup, StateName::active}));
}

TEST(SyncGroup, DoesNotCountAMemberThatHeardAnActiveRouterSince) {
    auto done = step(pair(), {{backup(kNow), backup()}}, TimerFired{0}, kNow);
    done = step(pair(), done.state, heard(200), kNow + 1s);
    done = step(pair(), done.state, TimerFired{1}, kNow + 3s);
    EXPECT_EQ(name_of(done.state), StateName::backup);
}

TEST(SyncGroup, GoesToBackupWithTheFirstMemberWithoutPriorityZero) {
    const auto done = step(pair(), {{active(), active()}}, to(1, heard(200)), kNow);
    EXPECT_EQ(in_words(done.actions),
              "timer +3609.38ms; active->backup; 1:timer +3609.38ms; 1:active->backup");
    EXPECT_EQ(done.group, (GroupChanged{StateName::active, StateName::backup}));
}

TEST(SyncGroup, GoesToFaultWithTheFirstMemberAndSaysPriorityZero) {
    const auto done = step(pair(), {{active(), active()}}, Judged{1, 100, {kLink}}, kNow);
    EXPECT_EQ(in_words(done.actions),
              "send 0; 1:send 0; cancel; active->fault; 1:cancel; 1:active->fault");
    EXPECT_EQ(reason(done.actions), "with VI_2: interface eth1 is down");
}

TEST(SyncGroup, LeavesFaultWithItsLastFaultyMember) {
    auto done = step(pair(), {{active(), active()}}, Judged{0, 100, {kLink}}, kNow);
    done = step(pair(), done.state, Judged{1, 100, {kLink}}, kNow);
    done = step(pair(), done.state, Judged{0, 100, {}}, kNow);
    EXPECT_EQ(in_words(done.actions), "");
    done = step(pair(), done.state, Judged{1, 100, {}}, kNow);
    EXPECT_EQ(in_words(done.actions),
              "timer +3609.38ms; fault->backup; 1:timer +3609.38ms; 1:fault->backup");
    EXPECT_EQ(done.group, (GroupChanged{StateName::fault, StateName::backup}));
}

TEST(SyncGroup, WaitsAsAWholeForTheScriptsOfOneMember) {
    State state{{Router{}, Router{}}};
    state = step(pair(), state, Judged{1, 100, {{Cause::Kind::script_not_run, "chk"}}}, kNow).state;
    auto done = step(pair(), state, Startup{}, kNow);
    EXPECT_EQ(in_words(done.actions), "");
    done = step(pair(), done.state, Judged{1, 100, {}}, kNow);
    EXPECT_EQ(name_of(done.state), StateName::backup);
}

TEST(SyncGroup, AnnouncesForAllMembersWhenOneHearsALowerPriority) {
    const auto done = step(pair(), {{active(), active()}}, heard(50), kNow);
    EXPECT_EQ(in_words(done.actions), "send 100; dual since +0ms; announce; 1:announce with group");
}

TEST(SyncGroup, StartsAsActiveOnlyWhenAllMembersAreOwners) {
    Router owner{.priority = 255};
    auto done = step(pair(), {{owner, owner}}, Startup{}, kNow);
    done = step(pair(), done.state, TimerFired{0}, kNow);
    done = step(pair(), done.state, TimerFired{1}, kNow);
    EXPECT_EQ(name_of(done.state), StateName::active);

    done = step(pair(), {{owner, Router{}}}, Startup{}, kNow);
    done = step(pair(), done.state, TimerFired{0}, kNow);
    EXPECT_EQ(name_of(done.state), StateName::backup);
}

TEST(SyncGroup, AMemberAddedByReloadJoinsWithoutMovingTheOthers) {
    auto done = step(pair(), {{active(), Router{}}}, Resumed{}, kNow);
    EXPECT_EQ(in_words(done.actions), "timer +500ms; 1:timer +3609.38ms; 1:init->backup");
    EXPECT_EQ(name_of(done.state), StateName::active);
    EXPECT_FALSE(done.group) << "it was active before, nobody is called";
    done = step(pair(), done.state, TimerFired{1}, kNow + 3609375us);
    EXPECT_EQ(in_words(done.actions), "1:send 100; 1:timer +4609.38ms; 1:backup->active");
}

TEST(SyncGroup, TellsWhichMembersChange) {
    const std::size_t second = 1;
    auto done = step(pair(), {{backup(), backup()}}, to(second, heard(200)), kNow);
    EXPECT_EQ(done.changed, (std::vector<std::size_t>{1}));
    done = step(pair(), done.state, to(second, heard(50)), kNow);
    EXPECT_EQ(done.changed, (std::vector<std::size_t>{})) << "ignored";
    done = step(pair(), done.state, Judged{0, 100, {kLink}}, kNow);
    EXPECT_EQ(done.changed, (std::vector<std::size_t>{0, 1}));
}

TEST(SyncGroup, AMemberThatStillWaitsIsNoEventOfTheGroup) {
    Router waits;
    waits.causes = {{{Cause::Kind::virtual_interface_missing, "vrrp.52"}, kNow}};
    auto done = step(pair(), {{active(), waits}}, Resumed{}, kNow);
    EXPECT_EQ(in_words(done.actions), "timer +500ms");
    EXPECT_FALSE(done.group) << "people would be told that the group stopped";
    done = step(pair(), done.state, Judged{1, 100, {}}, kNow + 100ms);
    EXPECT_EQ(in_words(done.actions), "1:timer +3709.38ms; 1:init->backup");
    EXPECT_FALSE(done.group);
}

TEST(SyncGroup, AMemberAddedByReloadTakesTheGroupAlongWhenItsSegmentHasAnActiveRouter) {
    auto done = step(pair(), {{active(), Router{}}}, Resumed{}, kNow);
    done = step(pair(), done.state, to(1, heard(150)), kNow + 1s);
    EXPECT_EQ(name_of(done.state), StateName::backup);
}

/// Random events never break what holds for every state of a group.
TEST(Group, KeepsItsRulesUnderAnyEvents) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        const std::size_t members = 1 + random() % 3;
        Parameters parameters;
        State state;
        for (std::size_t i = 0; i < members; ++i) {
            RouterParameters p = router();
            p.version = random() % 2 == 0 ? Version::v2 : Version::v3;
            p.nopreempt = random() % 4 == 0;
            p.preempt_delay = random() % 4 == 0 ? 2s : 0s;
            parameters.members.push_back(p);
            state.members.emplace_back();
        }
        core::Instant now = kNow;
        state = step(parameters, state, Startup{}, now).state;
        for (int turn = 0; turn < 300; ++turn) {
            now += std::chrono::milliseconds(random() % 1500);
            const std::size_t member = random() % members;
            Event event = TimerFired{member};
            if (random() % 3 == 0)
                event = to(member, heard(static_cast<std::uint8_t>(random() % 256)));
            if (random() % 9 == 0)
                event = Judged{member, static_cast<std::uint8_t>(1 + random() % 254),
                               random() % 2 == 0 ? std::vector<Cause>{} : std::vector{kLink}};
            if (random() % 40 == 0) event = Slept{5s};
            const State before = state;
            auto done = step(parameters, state, event, now);
            ASSERT_EQ(done.state, step(parameters, before, event, now).state) << "not pure";
            state = done.state;
            bool faulty = false;
            for (const Router& each : state.members) faulty = faulty || !each.causes.empty();
            for (const Router& each : state.members) {
                ASSERT_EQ(name_of(each.state), name_of(state)) << "members differ, seed " << seed;
                ASSERT_EQ(faulty, name_of(each.state) == StateName::fault) << "seed " << seed;
                if (const auto* waiting = std::get_if<Backup>(&each.state)) {
                    ASSERT_LE(waiting->active_down_at - now, 4s);
                }
                if (const auto* sending = std::get_if<Active>(&each.state)) {
                    ASSERT_LE(sending->adver_at - now, 1s);
                }
            }
        }
    }
}

}  // namespace
}  // namespace holdfast::vrrp
