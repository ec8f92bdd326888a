#include "vrrpd/tracking.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace holdfast::vrrp {
namespace {

Tracker script(int weight, Condition condition, bool reverse = false) {
    return {.kind = Tracker::Kind::script,
            .name = "chk",
            .weight = weight,
            .reverse = reverse,
            .condition = condition};
}

struct Vote {
    Tracker tracker;
    int priority;  // of a base of 100
};

TEST(Tracking, AddsEachVoteToTheBase) {
    const Vote table[] = {
        {script(5, Condition::up), 105},        {script(5, Condition::down), 100},
        {script(5, Condition::unknown), 100},   {script(-5, Condition::up), 100},
        {script(-5, Condition::down), 95},      {script(-5, Condition::unknown), 100},
        {script(5, Condition::up, true), 95},   {script(5, Condition::down, true), 100},
        {script(-5, Condition::up, true), 100}, {script(-5, Condition::down, true), 105},
    };
    for (const Vote& each : table) {
        const Tracker trackers[] = {each.tracker};
        EXPECT_EQ(judge(100, trackers), (Standing{static_cast<std::uint8_t>(each.priority), {}}))
            << each.tracker.weight << (each.tracker.reverse ? " reverse" : "");
    }
}

TEST(Tracking, StaysBetween1And254) {
    const Tracker up[] = {script(200, Condition::up), script(200, Condition::up)};
    EXPECT_EQ(judge(100, up).priority, 254);
    const Tracker down[] = {script(-253, Condition::down)};
    EXPECT_EQ(judge(100, down).priority, 1);
}

TEST(Tracking, NeverMovesAnOwner) {
    const Tracker down[] = {script(-253, Condition::down)};
    EXPECT_EQ(judge(255, down).priority, 255);
}

TEST(Tracking, IgnoresWeightsThatAGroupDoesNotWant) {
    Tracker tracker = script(-50, Condition::down);
    tracker.weight_counts = false;
    const Tracker trackers[] = {tracker};
    EXPECT_EQ(judge(100, trackers).priority, 100);
}

TEST(Tracking, WithoutWeightDownIsAFault) {
    const Tracker down[] = {script(0, Condition::down)};
    EXPECT_EQ(judge(100, down).causes, (std::vector{Cause{Cause::Kind::script, "chk"}}));
    const Tracker up[] = {script(0, Condition::up)};
    EXPECT_TRUE(judge(100, up).causes.empty());
    const Tracker reversed[] = {script(0, Condition::up, true)};
    EXPECT_EQ(judge(100, reversed).causes.size(), 1U);
    const Tracker reversed_down[] = {script(0, Condition::down, true)};
    EXPECT_TRUE(judge(100, reversed_down).causes.empty());
}

TEST(Tracking, AnAwaitedScriptHoldsTheStartAndOneAddedByReloadDoesNot) {
    Tracker tracker = script(0, Condition::unknown);
    const Tracker awaited[] = {tracker};
    EXPECT_EQ(judge(100, awaited).causes, (std::vector{Cause{Cause::Kind::script_not_run, "chk"}}));
    tracker.awaited = false;
    const Tracker added[] = {tracker};
    EXPECT_TRUE(judge(100, added).causes.empty());
}

TEST(Tracking, TheSameCauseStandsOnce) {
    const Tracker twice[] = {script(0, Condition::down), script(0, Condition::down)};
    EXPECT_EQ(judge(100, twice).causes.size(), 1U);
}

TEST(Tracking, DependsOnThePresentVotesOnly) {
    std::mt19937 random(1009);  // weights counted twice after reloads: 100 became 111
    std::vector<Tracker> trackers;
    for (int step = 0; step < 5000; ++step) {
        if (trackers.empty() || random() % 5 == 0)
            trackers.push_back(script(static_cast<int>(random() % 507) - 253, Condition::unknown));
        else if (random() % 7 == 0)
            trackers.erase(trackers.begin() + static_cast<long>(random() % trackers.size()));
        else
            trackers[random() % trackers.size()].condition = static_cast<Condition>(random() % 3);
        int sum = 100;
        for (const Tracker& each : trackers) {
            if (each.weight > 0 && each.condition == Condition::up) sum += each.weight;
            if (each.weight < 0 && each.condition == Condition::down) sum += each.weight;
        }
        auto shuffled = trackers;
        std::ranges::shuffle(shuffled, random);
        EXPECT_EQ(judge(100, shuffled).priority, std::clamp(sum, 1, 254));
        EXPECT_EQ(judge(100, shuffled), judge(100, trackers));
    }
}

Tracker file(int weight, std::int64_t number, bool reverse = false) {
    return {.kind = Tracker::Kind::file,
            .name = "load",
            .weight = weight,
            .reverse = reverse,
            .condition = Condition::up,
            .number = number};
}

struct FileCase {
    int weight;
    std::int64_t number;
    bool reverse;
    int priority;  // of a base of 100
    bool fault;
};

TEST(Tracking, AFileAddsItsNumberTimesItsWeight) {
    const FileCase table[] = {
        {1, 0, false, 100, false},        {1, 20, false, 120, false},
        {1, -20, false, 80, false},       {2, 20, false, 140, false},
        {-2, 20, false, 60, false},       {-2, -20, false, 140, false},
        {1, 20, true, 80, false},         {-2, 20, true, 140, false},
        {1, 1000, false, 254, false},     {1, -253, false, 1, false},
        {1, -254, false, 1, true},        {-1, 254, false, 1, true},
        {127, -2, false, 1, true},        {1, 254, true, 1, true},
        {254, 1, false, 254, false},      {-254, 1, false, 1, true},
        {0, 0, false, 100, false},        {0, 1, false, 100, true},
        {0, -1, false, 100, true},        {0, 0, true, 100, true},
        {0, 7, true, 100, false},         {254, INT64_MAX, false, 254, false},
        {254, INT64_MIN, false, 1, true},
    };
    for (const FileCase& each : table) {
        SCOPED_TRACE(::testing::Message()
                     << each.weight << " x " << each.number << (each.reverse ? " reverse" : ""));
        const Tracker trackers[] = {file(each.weight, each.number, each.reverse)};
        const Standing standing = judge(100, trackers);
        EXPECT_EQ(standing.priority, each.priority);
        const std::vector<Cause> fault{{Cause::Kind::file, "load"}};
        EXPECT_EQ(standing.causes, each.fault ? fault : std::vector<Cause>{});
    }
}

TEST(Tracking, OneFileCanTakeNoMoreThanAWholePriority) {
    // -1000 and +200: bounded first, then added up.
    const Tracker trackers[] = {file(1, 1000), file(1, -253)};
    EXPECT_EQ(judge(100, trackers).priority, 100);
}

TEST(Tracking, InAGroupThatDoesNotWantWeightsAFileWithOneCountsForNothing) {
    Tracker weighted = file(1, -254);
    weighted.weight_counts = false;
    Tracker plain = file(0, 1);
    plain.weight_counts = false;
    const Tracker ignored[] = {weighted};
    EXPECT_EQ(judge(100, ignored), (Standing{100, {}}));
    const Tracker fault[] = {plain};
    EXPECT_EQ(judge(100, fault).causes, (std::vector{Cause{Cause::Kind::file, "load"}}));
}

struct UpOrDownCase {
    int weight;
    bool reverse;
    Condition condition;
    int priority;
    bool fault;
};

TEST(Tracking, ProcessesServicesInterfacesAndScriptsVoteAlike) {
    const UpOrDownCase table[] = {
        {0, false, Condition::up, 100, false},   {0, false, Condition::down, 100, true},
        {0, true, Condition::up, 100, true},     {0, true, Condition::down, 100, false},
        {30, false, Condition::up, 130, false},  {30, false, Condition::down, 100, false},
        {-30, false, Condition::up, 100, false}, {-30, false, Condition::down, 70, false},
        {30, true, Condition::up, 70, false},    {30, true, Condition::down, 100, false},
        {-30, true, Condition::up, 100, false},  {-30, true, Condition::down, 130, false},
    };
    using Kind = Tracker::Kind;
    for (const Kind kind : {Kind::interface, Kind::script, Kind::process, Kind::service}) {
        for (const UpOrDownCase& each : table) {
            for (const bool counts : {true, false}) {
                SCOPED_TRACE(::testing::Message()
                             << static_cast<int>(kind) << " weight " << each.weight
                             << (each.reverse ? " reverse " : " ")
                             << static_cast<int>(each.condition) << " counts " << counts);
                const Tracker trackers[] = {{.kind = kind,
                                             .name = "it",
                                             .weight = each.weight,
                                             .reverse = each.reverse,
                                             .condition = each.condition,
                                             .weight_counts = counts}};
                const Standing standing = judge(100, trackers);
                EXPECT_EQ(standing.priority, counts ? each.priority : 100);
                EXPECT_EQ(standing.causes.size(), each.fault ? 1U : 0U);
            }
        }
    }
}

TEST(Tracking, WhatNothingWasHeardOfYetHoldsTheStart) {
    using Kind = Tracker::Kind;
    for (const Kind kind : {Kind::file, Kind::process, Kind::service}) {
        Tracker tracker{.kind = kind, .name = "it", .weight = 20};
        const Tracker first[] = {tracker};
        const Standing standing = judge(100, first);
        EXPECT_EQ(standing.priority, 100);
        EXPECT_EQ(standing.causes, (std::vector{Cause{Cause::Kind::value_unknown, "it"}}));
        EXPECT_TRUE(only_waits(standing.causes.front()));
        tracker.awaited = false;
        const Tracker added[] = {tracker};
        EXPECT_TRUE(judge(100, added).causes.empty());
    }
}

using std::chrono_literals::operator""s;
constexpr core::Instant kStart{};

TEST(ProcessHealth, TheFirstCountDecidesAtOnce) {
    const ProcessRules rules{.quorum = 2, .fork_delay = 5s, .terminate_delay = 5s};
    EXPECT_EQ(counted(rules, {}, 2, kStart).condition, Condition::up);
    EXPECT_EQ(counted(rules, {}, 1, kStart).condition, Condition::down);
    EXPECT_EQ(counted({.quorum = 0, .quorum_max = 0}, {}, 0, kStart).condition, Condition::up);
    EXPECT_EQ(counted({.quorum = 0, .quorum_max = 0}, {}, 1, kStart).condition, Condition::down);
    EXPECT_EQ(counted({.quorum = 1, .quorum_max = 3}, {}, 4, kStart).condition, Condition::down);
}

TEST(ProcessHealth, AChangeMustLastForItsDelay) {
    const ProcessRules rules{.fork_delay = 2s, .terminate_delay = 1s};
    ProcessHealth health = counted(rules, {}, 1, kStart);
    health = counted(rules, health, 0, kStart + 10s);
    EXPECT_EQ(health.condition, Condition::up);
    EXPECT_EQ(health.turns_at, kStart + 11s);
    EXPECT_EQ(passed(health, kStart + 11s).condition, Condition::down);
    // Back in time: nothing happened.
    EXPECT_EQ(counted(rules, health, 1, kStart + 10s), counted(rules, {}, 1, kStart));
    health = counted(rules, passed(health, kStart + 11s), 1, kStart + 20s);
    EXPECT_EQ(health.turns_at, kStart + 22s);
    // Another one of the same direction does not begin anew.
    EXPECT_EQ(counted(rules, health, 2, kStart + 21s).turns_at, kStart + 22s);
}

TEST(ProcessHealth, WithoutDelaysAChangeHoldsAtOnce) {
    ProcessHealth health = counted({}, {}, 1, kStart);
    health = counted({}, health, 0, kStart);
    EXPECT_EQ(health.condition, Condition::down);
    EXPECT_FALSE(health.turns_at);
}

TEST(ProcessHealth, TooManyIsWaitedForAsAFork) {
    const ProcessRules rules{.quorum_max = 2, .fork_delay = 2s, .terminate_delay = 1s};
    ProcessHealth health = counted(rules, {}, 2, kStart);
    health = counted(rules, health, 3, kStart);
    EXPECT_EQ(health.turns_at, kStart + 2s);
    health = passed(health, kStart + 2s);
    EXPECT_EQ(health.condition, Condition::down);
    EXPECT_EQ(counted(rules, health, 2, kStart + 5s).turns_at, kStart + 6s);
}

TEST(ScriptHealth, FirstResultDecidesAlone) {
    const ScriptRules rules{.rise = 5, .fall = 5};
    EXPECT_EQ(after(rules, {}, true), (ScriptHealth{Condition::up, 0}));
    EXPECT_EQ(after(rules, {}, false), (ScriptHealth{Condition::down, 0}));
}

TEST(ScriptHealth, ChangesAfterConsecutiveResults) {
    const ScriptRules rules{.rise = 2, .fall = 3};
    ScriptHealth health{Condition::up, 0};
    for (const bool result : {false, false, true, false, false})
        health = after(rules, health, result);
    EXPECT_EQ(health, (ScriptHealth{Condition::up, 2}));
    health = after(rules, health, false);
    EXPECT_EQ(health, (ScriptHealth{Condition::down, 0}));
    health = after(rules, health, true);
    EXPECT_EQ(health, (ScriptHealth{Condition::down, 1}));
    health = after(rules, health, true);
    EXPECT_EQ(health, (ScriptHealth{Condition::up, 0}));
}

TEST(Votes, AreToldInWords) {
    Tracker script{.kind = Tracker::Kind::script, .name = "chk", .weight = -20};
    EXPECT_EQ(to_text(script), "script chk has no result yet: +0");
    script.condition = Condition::down;
    EXPECT_EQ(to_text(script), "script chk is down: -20");
    script.weight_counts = false;
    EXPECT_EQ(to_text(script), "script chk is down: not counted in a sync group");
    const Tracker link{.name = "eth1", .condition = Condition::down};
    EXPECT_EQ(to_text(link), "interface eth1 is down: fault");
}

}  // namespace
}  // namespace holdfast::vrrp
