#include "supervisor/starvation.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

/// A line of /proc/PID/stat of a process that was started 100 s after boot.
std::string stat_line(const std::string& name, char state) {
    std::string line = "77 (" + name + ") " + state + " 1 55 55";
    for (int field = 7; field < 22; ++field) line += " 0";
    return line + " " + std::to_string(100 * ::sysconf(_SC_CLK_TCK)) + " 0 0";
}

TEST(Starvation, IsReadFromWhatTheKernelCounts) {
    const auto seen = scheduling_in(stat_line("a) b (c", 'S'), "200000000 300000000 7\n", 101s);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->group, 55);
    EXPECT_EQ(seen->state, 'S');
    EXPECT_EQ(seen->age, 1s);
    EXPECT_EQ(seen->ran, 200ms);
    EXPECT_EQ(seen->waited, 300ms);
}

TEST(Starvation, OtherTextsSayNothing) {
    EXPECT_FALSE(scheduling_in("", "", 1s));
    EXPECT_FALSE(scheduling_in("77 (a", "1 2 3", 1s));
    EXPECT_FALSE(scheduling_in("77 (a)", "1 2 3", 1s));
    EXPECT_FALSE(scheduling_in(stat_line("a", 'S'), "", 101s));
    EXPECT_FALSE(scheduling_in(stat_line("a", 'S'), "x y", 101s));
}

TEST(Starvation, OneThatWantsToRunIsWaitingNow) {
    const auto wait = [](char state, const char* times) {
        return wait_of(*scheduling_in(stat_line("a", state), times, 101s));
    };
    EXPECT_EQ(wait('S', "1000000 0 1"), 0ms);     // hangs
    EXPECT_EQ(wait('D', "1000000 0 1"), 0ms);     // a disk that does not answer
    EXPECT_EQ(wait('R', "0 0 0"), 1000ms);        // never got the processor
    EXPECT_EQ(wait('R', "1000000000 0 1"), 0ms);  // has it all the time
    EXPECT_EQ(wait('S', "1000000 600000000 9"), 600ms);
}

TEST(Starvation, KnowsThisProcess) {
    EXPECT_GE(own_wait(), 0ms);
    EXPECT_GE(wait_of_group(::getpgrp()), 0ms);
    EXPECT_EQ(wait_of_group(0x3fffffff), 0ms);
}

}  // namespace
}  // namespace holdfast::supervisor
