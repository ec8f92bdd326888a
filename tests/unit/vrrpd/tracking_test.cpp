#include "vrrpd/tracking.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
