#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ipvsd/kernel.hpp"
#include "ipvsd/plan.hpp"
#include "lib/core/ids.hpp"

/// (wished, kernel, leftovers) -> changes of routes and rules. Pure and level-triggered, as
/// plan.hpp. Ours is what the wish names and what the ledger names; a route or rule of somebody
/// else is never touched, even when it stands in our way.
namespace holdfast::ipvsd {

/// `value` with the interface indexes of now, `name` its name_of().
struct RouteWish {
    std::string name;
    netlink::Route value;
    netlink::RoutePlacement placement = netlink::RoutePlacement::before;
    Wish wish = Wish::present;
    bool possible = true;   // false: an interface is missing
    bool doubtful = false;  // the kernel may have lost it: asked for again, as if it was not there
    /// Ours by the ledger: removed even if the kernel does not show it, since it may have made one
    /// route of several (IPv6, see plan_routes).
    bool in_ledger = false;
    core::ObjectId ledger_id;
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
/// removed and added again within one batch. IPv6 routes with one destination and metric become the
/// ways of one route, and the kernel shows them under the protocol of the first: of ours it may
/// show nothing although it is there. Of rules those that say most are removed first: in a request
/// to remove, what is not said may be anything.
[[nodiscard]] PathPlan plan_routes(std::span<const RouteWish> wished, const RoutesInKernel& kernel,
                                   const std::set<std::string>& leftovers);
[[nodiscard]] PathPlan plan_rules(std::span<const RuleWish> wished, const RulesInKernel& kernel,
                                  const std::set<std::string>& leftovers);

/// The one that is wished, whose name is `name`; end() when it is not there.
[[nodiscard]] RoutesInKernel::const_iterator find(const RoutesInKernel& kernel,
                                                  const std::string& name,
                                                  const netlink::Route& wished);

}  // namespace holdfast::ipvsd
