#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ipvsd/kernel.hpp"
#include "ipvsd/plan.hpp"

/// (wished, kernel, leftovers) -> changes of routes and rules. Pure and level-triggered, as
/// plan.hpp. Ours is what the wish names and what the ledger names; a route or rule of somebody
/// else is never touched, even when it stands in our way.
namespace holdfast::ipvsd {

/// `value` with the interface indexes of now.
struct RouteWish {
    netlink::Route value;
    netlink::RoutePlacement placement = netlink::RoutePlacement::before;
    Wish wish = Wish::present;
    bool possible = true;  // false: an interface is missing
};
/// Several routes may have one name, see name_of().
using RoutesInKernel = std::multimap<std::string, netlink::Route>;

struct RuleWish {
    netlink::Rule value;
    Wish wish = Wish::present;
};
using RulesInKernel = std::map<std::string, netlink::Rule>;

/// What goes before the changes of addresses, and what comes after them.
struct PathPlan {
    std::vector<Change> removals;
    std::vector<Change> additions;
    [[nodiscard]] bool empty() const { return removals.empty() && additions.empty(); }
};

/// Removals in reverse order of the wish, then those of `leftovers` (names of our ledger that
/// nobody wishes); additions in the order of the wish. A route that is there with other settings is
/// removed and added again within one batch. Of rules those that say most are removed first: in a
/// request to remove, what is not said may be anything.
[[nodiscard]] PathPlan plan_routes(std::span<const RouteWish> wished, const RoutesInKernel& kernel,
                                   const std::set<std::string>& leftovers);
[[nodiscard]] PathPlan plan_rules(std::span<const RuleWish> wished, const RulesInKernel& kernel,
                                  const std::set<std::string>& leftovers);

/// The one that is wished; end() when it is not there.
[[nodiscard]] RoutesInKernel::const_iterator find(const RoutesInKernel& kernel,
                                                  const netlink::Route& wished);

/// What the kernel takes along when it loses `address`: IPv4 routes whose preferred source it is.
void drop_routes_from(RoutesInKernel& kernel, const core::Address& address);

}  // namespace holdfast::ipvsd
