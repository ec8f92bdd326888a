// Routes of the configuration; see network_model.hpp.

#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <utility>

#include "ipvsd/kernel.hpp"
#include "ipvsd/network_model.hpp"
#include "ipvsd/written_values.hpp"
#include "lib/core/locator.hpp"
#include "proto/config.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace config = holdfast::config::v1;

constexpr std::size_t kLongestAlgorithm = 15;  // TCP_CA_NAME_MAX and its NUL
// What the kernel makes of larger values.
constexpr std::uint32_t kLargestMtu = 65535 - 15;
constexpr std::uint32_t kLargestMss = 65535 - 40;

std::optional<core::Address> end_of_tunnel(const std::string& octets) {
    return octets.empty() ? std::nullopt : core::Address::from_bytes(octets);
}

std::optional<netlink::Encapsulation> encapsulation_of(const config::Encapsulation& from) {
    netlink::Encapsulation to;
    if (from.has_ip()) {
        const config::IpEncapsulation& ip = from.ip();
        to = {.type = LWTUNNEL_ENCAP_IP,
              .id = ip.id(),
              .destination = end_of_tunnel(ip.destination()),
              .source = end_of_tunnel(ip.source()),
              .tos = octet(ip.tos()),
              .ttl = octet(ip.ttl()),
              .flags = static_cast<std::uint16_t>(ip.flags())};
    } else if (from.has_ip6()) {
        const config::Ip6Encapsulation& ip6 = from.ip6();
        to = {.type = LWTUNNEL_ENCAP_IP6,
              .id = ip6.id(),
              .destination = end_of_tunnel(ip6.destination()),
              .source = end_of_tunnel(ip6.source()),
              .tos = octet(ip6.traffic_class()),
              .ttl = octet(ip6.hop_limit()),
              .flags = static_cast<std::uint16_t>(ip6.flags())};
    } else if (from.mpls_size() > 0) {
        to.type = LWTUNNEL_ENCAP_MPLS;
        to.labels.assign(from.mpls().begin(), from.mpls().end());
        if (to.labels.size() > netlink::Route::kMostLabels) return std::nullopt;
    } else if (from.has_ila()) {
        const auto locator = core::locator_of(from.ila());
        if (!locator) return std::nullopt;
        to.type = LWTUNNEL_ENCAP_ILA;
        to.locator = *locator;
    }
    return to;
}

/// One way with the name of its interface.
struct NamedHop {
    netlink::NextHop hop;
    std::string interface;
};

/// A NextHop, or the way of a route that has only one: their fields have the same names.
template <class From>
core::Result<NamedHop> hop_of(const From& from, const std::string& owner) {
    NamedHop named{.hop = {}, .interface = from.interface()};
    if (!is_name(named.interface)) return refused(owner, "interface of a route");
    if (from.has_gateway()) {
        named.hop.gateway = core::Address::from_bytes(from.gateway());
        if (!named.hop.gateway) return refused(owner, "gateway of a route");
    }
    const auto encapsulation = encapsulation_of(from.encapsulation());
    if (!encapsulation) return refused(owner, "encapsulation of a route");
    named.hop.encapsulation = *encapsulation;
    named.hop.onlink = from.onlink();
    named.hop.realms = realms_of(from.source_realm(), from.realm());
    return named;
}

core::Status add_hops(const config::Route& from, const std::string& owner, ConfiguredRoute& to) {
    if (static_cast<std::size_t>(from.next_hops_size()) > netlink::Route::kMostHops) {
        return refused(owner, "too many next hops in a route");
    }
    const auto add = [&](NamedHop named) {
        to.value.hops.push_back(std::move(named.hop));
        to.interfaces.push_back(std::move(named.interface));
    };
    for (const config::NextHop& each : from.next_hops()) {
        auto named = hop_of(each, owner);
        if (!named) return named.error();
        const std::uint32_t weight = each.has_weight() ? each.weight() : 1;
        if (weight == 0 || weight > 256) return refused(owner, "weight of a next hop");
        named->hop.weight = weight;
        add(std::move(*named));
    }
    if (from.next_hops_size() > 0) return core::Done{};
    auto only = hop_of(from, owner);
    if (!only) return only.error();
    if (only->hop != netlink::NextHop{} || !only->interface.empty()) add(std::move(*only));
    return core::Done{};
}

std::uint32_t metric_of(config::RouteMetric metric) {
    switch (metric) {
        case config::METRIC_MTU:
            return RTAX_MTU;
        case config::METRIC_ADVMSS:
            return RTAX_ADVMSS;
        case config::METRIC_REORDERING:
            return RTAX_REORDERING;
        case config::METRIC_CWND:
            return RTAX_CWND;
        case config::METRIC_SSTHRESH:
            return RTAX_SSTHRESH;
        case config::METRIC_RTT:
            return RTAX_RTT;
        case config::METRIC_RTTVAR:
            return RTAX_RTTVAR;
        case config::METRIC_RTO_MIN:
            return RTAX_RTO_MIN;
        case config::METRIC_CONGCTL:
            return RTAX_CC_ALGO;
        default:
            return 0;
    }
}

void add_metrics(const config::Route& from, netlink::Route& to) {
    // The kernel keeps rtt in eighths and rttvar in quarters of a millisecond, rto_min in whole.
    const std::pair<int, std::uint64_t> values[] = {
        {RTAX_MTU, std::min(from.mtu(), kLargestMtu)},
        {RTAX_ADVMSS, std::min(from.advertised_mss(), kLargestMss)},
        {RTAX_REORDERING, from.reordering()},
        {RTAX_CWND, from.congestion_window()},
        {RTAX_SSTHRESH, from.slow_start_threshold()},
        {RTAX_HOPLIMIT, from.hop_limit()},
        {RTAX_RTT, from.rtt_us() / 125},
        {RTAX_RTTVAR, from.rtt_variance_us() / 250},
        {RTAX_RTO_MIN, from.minimum_rto_us() / 1000},
        {RTAX_WINDOW, from.window()},
        {RTAX_INITCWND, from.initial_congestion_window()},
        {RTAX_INITRWND, from.initial_receive_window()},
        {RTAX_FEATURES, from.features() == config::ROUTE_FEATURES_ECN ? RTAX_FEATURE_ECN : 0},
        {RTAX_QUICKACK, from.quick_ack()},
        {RTAX_FASTOPEN_NO_COOKIE, from.fast_open_without_cookie()}};
    for (const auto& value : values) {
        if (value.second == 0) continue;
        to.metrics[static_cast<std::uint8_t>(value.first)] =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(value.second, kAllBits));
    }
    for (const int locked : from.locked()) {
        to.locked |= 1U << metric_of(static_cast<config::RouteMetric>(locked));
    }
    to.locked &= ~1U;
    to.congestion_control = from.congestion_control();
}

/// The number of the kernel; our enumeration has the same.
std::uint8_t type_of(const config::Route& from) {
    return from.type() == config::ROUTE_TYPE_UNSPECIFIED
               ? std::uint8_t{RTN_UNICAST}
               : octet(static_cast<unsigned>(from.type()));
}

/// keepalived gives all routes the scope global, which the kernel refuses for those types.
std::uint8_t scope_of(const config::Route& from, std::uint8_t type) {
    if (from.has_scope()) return octet(from.scope());
    if (type == RTN_LOCAL) return RT_SCOPE_HOST;
    return type == RTN_BROADCAST || type == RTN_ANYCAST ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

netlink::RoutePlacement placement_of(config::RoutePlacement placement) {
    switch (placement) {
        case config::ROUTE_ADD:
            return netlink::RoutePlacement::alone;
        case config::ROUTE_APPEND:
            return netlink::RoutePlacement::behind;
        default:
            return netlink::RoutePlacement::before;
    }
}

/// Of the first address that is there; the gateway last, since IPv6 may carry IPv4.
core::Family family_of(const config::Route& from, const WrittenPrefix& destination,
                       const WrittenPrefix& source) {
    if (destination.address) return destination.address->family();
    if (source.address) return source.address->family();
    std::string octets = from.preferred_source();
    if (octets.empty()) octets = from.gateway();
    if (octets.empty() && from.next_hops_size() > 0) octets = from.next_hops(0).gateway();
    return octets.size() == 16 ? core::Family::ipv6 : core::Family::ipv4;
}

core::Status add_prefixes(const config::Route& from, const std::string& owner, netlink::Route& to) {
    const auto destination = written_prefix(from.destination());
    const auto source = written_prefix(from.source_prefix());
    if (!destination || !source) return refused(owner, "prefix of a route");
    to.family = family_of(from, *destination, *source);
    to.destination = as_network(*destination, to.family);
    to.source = as_network(*source, to.family);
    if (to.destination.address.family() != to.family || to.source.address.family() != to.family) {
        return refused(owner, "families of a route");
    }
    if (!from.has_preferred_source()) return core::Done{};
    to.preferred_source = core::Address::from_bytes(from.preferred_source());
    if (!to.preferred_source || to.preferred_source->family() != to.family) {
        return refused(owner, "source address of a route");
    }
    return core::Done{};
}

void add_numbers(const config::Route& from, netlink::Route& to) {
    to.type = type_of(from);
    to.scope = to.family == core::Family::ipv4 ? scope_of(from, to.type) : octet(from.scope());
    to.tos = octet(from.tos());
    to.protocol = from.has_protocol() ? octet(from.protocol()) : kOurProtocol;
    to.table = from.table() == 0 ? std::uint32_t{RT_TABLE_MAIN} : from.table();
    to.metric = from.metric();
    if (from.has_preference()) to.preference = octet(from.preference());
    if (from.has_ttl_propagation()) {
        to.ttl_propagation = from.ttl_propagation() == config::TTL_PROPAGATION_ENABLED ? 1 : 0;
    }
    to.expires = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(from.expires_us() / 1'000'000, kAllBits));
}

}  // namespace

core::Result<ConfiguredRoute> configured_route(const config::Route& from,
                                               const std::string& owner) {
    if (from.id() == 0) return refused(owner, "route without id");
    ConfiguredRoute route{.id = core::ObjectId{from.id()}};
    if (!is_name(from.vrf()) || from.congestion_control().size() > kLongestAlgorithm) {
        return refused(owner, "VRF or congestion control of a route");
    }
    if (core::Status added = add_prefixes(from, owner, route.value); !added) return added.error();
    add_numbers(from, route.value);
    if (core::Status added = add_hops(from, owner, route); !added) return added.error();
    add_metrics(from, route.value);
    route.vrf = from.vrf();
    route.placement = placement_of(from.placement());
    // keepalived cannot track a route without interface and the binder says so; we can. One that
    // the kernel itself lets expire is nobody's theft.
    route.restored = (!from.no_track() || !from.has_interface()) && route.value.expires == 0;
    return route;
}

}  // namespace holdfast::ipvsd
