#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "lib/core/prefetch.hpp"
#include "vrrpd/group.hpp"
#include "vrrpd/instance.hpp"

namespace holdfast::vrrp {

/// A group at work (a router alone is a group of one): the whole bridge from events to the pure
/// step() and from its actions to sockets, timers, ipvsd and the supervisor. Its instances outlive
/// it; a reload that changes the group makes a new one with the same instances.
class SyncGroup {
  public:
    SyncGroup(const Tools& tools, GroupSetting setting, std::vector<Instance*> members,
              State state);
    SyncGroup(const SyncGroup&) = delete;
    SyncGroup& operator=(const SyncGroup&) = delete;

    [[nodiscard]] const GroupSetting& setting() const { return setting_; }
    [[nodiscard]] const std::vector<Instance*>& members() const { return members_; }
    [[nodiscard]] const Router& router(std::size_t member) const {
        return state_.members.at(member);
    }

    /// Brings nearer what a member's next event will need.
    void fetch(std::size_t member) const {
        core::prefetch(state_.members.at(member));
        core::prefetch(parameters_.members.at(member));
        core::prefetch(members_.at(member));
    }
    void take(const Event& event);
    void timer_fired(std::size_t member);
    /// What tracking and the rest of vrrpd say about a member now; nothing happens if that is what
    /// they said before.
    void judge(std::size_t member, const Standing& standing);
    /// Our primary address; the last one is kept while there is none.
    void set_source(std::size_t member, const std::optional<core::Address>& source);
    [[nodiscard]] const core::Address& source(std::size_t member) const {
        return parameters_.members.at(member).source;
    }
    [[nodiscard]] const RouterParameters& parameters(std::size_t member) const {
        return parameters_.members.at(member);
    }
    /// Active_Down_Interval by which others would take over.
    [[nodiscard]] core::Interval down_interval(std::size_t member) const;

  private:
    void take(const Event& event, core::Instant now);
    void carry_out(const Action& action, std::vector<RoleChanged>& changes);
    void announce(Instance& instance, AnnounceAgain::Why why);
    [[nodiscard]] core::Interval slack(std::size_t member) const;
    void log_late(std::size_t member, core::Interval late) const;
    void log_causes(std::size_t member, const std::vector<StandingCause>& before);

    const Tools& tools_;
    GroupSetting setting_;
    std::vector<Instance*> members_;
    std::vector<WireKey> wires_;  // of all members, each once
    Parameters parameters_;
    State state_;
};

}  // namespace holdfast::vrrp
