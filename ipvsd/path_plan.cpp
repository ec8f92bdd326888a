#include "ipvsd/path_plan.hpp"

#include <algorithm>
#include <functional>

#include "ipvsd/routes.hpp"
#include "ipvsd/rules.hpp"

namespace holdfast::ipvsd {
namespace {

/// How much a rule says of the packets it is for.
int selectors_of(const netlink::Rule& rule) {
    return static_cast<int>(rule.from.length != 0) + static_cast<int>(rule.to.length != 0) +
           static_cast<int>(rule.tos != 0) + static_cast<int>(rule.mark_mask != 0) +
           static_cast<int>(!rule.input_interface.empty()) +
           static_cast<int>(!rule.output_interface.empty()) +
           static_cast<int>(rule.tunnel_id != 0) + static_cast<int>(rule.uids.has_value()) +
           static_cast<int>(rule.ip_protocol != 0) +
           static_cast<int>(rule.source_ports.has_value()) +
           static_cast<int>(rule.destination_ports.has_value()) +
           static_cast<int>(rule.realms != 0) + static_cast<int>(rule.suppress_group.has_value()) +
           static_cast<int>(rule.suppress_prefix_length.has_value());
}

/// In a request to remove, what is not said may be anything: the rule that says most goes first, or
/// it would be taken for one that says less.
void sort_by_selectors(std::vector<Change>& removals) {
    std::ranges::stable_sort(removals, std::greater<>{}, [](const Change& change) {
        return selectors_of(std::get<RemoveRule>(change).rule);
    });
}

/// Removals are gathered in the order of the wish and carried out in the reverse one.
PathPlan finished(PathPlan plan) {
    std::reverse(plan.removals.begin(), plan.removals.end());
    return plan;
}

}  // namespace

RoutesInKernel::const_iterator find(const RoutesInKernel& kernel, const std::string& name,
                                    const netlink::Route& wished) {
    const auto [first, last] = kernel.equal_range(name);
    const auto found = std::find_if(
        first, last, [&](const auto& each) { return goes_out_as(wished, each.second); });
    return found == last ? kernel.end() : found;
}

PathPlan plan_routes(std::span<const RouteWish> wished, const RoutesInKernel& kernel,
                     const std::set<std::string>& leftovers) {
    PathPlan plan;
    for (const RouteWish& wish : wished) {
        if (!wish.possible || wish.wish == Wish::unknown) continue;
        const auto found = find(kernel, wish.name, wish.value);
        if (wish.wish == Wish::absent) {
            if (found != kernel.end()) {
                plan.removals.emplace_back(RemoveRoute{found->second});
            } else if (wish.in_ledger && wish.value.family == core::Family::ipv6) {
                plan.removals.emplace_back(RemoveRoute{as_in_kernel(wish.value)});
            }
            continue;
        }
        if (found != kernel.end()) {
            const bool fine = fits(wish.value, found->second);
            if (fine && !wish.doubtful) continue;
            if (!fine) plan.removals.emplace_back(RemoveRoute{found->second});
        }
        plan.additions.emplace_back(AddRoute{wish.value, wish.placement});
    }
    for (const std::string& name : leftovers) {
        const auto [first, last] = kernel.equal_range(name);
        for (auto found = first; found != last; ++found) {
            plan.removals.emplace_back(RemoveRoute{found->second});
        }
    }
    return finished(std::move(plan));
}

PathPlan plan_rules(std::span<const RuleWish> wished, const RulesInKernel& kernel,
                    const std::set<std::string>& leftovers) {
    PathPlan plan;
    std::set<std::string> named;
    for (const RuleWish& wish : wished) {
        const std::string name = name_of(wish.value);
        if (!named.insert(name).second) continue;
        const auto found = kernel.find(name);
        if (wish.wish == Wish::absent && found != kernel.end()) {
            plan.removals.emplace_back(RemoveRule{found->second});
        }
        if (wish.wish == Wish::present && found == kernel.end()) {
            plan.additions.emplace_back(AddRule{wish.value});
        }
    }
    for (const auto& [name, rule] : kernel) {
        if (leftovers.contains(name) && !named.contains(name)) {
            plan.removals.emplace_back(RemoveRule{rule});
        }
    }
    PathPlan result = finished(std::move(plan));
    sort_by_selectors(result.removals);
    return result;
}

}  // namespace holdfast::ipvsd
