#include <algorithm>

#include <fmt/format.h>

#include "tests/sim/world.hpp"

/// What must hold, whatever happened.
namespace holdfast::sim {

using namespace std::chrono_literals;
using vrrp::StateName;

std::optional<std::string> World::broken_rule() const {
    for (std::size_t host = 0; host < hosts_.size(); ++host)
        if (auto broken = broken_rule_of_host(host)) return broken;
    if (now_ >= start_ + plan_.stable_from) return broken_rule_once_stable();
    return std::nullopt;
}

/// The priority as its rule has it, worked out in another way than vrrpd does.
int World::expected_priority(const Host& host) const {
    if (host.priority == vrrp::kOwnerPriority) return host.priority;
    int sum = host.priority;
    for (const vrrp::Tracker& each : host.trackers) {
        const bool up = each.condition == vrrp::Condition::up;
        const bool counts = each.weight > 0 ? up : !up;
        if (counts) sum += each.reverse ? -each.weight : each.weight;
    }
    return std::min(std::max(sum, 1), 254);
}

std::optional<std::string> World::broken_rule_of_member(std::size_t index,
                                                        std::size_t member) const {
    const Host& host = hosts_[index];
    const std::size_t segment = host.segments[member];
    const vrrp::Router& router = host.state.members[member];
    const auto* active = std::get_if<vrrp::Active>(&router.state);
    if (host.owns[segment] != (active != nullptr))
        return fmt::format(
            "host {} has the address of segment {} without being Active, or the "
            "reverse",
            index, segment);
    // One that has just come back sends in its next turn; a shorter interval counts from its
    // reload.
    if (active != nullptr && now_ > host.back_at &&
        now_ - std::max(active->sent_at, host.interval_since) > host.interval)
        return fmt::format("host {} is Active and silent on segment {}", index, segment);
    if (host.in_episode[segment] != (active != nullptr && active->rival && active->rival->told))
        return fmt::format("host {} is in an episode without a rival, or the reverse", index);
    if (router.priority != expected_priority(host))
        return fmt::format("host {} has priority {}, not {}", index, unsigned{router.priority},
                           expected_priority(host));
    return std::nullopt;
}

std::optional<std::string> World::broken_rule_of_host(std::size_t index) const {
    const Host& host = hosts_[index];
    if (!host.running || host.paused) return std::nullopt;
    const StateName common = vrrp::name_of(host.state.members[0].state);
    bool faulty = false;
    for (std::size_t member = 0; member < host.segments.size(); ++member) {
        const vrrp::Router& router = host.state.members[member];
        const bool joins = host.joining[host.segments[member]];
        if (vrrp::name_of(router.state) != common && !joins)
            return fmt::format("members of host {} differ", index);
        if (auto broken = broken_rule_of_member(index, member)) return broken;
        faulty = faulty || !router.causes.empty();
    }
    // The first member is always one that others join.
    if (faulty != (common == StateName::fault))
        return fmt::format("host {} has causes {} but is in state {}", index, faulty,
                           vrrp::to_text(common));
    return std::nullopt;
}

std::optional<std::string> World::broken_rule_once_stable() const {
    std::size_t best = 0;
    for (std::size_t host = 1; host < hosts_.size(); ++host)
        if (expected_priority(hosts_[host]) >= expected_priority(hosts_[best])) best = host;
    for (std::size_t segment = 0; segment < plan_.segments; ++segment)
        if (auto broken = broken_rule_of_segment(segment, best)) return broken;
    return std::nullopt;
}

std::optional<std::string> World::broken_rule_of_segment(std::size_t segment,
                                                         std::size_t best) const {
    std::vector<std::size_t> active;
    std::vector<std::size_t> owners;
    for (std::size_t host = 0; host < hosts_.size(); ++host) {
        if (!hosts_[host].running || hosts_[host].paused || !member_on(host, segment))
            return fmt::format("host {} never came back: the simulator is wrong", host);
        if (vrrp::name_of(hosts_[host].state) == StateName::active) active.push_back(host);
        if (hosts_[host].owns[segment]) owners.push_back(host);
    }
    if (active.size() != 1)
        return fmt::format("segment {} has {} Active Routers", segment, active.size());
    if (owners != active)
        return fmt::format("the address of segment {} has {} owners", segment, owners.size());
    // Of equal priorities, the one that is Active already stays unless it hears the other.
    const int priority = expected_priority(hosts_[active[0]]);
    const int highest = expected_priority(hosts_[best]);
    if (!plan_.nopreempt && priority != highest)
        return fmt::format("host {} is Active with priority {}, host {} has {}", active[0],
                           priority, best, highest);
    if (now_ < start_ + plan_.stable_from + 4 * plan_.longest_interval) return std::nullopt;
    if (hosts_[active[0]].in_episode[segment])
        return fmt::format("host {} is in an episode that never ends", active[0]);
    const bool wrong = believed_[segment] != active[0];
    if (wrong && plan_.refresh > core::Interval::zero())
        return fmt::format("clients of segment {} believe the wrong host after a refresh", segment);
    // Without refreshes, whose announcement was lost and who never hears of another Active Router
    // cannot know better.
    // With three hosts the one that gives way need not know the one that stays, in a group it may
    // give way on another segment.
    if (wrong && hosts_.size() == 2 && plan_.segments == 1 && !unknowable_ &&
        unheard_[segment] != active[0])
        return fmt::format("clients of segment {} believe the wrong host", segment);
    return std::nullopt;
}

}  // namespace holdfast::sim
