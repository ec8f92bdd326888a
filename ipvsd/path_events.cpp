// What Paths sees of the kernel: dumps and events; and what it tells of itself.

#include <algorithm>

#include "ipvsd/paths.hpp"

namespace holdfast::ipvsd {
namespace {

constexpr std::size_t kMostMissingShown = 10;

bool goes_by(const netlink::Route& route, std::uint32_t interface_index) {
    return std::ranges::any_of(route.hops, [&](const netlink::NextHop& hop) {
        // 0: the kernel has chosen one, and has not told yet.
        return hop.interface_index == interface_index || hop.interface_index == 0;
    });
}

}  // namespace

// ---- Dumps ----------------------------------------------------------------------------------

core::Status Paths::look() {
    must_look_ = false;
    if (std::exchange(names_old_, false)) {
        claims_.name_anew(kernel_.interfaces());
        forget_unclaimed();
        kernel_.follow_routes(claims_.following());
    }
    std::set<RouteTable> places;
    std::set<core::ObjectId> leftovers;
    for (const auto& [id, place] : ledger_.routes()) {
        places.insert(place);
        leftovers.insert(id);
    }
    for (const ClaimedRoute* each : claims_.all().routes) {
        leftovers.erase(each->ledger_id);
        const std::uint8_t protocol = each->claims.front().object->value.protocol;
        places.insert({each->head.family, each->head.table, protocol});
    }
    const std::vector<RouteTable> list(places.begin(), places.end());
    auto routes = kernel_.dump_routes(
        list, [&](const netlink::Route& route) { return is_of_interest(route, leftovers); });
    if (!routes) return routes.error();
    routes_.clear();
    for (netlink::Route& each : *routes) routes_.emplace(name_of(each), std::move(each));
    doubtful_.clear();
    if (!claims_.all().rules.empty() || ledger_.has_rules()) {
        if (core::Status looked = look_at_rules(); !looked) return looked;
    }
    looked_ = true;
    return core::Done{};
}

/// Whoever configures the protocol of a routing daemon has a million of its routes in the dump.
bool Paths::is_of_interest(const netlink::Route& route,
                           const std::set<core::ObjectId>& leftovers) const {
    if (!claims_.at(head_of(route)).empty()) return true;
    return !leftovers.empty() && leftovers.contains(Ledger::route_id(name_of(route)));
}

core::Status Paths::look_at_rules() {
    auto rules = kernel_.dump_rules();
    if (!rules) return rules.error();
    rules_.clear();
    for (netlink::Rule& each : *rules) rules_.emplace(name_of(each), std::move(each));
    return core::Done{};
}

// ---- Events ---------------------------------------------------------------------------------

/// Somebody else's has come; it may have taken the place of one of ours.
bool Paths::suspect_those_at(const netlink::RouteHead& head) {
    bool any = false;
    for (const ClaimedRoute* each : claims_.at(head)) {
        if (!routes_.contains(each->name)) continue;
        doubtful_.insert(each->name);
        any = true;
    }
    return any;
}

bool Paths::is_as_wished(const std::string& name, const netlink::Route& found) const {
    return std::ranges::any_of(claims_.named(name), [&](const ClaimedRoute* each) {
        const auto claim = claimed(each->claims, wish_of_);
        return claim.wish == Wish::unknown ||
               (claim.wish == Wish::present &&
                fits(value_of(*claim.object, kernel_.interfaces()), found));
    });
}

bool Paths::route_changed(const netlink::Route& route, bool gone) {
    const std::string name = name_of(route);
    const PathClaims::Routes& ours = claims_.named(name);
    if (ours.empty()) return !gone && suspect_those_at(head_of(route));
    const auto known = find(routes_, name, route);
    if (!gone) {
        if (known != routes_.end()) routes_.erase(known);
        routes_.emplace(name, route);
        return !is_as_wished(name, route);
    }
    // One that was made anew is there although the kernel told that it removed the old one.
    if (known == routes_.end() || !fits(known->second, route)) return false;
    const bool restored = std::ranges::any_of(ours, [&](const ClaimedRoute* each) {
        return claimed(each->claims, wish_of_).object->restored;
    });
    (restored ? doubtful_ : let_go_).insert(name);
    return restored;
}

bool Paths::rule_changed(const netlink::Rule& rule, bool gone) {
    const std::string name = name_of(rule);
    const ClaimedRule* ours = claims_.rule(name);
    if (ours == nullptr) return false;
    if (!gone) {
        if (!rules_.contains(name)) rules_.emplace(name, rule);
        return !wished(name);
    }
    if (!rules_.contains(name)) return false;
    if (claimed(ours->claims, wish_of_).object->restored) {
        // Perhaps we have removed it ourselves when another was meant, which is still there.
        rules_doubtful_ = true;
        rules_.erase(name);
        return true;
    }
    let_go_.insert(name);
    return false;
}

bool Paths::address_removed(const core::Address& address) {
    bool concerned = false;
    for (const ClaimedRoute* each : claims_.from(address)) {
        if (!routes_.contains(each->name)) continue;
        concerned = true;
        if (address.family() == core::Family::ipv4) {
            doubtful_.insert(each->name);
        } else {
            must_look_ = true;  // those of IPv6 stay, and lose their source
        }
    }
    return concerned;
}

bool Paths::leaves_by(const std::string& name, const netlink::Link& link) const {
    const bool asked_for = std::ranges::any_of(claims_.named(name), [&](const ClaimedRoute* each) {
        const ConfiguredRoute& route = *each->claims.front().object;
        return route.vrf == link.name ||
               std::ranges::find(route.interfaces, link.name) != route.interfaces.end();
    });
    const auto [first, last] = routes_.equal_range(name);
    return asked_for || std::any_of(first, last, [&](const auto& each) {
               return goes_by(each.second, link.index);
           });
}

bool Paths::link_changed(const netlink::Link& link) {
    // A VRF that came has a table.
    if (claims_.uses_vrf(link.name)) names_old_ = true;
    const bool concerned = names_old_ || claims_.uses(link.name) ||
                           std::ranges::any_of(routes_, [&](const auto& each) {
                               return goes_by(each.second, link.index);
                           });
    // What the kernel refused for want of a way may be possible now.
    if (!concerned) return failing() && link.is_up();
    std::erase_if(let_go_, [&](const std::string& name) { return leaves_by(name, link); });
    must_look_ = true;
    return true;
}

// ---- What is told ---------------------------------------------------------------------------

Paths::Count Paths::count(core::ObjectId instance) const {
    Count count;
    const bool wanted = wish_of_(instance) == Wish::present;
    const auto add = [&](std::string_view kind, const std::string& name, bool there) {
        const bool gone = let_go_.contains(name) || doubtful_.contains(name);
        if (wanted) ++count.wanted;
        if (there && !gone) ++count.installed;
        if (!wanted || (there && !gone) || count.missing.size() >= kMostMissingShown) return;
        const auto failure = failing_.find(name);
        const char* why = let_go_.contains(name) ? "removed by somebody else, and not tracked"
                                                 : "not there; it is about to be put back";
        count.missing.push_back(failure != failing_.end()
                                    ? failure->second.text
                                    : std::string(kind) + " " + name + ": " + why);
    };
    for (const ClaimedRoute* each : claims_.of(instance).routes) {
        const netlink::Route value =
            value_of(*claimed(each->claims, wish_of_).object, kernel_.interfaces());
        add("route", each->name, find(routes_, each->name, value) != routes_.end());
    }
    for (const ClaimedRule* each : claims_.of(instance).rules) {
        add("rule", each->name, rules_.contains(each->name));
    }
    return count;
}

}  // namespace holdfast::ipvsd
