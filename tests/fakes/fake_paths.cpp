#include "tests/fakes/fake_paths.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::tests {
namespace {

using core::Family;
using netlink::InterfaceAddress;
using netlink::NextHop;
using netlink::Route;
using netlink::RoutePlacement;

bool leads_nowhere(const Route& route) {
    return route.type == RTN_BLACKHOLE || route.type == RTN_UNREACHABLE ||
           route.type == RTN_PROHIBIT || route.type == RTN_THROW;
}

bool leads_backwards(const netlink::Rule& rule) {
    return rule.action == FR_ACT_GOTO && rule.goto_preference <= rule.preference;
}

bool same_key(const Route& one, const Route& other) {
    return one.family == other.family && one.table == other.table &&
           one.destination == other.destination && one.source == other.source &&
           one.tos == other.tos && one.metric == other.metric;
}

bool same_ways(const Route& one, const Route& other) {
    return std::ranges::equal(one.hops, other.hops, [](const NextHop& a, const NextHop& b) {
        return a.gateway == b.gateway && a.interface_index == b.interface_index;
    });
}

/// How the kernel looks for a rule to remove: what the request leaves out may be anything; whether
/// the rule is inverted, and where it goes to, does not count.
bool is_meant(const netlink::Rule& rule, const netlink::Rule& wanted, bool exactly) {
    const auto fits = [&](const auto& there, const auto& named, const auto& none) {
        return there == named || (!exactly && named == none);
    };
    const netlink::Rule none{.action = 0};
    const auto same_prefix = [](const netlink::Prefix& there, const netlink::Prefix& named) {
        return named.length == 0 || there == named;
    };
    return rule.family == wanted.family && rule.preference == wanted.preference &&
           same_prefix(rule.from, wanted.from) && same_prefix(rule.to, wanted.to) &&
           fits(rule.action, wanted.action, none.action) &&
           fits(rule.table, wanted.table, none.table) &&
           fits(rule.input_interface, wanted.input_interface, none.input_interface) &&
           fits(rule.output_interface, wanted.output_interface, none.output_interface) &&
           fits(rule.mark, wanted.mark, none.mark) &&
           fits(rule.mark_mask, wanted.mark_mask, none.mark_mask) &&
           fits(rule.ip_protocol, wanted.ip_protocol, none.ip_protocol) &&
           fits(rule.protocol, wanted.protocol, none.protocol) &&
           fits(rule.uids, wanted.uids, none.uids) &&
           fits(rule.source_ports, wanted.source_ports, none.source_ports) &&
           fits(rule.destination_ports, wanted.destination_ports, none.destination_ports);
}

/// A request to remove may leave interfaces out.
bool is_meant(const Route& route, const Route& wanted) {
    return std::ranges::equal(
        route.hops, wanted.hops, [](const NextHop& there, const NextHop& named) {
            return there.gateway == named.gateway &&
                   (named.interface_index == 0 || named.interface_index == there.interface_index);
        });
}

}  // namespace

/// The interface that leads to the gateway, as the kernel finds it.
int FakePaths::complete(NextHop& hop, const Route& route) const {
    const bool v4 = route.family == Family::ipv4;
    if (hop.interface_index != 0) {
        const netlink::Link* link = host_.link(hop.interface_index);
        // IPv4 looks for the way to the gateway first.
        const bool looks_first = v4 && hop.gateway && !hop.onlink;
        if (link == nullptr) return looks_first ? ENETUNREACH : ENODEV;
        if (!link->is_up()) return looks_first ? ENETUNREACH : ENETDOWN;
    }
    if (!hop.gateway) return hop.interface_index == 0 ? ENODEV : 0;
    const auto addresses = host_.addresses();
    const auto leads = [&](const InterfaceAddress& address) {
        const netlink::Link* link = host_.link(address.interface_index);
        return address.address.family() == hop.gateway->family() && link != nullptr &&
               link->is_up() &&
               (hop.interface_index == 0 || hop.interface_index == address.interface_index) &&
               address.address.shares_prefix(*hop.gateway, address.prefix_length);
    };
    const auto local = std::ranges::find(addresses, *hop.gateway, &InterfaceAddress::address);
    if (!v4 && local != addresses.end()) return EINVAL;
    if (hop.onlink) return hop.interface_index == 0 ? EINVAL : 0;
    if (!v4 && hop.gateway->is_link_local()) return hop.interface_index == 0 ? EINVAL : 0;
    const auto found = std::ranges::find_if(addresses, leads);
    if (found == addresses.end()) return v4 ? ENETUNREACH : EHOSTUNREACH;
    hop.interface_index = found->interface_index;
    return 0;
}

int FakePaths::complete(Route& route) const {
    const bool v4 = route.family == Family::ipv4;
    if (!v4 && route.metric == 0) route.metric = 1024;
    if (leads_nowhere(route)) {
        if (v4 && !route.hops.empty()) return EINVAL;
        route.hops.clear();
    } else if (route.hops.empty()) {
        return ENODEV;
    }
    for (NextHop& hop : route.hops) {
        if (const int code = complete(hop, route); code != 0) return code;
    }
    if (!route.preferred_source) return 0;
    const auto addresses = host_.addresses();
    const bool ours = std::ranges::find(addresses, *route.preferred_source,
                                        &InterfaceAddress::address) != addresses.end();
    return ours ? 0 : EINVAL;
}

/// Of IPv6 routes with one key those with gateways become the ways of one.
int FakePaths::join_siblings(const Route& route) {
    const auto there = std::ranges::find_if(routes_, [&](const Route& other) {
        return same_key(other, route) && !leads_nowhere(other) && !leads_nowhere(route);
    });
    if (there == routes_.end()) return 0;
    for (const NextHop& hop : route.hops) {
        const bool known = std::ranges::any_of(there->hops, [&](const NextHop& other) {
            return other.gateway == hop.gateway && other.interface_index == hop.interface_index;
        });
        if (known) return EEXIST;
    }
    return 0;
}

int FakePaths::carry_out(const ipvsd::AddRoute& change) {
    Route route = change.route;
    if (const int code = complete(route); code != 0) return code;
    const auto first =
        std::ranges::find_if(routes_, [&](const Route& other) { return same_key(other, route); });
    if (first != routes_.end() && change.placement == RoutePlacement::alone) return EEXIST;
    if (route.family == Family::ipv6) {
        const bool same = std::ranges::any_of(routes_, [&](const Route& other) {
            return same_key(other, route) && same_ways(other, route);
        });
        if (same) return EEXIST;
        if (const int code = join_siblings(route); code != 0) return code;
        routes_.push_back(route);
    } else {
        if (std::ranges::find(routes_, route) != routes_.end()) return EEXIST;
        const bool before = change.placement == RoutePlacement::before && first != routes_.end();
        routes_.insert(before ? first : routes_.end(), route);
    }
    host_.tell_route(route, false);
    return 0;
}

int FakePaths::carry_out(const ipvsd::RemoveRoute& change) {
    Route wanted = change.route;
    if (wanted.family == Family::ipv6 && wanted.metric == 0) wanted.metric = 1024;
    const auto found = std::ranges::find_if(routes_, [&](const Route& other) {
        const bool same_source =
            !wanted.preferred_source || wanted.preferred_source == other.preferred_source;
        return same_key(other, wanted) && is_meant(other, wanted) && same_source &&
               other.type == wanted.type && other.protocol == wanted.protocol &&
               other.scope == wanted.scope;
    });
    if (found == routes_.end()) return ESRCH;
    const Route gone = *found;
    routes_.erase(found);
    host_.tell_route(gone, true);
    return 0;
}

int FakePaths::carry_out(const ipvsd::AddRule& change) {
    const netlink::Rule& rule = change.rule;
    if (leads_backwards(rule)) return EINVAL;
    const bool there = std::ranges::any_of(
        rules_, [&](const netlink::Rule& other) { return is_meant(other, rule, true); });
    if (there) return EEXIST;
    const auto place = std::ranges::find_if(
        rules_, [&](const netlink::Rule& other) { return other.preference > rule.preference; });
    rules_.insert(place, rule);
    host_.tell_rule(rule, false);
    return 0;
}

int FakePaths::carry_out(const ipvsd::RemoveRule& change) {
    if (leads_backwards(change.rule)) return EINVAL;
    const auto found = std::ranges::find_if(
        rules_, [&](const netlink::Rule& other) { return is_meant(other, change.rule, false); });
    if (found == rules_.end()) return ENOENT;
    const netlink::Rule gone = *found;
    rules_.erase(found);
    host_.tell_rule(gone, true);
    return 0;
}

void FakePaths::put(const Route& route) {
    routes_.push_back(route);
    host_.tell_route(route, false);
}

void FakePaths::interface_lost(std::uint32_t index) {
    const auto lost = [&](const Route& route) {
        return std::ranges::any_of(
            route.hops, [&](const NextHop& hop) { return hop.interface_index == index; });
    };
    for (const Route& route : routes_) {
        if (lost(route) && route.family == Family::ipv6) host_.tell_route(route, true);
    }
    std::erase_if(routes_, lost);
}

void FakePaths::address_lost(const core::Address& address) {
    if (address.family() == Family::ipv4) {
        std::erase_if(routes_,
                      [&](const Route& route) { return route.preferred_source == address; });
        return;
    }
    for (Route& route : routes_) {
        if (route.preferred_source == address) route.preferred_source.reset();
    }
}

}  // namespace holdfast::tests
