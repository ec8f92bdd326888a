#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "vrrpd/group.hpp"
#include "vrrpd/tracking.hpp"

/// What happens in one run of the simulator: hosts, their configuration, and what disturbs them.
/// Everything follows from the seed.
namespace holdfast::sim {

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    /// 0 <= result < bound
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    [[nodiscard]] bool one_in(std::uint64_t chance) { return below(chance) == 0; }
    [[nodiscard]] core::Interval up_to(core::Interval longest) {
        return core::Interval{below(static_cast<std::uint64_t>(longest.count()) + 1)};
    }

  private:
    std::mt19937_64 engine_;
};

struct Disturbance {
    enum class Kind : std::uint8_t {
        partition,   // segment: the hosts of `mask` hear only each other
        one_way,     // segment: nobody hears `host`
        deaf,        // segment: `host` hears nobody
        loss,        // segment: `amount` percent of the packets, and some are garbled
        heal,        // segment: all of the above is over
        pause,       // host: stands still for `duration`, packets queue up
        sleep,       // host: the machine sleeps, packets are lost
        crash,       // host: vrrpd dies, its successor comes after `duration`
        crash_cold,  // host: everything dies and starts without state
        link,        // host, segment: down for `duration`
        tracker,     // host: one tracked script (`amount`) turns round for `duration`
        contested,   // host, segment: somebody removes the address for `duration`
        reload,      // host: unchanged configuration
        priority,    // host: a reload with another priority
        interval,    // host: a reload with another interval
        member,      // host, segment: a reload without this member, and another one that adds it
        stop,        // host: an ordered stop, started again after `duration`
    };
    Kind kind{};
    core::Interval at{0};
    std::size_t host = 0;
    std::size_t segment = 0;
    core::Interval duration{0};
    int amount = 0;
    unsigned mask = 0;
};

struct Plan {
    std::uint64_t seed = 0;
    std::size_t hosts = 3;
    std::size_t segments = 1;  // more than one: the routers of a host are one sync group
    vrrp::Version version = vrrp::Version::v3;
    core::Interval interval = std::chrono::seconds{1};  // of every host before reloads
    core::Interval longest_interval{0};                 // of any host at any time
    core::Interval preempt_delay{0};
    core::Interval start_up_hold{0};
    bool nopreempt = false;
    core::Interval longest_delay{0};                   // of a packet
    std::vector<std::uint8_t> priorities;              // before reloads
    std::vector<std::vector<vrrp::Tracker>> trackers;  // of each host, for all its members
    std::vector<Disturbance> disturbances;
    core::Interval quiet_from{0};   // the last disturbance is over
    core::Interval stable_from{0};  // by now the segment must have settled
    core::Interval end{0};
    core::Interval refresh{0};  // garp_master_refresh; 0: never
    /// Only restarts of vrrpd, shorter than an interval: nobody else may notice any.
    bool restarts_only = false;
    bool reversed_comparison = false;  // the planted fault
};

[[nodiscard]] Plan plan_for(std::uint64_t seed);
[[nodiscard]] const char* to_text(Disturbance::Kind kind);

}  // namespace holdfast::sim
