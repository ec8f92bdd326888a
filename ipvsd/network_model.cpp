#include "ipvsd/network_model.hpp"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "ipvsd/kernel.hpp"
#include "lib/core/locator.hpp"
#include "proto/config.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace config = holdfast::config::v1;

constexpr std::uint32_t kAllBits = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kLongestAlgorithm = 15;  // TCP_CA_NAME_MAX and its NUL
// What the kernel makes of larger values.
constexpr std::uint32_t kLargestMtu = 65535 - 15;
constexpr std::uint32_t kLargestMss = 65535 - 40;

core::Error refused(std::string_view object, std::string_view why) {
    return core::Error(fmt::format("{}: {}", object, why), EINVAL);
}

std::uint8_t octet(std::uint32_t value) {
    return static_cast<std::uint8_t>(value);
}

bool is_name(const std::string& interface) {
    return interface.size() < IFNAMSIZ;
}

std::uint32_t realms_of(std::uint32_t source, std::uint32_t destination) {
    return (source & 0xffff) << 16 | (destination & 0xffff);
}

// ---- Prefixes -------------------------------------------------------------------------------

/// A field of syntax PREFIX: 4 or 16 octets, behind them perhaps the length; one octet 0: default,
/// of a family that the rest tells.
struct WrittenPrefix {
    std::optional<core::Address> address;
    std::uint8_t length = 0;
};

std::optional<WrittenPrefix> written_prefix(const std::string& octets) {
    WrittenPrefix prefix;
    if (octets.empty() || octets.size() == 1) return prefix;
    const std::size_t size = octets.size() < 16 ? 4 : 16;
    prefix.address = core::Address::from_bytes(std::string_view(octets).substr(0, size));
    if (!prefix.address || octets.size() > size + 1) return std::nullopt;
    prefix.length = octet(static_cast<std::uint32_t>(size * 8));
    if (octets.size() > size) prefix.length = static_cast<std::uint8_t>(octets.back());
    if (prefix.length > size * 8) return std::nullopt;
    return prefix;
}

core::Address anything(core::Family family) {
    return family == core::Family::ipv4 ? core::Address() : core::Address::from(in6_addr{});
}

netlink::Prefix as_selector(const WrittenPrefix& written) {
    if (!written.address || written.length == 0) return {};
    return {*written.address, written.length};
}

/// The kernel keeps no bits behind the prefix.
netlink::Prefix as_network(const WrittenPrefix& written, core::Family family) {
    if (!written.address || written.length == 0) return {anything(family), 0};
    return {netlink::network_of(*written.address, written.length), written.length};
}

// ---- Routes ---------------------------------------------------------------------------------

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

// ---- Rules ----------------------------------------------------------------------------------

std::uint8_t action_of(const config::Rule& from) {
    if (from.has_goto_preference()) return FR_ACT_GOTO;
    switch (from.action()) {
        case config::RULE_NOP:
            return FR_ACT_NOP;
        case config::RULE_BLACKHOLE:
            return FR_ACT_BLACKHOLE;
        case config::RULE_UNREACHABLE:
            return FR_ACT_UNREACHABLE;
        case config::RULE_PROHIBIT:
            return FR_ACT_PROHIBIT;
        default:
            return FR_ACT_TO_TBL;
    }
}

std::optional<netlink::Range> range_of(bool present, const config::NumberRange& from) {
    if (!present) return std::nullopt;
    return netlink::Range{from.first(), from.has_last() ? from.last() : from.first()};
}

void add_selectors(const config::Rule& from, netlink::Rule& to) {
    to.inverted = from.inverted();
    to.tos = octet(from.tos());
    to.mark = from.fwmark();
    to.mark_mask = from.has_fwmark_mask() ? from.fwmark_mask() : (to.mark == 0 ? 0 : kAllBits);
    to.input_interface = from.input_interface();
    to.output_interface = from.output_interface();
    to.tunnel_id = from.tunnel_id();
    to.uids = range_of(from.has_uids(), from.uids());
    to.ip_protocol = octet(from.ip_protocol());
    to.source_ports = range_of(from.has_source_ports(), from.source_ports());
    to.destination_ports = range_of(from.has_destination_ports(), from.destination_ports());
}

void add_action(const config::Rule& from, netlink::Rule& to) {
    to.preference = from.preference();
    to.protocol = from.has_protocol() ? octet(from.protocol()) : kOurProtocol;
    to.action = action_of(from);
    to.l3mdev = from.l3mdev();
    to.table = from.table();
    to.goto_preference = from.goto_preference();
    if (from.has_suppress_prefix_length()) {
        to.suppress_prefix_length = from.suppress_prefix_length();
    }
    if (from.has_suppress_group()) to.suppress_group = from.suppress_group();
    to.realms = realms_of(from.source_realm(), from.realm());
}

// ---- Addresses ------------------------------------------------------------------------------

std::uint32_t flags_of(const config::VirtualAddress& from, bool ipv6) {
    std::uint32_t flags = 0;
    if (ipv6 && !from.dad()) flags |= IFA_F_NODAD;
    if (ipv6 && from.home()) flags |= IFA_F_HOMEADDRESS;
    if (ipv6 && from.manage_temporary()) flags |= IFA_F_MANAGETEMPADDR;
    if (from.no_prefix_route()) flags |= IFA_F_NOPREFIXROUTE;
    if (from.auto_join()) flags |= IFA_F_MCAUTOJOIN;
    return flags;
}

/// For IPv6 only, as with keepalived: the kernel keeps none for an IPv4 address without end.
std::uint32_t preferred_lifetime_of(const config::VirtualAddress& from) {
    if (from.deprecated()) return 0;
    if (!from.has_preferred_lifetime_us()) return netlink::kForever;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(from.preferred_lifetime_us() / 1'000'000, netlink::kForever));
}

}  // namespace

core::Result<ConfiguredAddress> configured_address(const config::VirtualAddress& from,
                                                   const std::string& owner,
                                                   const std::string& interface_of_owner) {
    const auto address = core::Address::from_bytes(from.address());
    if (!address || from.id() == 0) return refused(owner, "address without value or id");
    const bool ipv6 = address->family() == core::Family::ipv6;
    const std::uint32_t bits = ipv6 ? 128 : 32;
    const std::uint32_t prefix = from.has_prefix_length() ? from.prefix_length() : bits;
    const std::string& written = from.interface().empty() ? interface_of_owner : from.interface();
    const std::string& interface = from.device().empty() ? written : from.device();
    if (prefix == 0 || prefix > bits) return refused(owner, "prefix length out of range");
    if (interface.empty() || !is_name(interface) || !is_name(from.label())) {
        return refused(owner, "interface or label of " + address->text());
    }

    ConfiguredAddress result{.id = core::ObjectId{from.id()}, .restored = !from.no_track()};
    result.value.address = *address;
    result.value.prefix_length = octet(prefix);
    result.value.scope = octet(from.scope());
    result.value.label = ipv6 ? std::string() : from.label();
    result.value.protocol = kOurProtocol;
    result.value.flags = flags_of(from, ipv6);
    if (ipv6) result.value.preferred_lifetime = preferred_lifetime_of(from);
    if (from.has_broadcast()) result.value.broadcast = core::Address::from_bytes(from.broadcast());
    if (from.has_peer()) result.value.peer = core::Address::from_bytes(from.peer());
    // One that is its own peer has none, as the kernel sees it.
    if (result.value.peer == address) result.value.peer.reset();
    if (result.value.peer && result.value.peer->family() != address->family()) {
        return refused(owner, "peer of " + address->text());
    }
    result.name = name_of(interface, result.value);
    return result;
}

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

core::Result<ConfiguredRule> configured_rule(const config::Rule& from, const std::string& owner) {
    if (from.id() == 0) return refused(owner, "rule without id");
    const auto selected_from = written_prefix(from.from());
    const auto selected_to = written_prefix(from.to());
    if (!selected_from || !selected_to) return refused(owner, "prefix of a rule");
    if (!is_name(from.input_interface()) || !is_name(from.output_interface())) {
        return refused(owner, "interface of a rule");
    }
    ConfiguredRule rule{.id = core::ObjectId{from.id()}, .restored = !from.no_track()};
    rule.value.from = as_selector(*selected_from);
    rule.value.to = as_selector(*selected_to);
    for (const auto& prefix : {*selected_from, *selected_to}) {
        if (prefix.address) rule.value.family = prefix.address->family();
    }
    const bool mixed =
        (rule.value.from.length != 0 && rule.value.from.address.family() != rule.value.family) ||
        (rule.value.to.length != 0 && rule.value.to.address.family() != rule.value.family);
    if (mixed) return refused(owner, "families of a rule");
    add_selectors(from, rule.value);
    add_action(from, rule.value);
    return rule;
}

}  // namespace holdfast::ipvsd
