#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ipvsd/plan.hpp"
#include "lib/core/ids.hpp"
#include "lib/core/interval.hpp"

namespace holdfast::ipvsd {

/// How far announcements on one interface, or on the interfaces of one group, stand apart at least;
/// 0: they follow at once.
struct Pacing {
    struct Limit {
        core::Interval arp{};
        core::Interval neighbor{};
        friend bool operator==(const Limit&, const Limit&) = default;
    };
    struct Group {
        std::optional<core::Interval> arp;  // else that of all interfaces
        std::optional<core::Interval> neighbor;
        std::vector<std::string> interfaces;
        friend bool operator==(const Group&, const Group&) = default;
    };
    Limit of_all;
    std::vector<Group> groups;
    /// A virtual interface counts as the one underneath.
    std::map<std::string, std::string> parents;
    friend bool operator==(const Pacing&, const Pacing&) = default;
};

/// Which announcement is sent next. Those without a limit leave in the order in which they were
/// asked for. Under a limit the instances take turns, so that one with a thousand addresses does
/// not hold the others up. Pure: it is told the time.
class AnnouncementQueue {
  public:
    /// What waits stays where it is.
    void set_pacing(Pacing pacing) { pacing_ = std::move(pacing); }

    /// `rounds` times all targets, address by address. Under a limit, rounds of the same instance
    /// and targets that still wait are joined with these.
    void add(core::ObjectId instance, std::span<const AddressName> targets, std::uint32_t rounds);
    void drop(core::ObjectId instance);
    /// Of what waits for the instance only these targets are announced.
    void keep_only(core::ObjectId instance, const std::set<AddressName>& targets);

    /// The targets to be announced now, `limit` at most; they stay until take(). The pointers hold
    /// until the next call of anything else.
    void look(core::Instant now, std::size_t limit, std::vector<const AddressName*>& targets);
    /// The first `count` of what look() gave are done.
    void take(core::Instant now, std::size_t count);

    [[nodiscard]] bool empty() const { return waiting_ == 0; }
    /// When look() has something; nothing when it is empty.
    [[nodiscard]] std::optional<core::Instant> due(core::Instant now) const;

  private:
    struct Job {
        core::ObjectId instance;
        std::vector<AddressName> targets;
        std::uint64_t left = 0;  // announcements
        std::size_t next = 0;    // target
    };
    struct Lane {
        core::Interval spacing{};
        core::Instant free_at{};
        std::deque<Job> jobs;
    };
    /// Number of the group, or interface; and the family.
    using LaneName = std::pair<std::string, core::Family>;

    [[nodiscard]] std::pair<LaneName, core::Interval> lane_of(const AddressName& target) const;
    void add_to(Lane& lane, core::ObjectId instance, std::vector<AddressName> targets,
                std::uint32_t rounds);
    bool advance(Lane& lane);
    void thin_out(Job& job, const std::set<AddressName>& targets);

    Pacing pacing_;
    std::map<LaneName, Lane> lanes_;  // those with a limit
    Lane unlimited_;
    std::vector<Lane*> seen_;  // whose announcements look() gave last, one by one
    std::size_t waiting_ = 0;
};

}  // namespace holdfast::ipvsd
