#include "ipvsd/network_model.hpp"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>

#include <algorithm>

#include "ipvsd/kernel.hpp"
#include "ipvsd/written_values.hpp"
#include "proto/config.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace config = holdfast::config::v1;

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
    result.device = interface;
    return result;
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
