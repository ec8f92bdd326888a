#include "supervisor/scheduling.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using config::v1::GlobalDefs;
using ipc::Peer;

TEST(Scheduling, IsRealTimeForVrrpdAndOneStepLowerForIpvsdUnlessConfiguredOtherwise) {
    const GlobalDefs nothing;
    EXPECT_EQ(scheduling_of(Peer::vrrpd, nothing).real_time_priority, 2);
    EXPECT_EQ(scheduling_of(Peer::ipvsd, nothing).real_time_priority, 1);
    EXPECT_EQ(scheduling_of(Peer::checkerd, nothing).real_time_priority, 0);
    EXPECT_EQ(scheduling_of(Peer::parser, nothing), Scheduling{});
    EXPECT_EQ(scheduling_of(Peer::vrrpd, nothing).real_time_limit, 5s);
}

TEST(Scheduling, FollowsTheGlobalSettings) {
    GlobalDefs global;
    global.set_vrrp_rt_priority(50);
    global.set_vrrp_rlimit_rttime_us(20000);
    global.add_vrrp_cpu_affinity(1);
    global.set_vrrp_no_swap(true);
    global.set_checker_priority(-5);
    const Scheduling vrrpd{.real_time_priority = 50,
                           .nice = {},
                           .processors = {1},
                           .real_time_limit = 20ms,
                           .lock_memory = true};
    EXPECT_EQ(scheduling_of(Peer::vrrpd, global), vrrpd);
    Scheduling ipvsd = vrrpd;
    ipvsd.real_time_priority = 49;
    EXPECT_EQ(scheduling_of(Peer::ipvsd, global), ipvsd);
    EXPECT_EQ(scheduling_of(Peer::checkerd, global).nice, -5);
    global.set_vrrp_rt_priority(1);
    EXPECT_EQ(scheduling_of(Peer::ipvsd, global).real_time_priority, 1);
}

TEST(Scheduling, ANiceValueTakesThePlaceOfRealTimeThatNobodyAskedFor) {
    GlobalDefs global;
    global.set_vrrp_priority(-10);
    EXPECT_EQ(scheduling_of(Peer::vrrpd, global).real_time_priority, 0);
    EXPECT_EQ(scheduling_of(Peer::vrrpd, global).nice, -10);
    EXPECT_EQ(scheduling_of(Peer::ipvsd, global).real_time_priority, 0);
    global.set_vrrp_rt_priority(7);
    EXPECT_EQ(scheduling_of(Peer::vrrpd, global).real_time_priority, 7);
}

TEST(Scheduling, RisesWhenAProcessRunsLateUpToTheLimit) {
    GlobalDefs global;
    EXPECT_EQ(raised_after(0, Peer::vrrpd, global, 9s), 0);
    global.set_max_auto_priority(-1);
    EXPECT_EQ(raised_after(0, Peer::vrrpd, global, 9s), 0);
    global.set_max_auto_priority(4);
    EXPECT_EQ(raised_after(0, Peer::vrrpd, global, 999ms), 0);
    EXPECT_EQ(raised_after(0, Peer::vrrpd, global, 1s), 1);
    EXPECT_EQ(raised_after(1, Peer::vrrpd, global, 1s), 2);
    EXPECT_EQ(raised_after(2, Peer::vrrpd, global, 1s), 2);
    EXPECT_EQ(scheduling_of(Peer::vrrpd, global, 2).real_time_priority, 4);
    global.set_min_auto_priority_delay_us(1000);
    EXPECT_EQ(raised_after(0, Peer::vrrpd, global, 1ms), 1);
}

/// A process of ours that waits until it is told to end.
class Sleeper {
  public:
    Sleeper() : pid_(::fork()) {
        if (pid_ != 0) return;
        for (;;) ::pause();
    }
    ~Sleeper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

TEST(Scheduling, IsAppliedToARunningProcessOrNamedAsRefused) {
    const Sleeper process;
    const Scheduling wanted{.real_time_priority = 3,
                            .nice = {},
                            .processors = {0},
                            .real_time_limit = 2s,
                            .lock_memory = false};
    const auto refused = apply(wanted, process.pid());
    const std::string text = scheduling_text(process.pid());
    if (refused.empty()) {
        EXPECT_EQ(text.substr(0, 20), "real-time 3, limit 2");
        EXPECT_TRUE(apply({}, process.pid()).empty());
        EXPECT_EQ(scheduling_text(process.pid()).substr(0, 4), "nice");
    } else {
        EXPECT_EQ(refused.front(), "real-time priority");
        EXPECT_EQ(text.substr(0, 4), "nice");
    }
}

}  // namespace
}  // namespace holdfast::supervisor
