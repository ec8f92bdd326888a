#include "ipvsd/routes.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace holdfast::ipvsd {
namespace {

constexpr std::uint32_t kMetricOfIpv6 = 1024;  // IP6_RT_PRIO_USER, for a route without

std::uint32_t metric_in_kernel(const netlink::Route& route) {
    const bool filled_in = route.family == core::Family::ipv6 && route.metric == 0;
    return filled_in ? kMetricOfIpv6 : route.metric;
}

std::string_view type_text(std::uint8_t type) {
    switch (type) {
        case RTN_LOCAL:
            return "local ";
        case RTN_BROADCAST:
            return "broadcast ";
        case RTN_ANYCAST:
            return "anycast ";
        case RTN_MULTICAST:
            return "multicast ";
        case RTN_BLACKHOLE:
            return "blackhole ";
        case RTN_UNREACHABLE:
            return "unreachable ";
        case RTN_PROHIBIT:
            return "prohibit ";
        case RTN_THROW:
            return "throw ";
        case RTN_UNICAST:
            return "";
        default:
            return "other ";
    }
}

/// The kernel keeps the ways of an IPv6 route in an order of its own.
std::vector<std::string> gateways_of(const netlink::Route& route) {
    std::vector<std::string> gateways;
    for (const netlink::NextHop& hop : route.hops) {
        if (hop.gateway) gateways.push_back(hop.gateway->text());
    }
    std::sort(gateways.begin(), gateways.end());
    return gateways;
}

bool same_way(const netlink::NextHop& wished, const netlink::NextHop& found) {
    return wished.gateway == found.gateway &&
           (wished.interface_index == 0 || wished.interface_index == found.interface_index);
}

bool fits(const netlink::NextHop& wished, const netlink::NextHop& found) {
    return same_way(wished, found) && wished.weight == found.weight &&
           wished.onlink == found.onlink && wished.realms == found.realms &&
           wished.encapsulation == found.encapsulation;
}

/// Each wished hop has one of its own among the found ones, whatever the order.
template <class Same>
bool pair_up(const netlink::Route& wished, const netlink::Route& found, Same same) {
    // Of a route that leads nowhere IPv6 says that it leaves by lo.
    if (wished.hops.empty()) return true;
    return wished.hops.size() == found.hops.size() &&
           std::ranges::is_permutation(wished.hops, found.hops, same);
}

}  // namespace

std::optional<netlink::Route> resolve(const ConfiguredRoute& route,
                                      const netlink::InterfaceTable& interfaces) {
    netlink::Route result = route.value;
    for (std::size_t i = 0; i < result.hops.size() && i < route.interfaces.size(); ++i) {
        if (route.interfaces[i].empty()) continue;
        const netlink::Interface* interface = interfaces.find(route.interfaces[i]);
        if (interface == nullptr) return std::nullopt;
        result.hops[i].interface_index = interface->link.index;
    }
    if (route.vrf.empty()) return result;
    const netlink::Interface* vrf = interfaces.find(route.vrf);
    if (vrf == nullptr || vrf->link.vrf_table == 0) return std::nullopt;
    result.table = vrf->link.vrf_table;
    return result;
}

std::string name_of(const netlink::Route& route) {
    std::string name(type_text(route.type));
    name += to_text(route.destination);
    if (route.source.length != 0) name += " from " + to_text(route.source);
    if (route.tos != 0) name += fmt::format(" tos {}", route.tos);
    for (const std::string& gateway : gateways_of(route)) name += " via " + gateway;
    name += fmt::format(" table {}", route.table);
    if (const auto metric = metric_in_kernel(route)) name += fmt::format(" metric {}", metric);
    name += fmt::format(" protocol {}", route.protocol);
    return name +
           (route.family == core::Family::ipv6 && route.destination.length == 0 ? " (IPv6)" : "");
}

bool goes_out_as(const netlink::Route& wished, const netlink::Route& found) {
    return pair_up(wished, found, same_way);
}

bool fits(const netlink::Route& wished, const netlink::Route& found) {
    const bool v6 = wished.family == core::Family::ipv6;
    const bool hops_fit =
        pair_up(wished, found, [](const auto& a, const auto& b) { return fits(a, b); });
    return hops_fit && (v6 || wished.scope == found.scope) &&
           (!wished.preferred_source || wished.preferred_source == found.preferred_source) &&
           wished.metrics == found.metrics && wished.locked == found.locked &&
           wished.congestion_control == found.congestion_control &&
           (!wished.preference || wished.preference == found.preference) &&
           (wished.expires != 0) == (found.expires != 0);
}

netlink::Route as_in_kernel(netlink::Route wished) {
    wished.metric = metric_in_kernel(wished);
    return wished;
}

netlink::RouteHead head_of(const netlink::Route& route) {
    return {route.family, route.table, route.destination};
}

}  // namespace holdfast::ipvsd
