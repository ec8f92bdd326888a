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

std::optional<std::string> World::broken_rule_of_host(std::size_t index) const {
    const Host& host = hosts_[index];
    if (!host.running || host.paused) return std::nullopt;
    const StateName common = vrrp::name_of(host.state.members[0].state);
    bool faulty = false;
    for (std::size_t member = 0; member < plan_.segments; ++member) {
        const vrrp::Router& router = host.state.members[member];
        if (vrrp::name_of(router.state) != common)
            return fmt::format("members of host {} differ", index);
        if (host.owns[member] != (common == StateName::active))
            return fmt::format(
                "host {} has the address of segment {} without being Active, or "
                "the reverse",
                index, member);
        if (const auto* active = std::get_if<vrrp::Active>(&router.state))
            // One that has just come back sends in its next turn.
            if (now_ - active->sent_at > plan_.interval && now_ > host.back_at)
                return fmt::format("host {} is Active and silent on segment {}", index, member);
        faulty = faulty || !router.causes.empty();
    }
    if (faulty != (common == StateName::fault))
        return fmt::format("host {} has causes {} but is in state {}", index, faulty,
                           vrrp::to_text(common));
    return std::nullopt;
}

std::optional<std::string> World::broken_rule_once_stable() const {
    std::size_t best = 0;
    for (std::size_t host = 1; host < hosts_.size(); ++host)
        if (plan_.priorities[host] >= plan_.priorities[best]) best = host;
    for (std::size_t segment = 0; segment < plan_.segments; ++segment) {
        std::vector<std::size_t> active;
        std::vector<std::size_t> owners;
        for (std::size_t host = 0; host < hosts_.size(); ++host) {
            if (!hosts_[host].running || hosts_[host].paused)
                return fmt::format("host {} never came back: the simulator is wrong", host);
            if (vrrp::name_of(hosts_[host].state) == StateName::active) active.push_back(host);
            if (hosts_[host].owns[segment]) owners.push_back(host);
        }
        if (active.size() != 1)
            return fmt::format("segment {} has {} Active Routers", segment, active.size());
        if (owners != active)
            return fmt::format("the address of segment {} has {} owners", segment, owners.size());
        // Of equal priorities, the one that is Active already stays unless it hears the other.
        if (!plan_.nopreempt && plan_.priorities[active[0]] != plan_.priorities[best])
            return fmt::format("host {} is Active with priority {}, host {} has {}", active[0],
                               unsigned{plan_.priorities[active[0]]}, best,
                               unsigned{plan_.priorities[best]});
    }
    return std::nullopt;
}

}  // namespace holdfast::sim
