#include "lib/loop/loop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/unique_fd.hpp"

namespace holdfast::loop {
namespace {

using namespace std::chrono_literals;
using core::Instant;

struct Pipe {
    core::UniqueFd reader;
    core::UniqueFd writer;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    return {core::UniqueFd(ends[0]), core::UniqueFd(ends[1])};
}

void put(const Pipe& pipe) {
    ASSERT_EQ(::write(pipe.writer.get(), "x", 1), 1);
}

void take(const Pipe& pipe) {
    char byte = 0;
    ASSERT_EQ(::read(pipe.reader.get(), &byte, 1), 1);
}

class LoopInVirtualTime : public ::testing::Test {
  protected:
    Loop loop{Loop::VirtualTime{Instant{1000s}}};
    std::vector<std::string> seen;
    std::function<void()> note(std::string what) {
        return [this, what] { seen.push_back(what); };
    }
};

TEST_F(LoopInVirtualTime, TimersFireInOrderOfDeadlinesEachAtItsOwn) {
    std::vector<Instant> moments;
    Timer late(loop, [&] { moments.push_back(loop.now()); });
    Timer early(loop, [&] { moments.push_back(loop.now()); });
    late.after(20ms);
    early.after(10ms);
    loop.advance(1s);
    EXPECT_EQ(moments, (std::vector<Instant>{Instant{1000s + 10ms}, Instant{1000s + 20ms}}));
    EXPECT_EQ(loop.now(), Instant{1001s});
}

TEST_F(LoopInVirtualTime, TimersOfOneDeadlineFireInTheOrderTheyWereSet) {
    Timer a(loop, note("a"));
    Timer b(loop, note("b"));
    b.after(1ms);
    a.after(1ms);
    loop.advance(1ms);
    EXPECT_EQ(seen, (std::vector<std::string>{"b", "a"}));
}

TEST_F(LoopInVirtualTime, ATimerFiresOnceAndIsNoLongerPendingWhileItDoes) {
    std::optional<bool> pending;
    Timer timer(loop, [&] { pending = timer.pending(); });
    timer.after(1ms);
    EXPECT_TRUE(timer.pending());
    loop.advance(10ms);
    EXPECT_EQ(pending, false);
}

TEST_F(LoopInVirtualTime, ATimerSetAgainMovesItsDeadline) {
    Timer timer(loop, note("fired"));
    timer.after(1ms);
    timer.after(5ms);
    loop.advance(4ms);
    EXPECT_TRUE(seen.empty());
    loop.advance(1ms);
    EXPECT_EQ(seen.size(), 1U);
}

TEST_F(LoopInVirtualTime, ATimerPutOffAgainAndAgainFiresOnceAtItsLastDeadlineInItsPlace) {
    std::vector<std::string> fired;
    Timer put_off(loop, [&] { fired.emplace_back("put off"); });
    put_off.after(2ms);
    for (int each = 0; each < 5; ++each) {
        loop.advance(1ms);
        put_off.after(2ms);
    }
    Timer later(loop, [&] { fired.emplace_back("later"); });
    later.at(put_off.deadline());
    loop.advance(1999us);
    EXPECT_TRUE(fired.empty());
    loop.advance(1us);
    EXPECT_EQ(fired, (std::vector<std::string>{"put off", "later"}));
    loop.advance(1s);
    EXPECT_EQ(fired.size(), 2U);
}

TEST_F(LoopInVirtualTime, ATimerThatWasPutOffMayBeSetEarlierCancelledOrDestroyed) {
    int count = 0;
    Timer first(loop, [&] { ++count; });
    first.after(2ms);
    first.after(9ms);
    first.after(1ms);
    loop.advance(1ms);
    EXPECT_EQ(count, 1);
    first.after(2ms);
    first.after(3ms);
    first.cancel();
    {
        Timer gone(loop, [&] { ++count; });
        gone.after(2ms);
        gone.after(4ms);
    }
    loop.advance(1s);
    EXPECT_EQ(count, 1);
}

TEST_F(LoopInVirtualTime, WithSlackATimerFiresWithAnotherOneButWakesNobodyEarly) {
    std::vector<std::string> fired;
    Timer exact(loop, [&] { fired.emplace_back("exact"); });
    Timer slack(loop, [&] { fired.emplace_back("slack"); });
    Timer far(loop, [&] { fired.emplace_back("far"); });
    slack.set_slack(300us);
    far.set_slack(1h);  // kMostSlack
    exact.after(1000us);
    slack.after(1300us);
    far.after(1501us);
    loop.advance(999us);
    EXPECT_TRUE(fired.empty());
    loop.advance(1us);
    EXPECT_EQ(fired, (std::vector<std::string>{"exact", "slack"}));
    loop.advance(1us);
    EXPECT_EQ(fired, (std::vector<std::string>{"exact", "slack", "far"}));
}

TEST_F(LoopInVirtualTime, ACancelledTimerIsSilent) {
    Timer timer(loop, note("fired"));
    timer.after(1ms);
    timer.cancel();
    EXPECT_FALSE(timer.pending());
    loop.advance(1s);
    EXPECT_TRUE(seen.empty());
}

TEST_F(LoopInVirtualTime, ATimerThatIsGoneNeverFires) {
    auto timer = std::make_unique<Timer>(loop, note("fired"));
    timer->after(1ms);
    timer.reset();
    loop.advance(1s);
    EXPECT_TRUE(seen.empty());
}

TEST_F(LoopInVirtualTime, ATimerMayDestroyItselfAndOthersThatAreDue) {
    std::unique_ptr<Timer> first;
    std::unique_ptr<Timer> second;
    const std::string text = "a capture that lives as long as the callback";
    first = std::make_unique<Timer>(loop, [&, text] {
        first.reset();
        second.reset();
        seen.push_back(text);
    });
    second = std::make_unique<Timer>(loop, note("second"));
    first->after(1ms);
    second->after(1ms);
    loop.advance(1s);
    EXPECT_EQ(seen, (std::vector<std::string>{text}));
}

TEST_F(LoopInVirtualTime, APeriodBuiltOnTheDeadlineDoesNotDrift) {
    std::vector<Instant> moments;
    Timer timer(loop, [&] {
        moments.push_back(timer.deadline());
        timer.at(timer.deadline() + 10ms);
    });
    timer.after(10ms);
    loop.advance(35ms);
    ASSERT_EQ(moments.size(), 3U);
    EXPECT_EQ(moments.back(), Instant{1000s + 30ms});
}

TEST_F(LoopInVirtualTime, ATimerSetIntoThePastWaitsForTheNextTurnAndLeavesDescriptorsTheirTurn) {
    const Pipe pipe = make_pipe();
    unsigned rounds = 0;
    Timer greedy(loop, [&] {
        if (++rounds < 1000) greedy.at(loop.now() - 1s);
    });
    std::optional<unsigned> rounds_before_read;
    FdWatch watch(loop, pipe.reader.get(), [&] {
        take(pipe);
        rounds_before_read = rounds;
    });
    greedy.after(0ms);
    put(pipe);
    loop.settle();
    EXPECT_EQ(rounds_before_read, 0U);
    EXPECT_EQ(rounds, 1000U);
}

TEST_F(LoopInVirtualTime, WhatHasArrivedIsReadBeforeATimerThatIsDue) {
    const Pipe pipe = make_pipe();
    Timer timer(loop, note("timer"));
    FdWatch watch(loop, pipe.reader.get(), [&] {
        take(pipe);
        seen.emplace_back("read");
    });
    timer.after(1ms);
    put(pipe);
    loop.advance(1ms);
    EXPECT_EQ(seen, (std::vector<std::string>{"read", "timer"}));
}

TEST_F(LoopInVirtualTime, DeferredWorkRunsInATurnOfItsOwn) {
    loop.defer([&] {
        loop.defer(note("inner"));
        seen.emplace_back("outer");
    });
    EXPECT_TRUE(seen.empty());
    loop.settle();
    EXPECT_EQ(seen, (std::vector<std::string>{"outer", "inner"}));
}

TEST_F(LoopInVirtualTime, StopEndsRunAfterThePresentCallback) {
    Timer first(loop, [&] {
        loop.stop();
        seen.emplace_back("first");
    });
    Timer second(loop, note("second"));
    first.after(0ms);
    second.after(0ms);
    loop.run();
    EXPECT_EQ(seen, (std::vector<std::string>{"first"}));
}

TEST_F(LoopInVirtualTime, StopBeforeRunReturnsAtOnceAndOnlyOnce) {
    loop.stop();
    loop.run();
    loop.defer([&] { loop.stop(); });
    loop.run();
    SUCCEED();
}

TEST_F(LoopInVirtualTime, AWatchMayDestroyItselfInItsCallback) {
    const Pipe pipe = make_pipe();
    put(pipe);
    std::unique_ptr<FdWatch> watch;
    watch = std::make_unique<FdWatch>(loop, pipe.reader.get(), [&, text = std::string(100, 'x')] {
        watch.reset();
        seen.push_back(text);
    });
    loop.settle();
    EXPECT_EQ(seen, (std::vector<std::string>{std::string(100, 'x')}));
}

TEST_F(LoopInVirtualTime, AWatchReadsFromTheStartAndWritesWhenAsked) {
    const Pipe pipe = make_pipe();
    bool written = false;
    FdWatch watch(
        loop, pipe.writer.get(), [] {},
        [&] {
            written = true;
            watch.want_write(false);
        });
    loop.settle();
    EXPECT_FALSE(written);
    watch.want_write(true);
    loop.settle();
    EXPECT_TRUE(written);
}

TEST_F(LoopInVirtualTime, AWatchThatDoesNotWantToReadIsSilentUntilItDoes) {
    const Pipe pipe = make_pipe();
    put(pipe);
    FdWatch watch(loop, pipe.reader.get(), [&] {
        take(pipe);
        seen.emplace_back("read");
    });
    watch.want_read(false);
    loop.settle();
    EXPECT_TRUE(seen.empty());
    watch.want_read(true);
    loop.settle();
    EXPECT_EQ(seen.size(), 1U);
}

TEST_F(LoopInVirtualTime, TheEndOfAStreamCountsAsReadable) {
    Pipe pipe = make_pipe();
    FdWatch watch(loop, pipe.reader.get(), [&] {
        watch.want_read(false);
        seen.emplace_back("end");
    });
    pipe.writer.reset();
    loop.settle();
    EXPECT_EQ(seen.size(), 1U);
}

TEST(LoopInRealTime, TellsSleepApartFromTimeThatPasses) {
    Loop loop;
    const core::Interval before = loop.time_slept();
    Timer timer(loop, [&] { loop.stop(); });
    timer.after(5ms);
    loop.run();
    EXPECT_LT(loop.time_slept() - before, 5ms);
}

TEST(SleepingLoop, IsToldWithoutItsClockMoving) {
    Loop loop(Loop::VirtualTime{});
    const Instant before = loop.now();
    loop.sleep(1h);
    EXPECT_EQ(loop.now(), before);
    EXPECT_EQ(loop.time_slept(), core::Interval{1h});
}

TEST(LoopInRealTime, ATimerFiresNotBeforeItsDeadline) {
    Loop loop;
    const Instant start = loop.now();
    Timer timer(loop, [&] { loop.stop(); });
    timer.after(2ms);
    loop.run();
    EXPECT_GE(loop.now() - start, 2ms);
}

TEST(LoopInRealTime, EveryTurnCounts) {
    Loop loop;
    const std::uint64_t before = loop.turns();
    Timer timer(loop, [] {});
    timer.after(0ms);
    loop.run_until([&] { return !timer.pending(); });
    EXPECT_GT(loop.turns(), before);
}

TEST(LoopInRealTime, ASignalArrivesInTheLoop) {
    Loop loop;
    unsigned arrived = 0;
    SignalWatch watch(loop, SIGUSR1, [&] { ++arrived; });
    ASSERT_EQ(::raise(SIGUSR1), 0);
    EXPECT_EQ(arrived, 0U);
    loop.run_until([&] { return arrived == 1; });
}

}  // namespace
}  // namespace holdfast::loop
