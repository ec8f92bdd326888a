#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "vrrpd/group.hpp"

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
        loss,        // segment: `amount` percent of the packets, and some are garbled
        heal,        // segment: all of the above is over
        pause,       // host: stands still for `duration`, packets queue up
        sleep,       // host: the machine sleeps, packets are lost
        crash,       // host: vrrpd dies, its successor comes after `duration`
        crash_cold,  // host: everything dies and starts without state
        link,        // host, segment: down for `duration`
        weight,      // host: priority moves by `amount` for `duration`
        reload,      // host: unchanged configuration
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
    core::Interval interval = std::chrono::seconds{1};
    core::Interval preempt_delay{0};
    bool nopreempt = false;
    core::Interval longest_delay{0};  // of a packet
    std::vector<std::uint8_t> priorities;
    std::vector<Disturbance> disturbances;
    core::Interval quiet_from{0};   // the last disturbance is over
    core::Interval stable_from{0};  // by now the segment must have settled
    core::Interval end{0};
    /// Only restarts of vrrpd, shorter than an interval: nobody else may notice any.
    bool restarts_only = false;
    bool reversed_comparison = false;  // the planted fault
};

[[nodiscard]] Plan plan_for(std::uint64_t seed);
[[nodiscard]] const char* to_text(Disturbance::Kind kind);

}  // namespace holdfast::sim
