#include "lib/netlink/rule_codec.hpp"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <limits>
#include <utility>

namespace holdfast::netlink {
namespace {

constexpr std::uint32_t kNothingSuppressed = std::numeric_limits<std::uint32_t>::max();

fib_rule_hdr header_of_rule(const Rule& rule) {
    fib_rule_hdr header{};
    header.family = static_cast<std::uint8_t>(core::to_af(rule.family));
    header.dst_len = rule.to.length;
    header.src_len = rule.from.length;
    header.tos = rule.tos;
    header.table = octet_of_table(rule.table);
    header.action = rule.action;
    header.flags = rule.inverted ? FIB_RULE_INVERT : 0;
    return header;
}

void put_selectors(Message& message, const Rule& rule) {
    put_prefix(message, FRA_SRC, rule.from);
    put_prefix(message, FRA_DST, rule.to);
    if (rule.mark != 0 || rule.mark_mask != 0) {
        message.put(FRA_FWMARK, rule.mark);
        message.put(FRA_FWMASK, rule.mark_mask);
    }
    if (!rule.input_interface.empty()) message.put_text(FRA_IIFNAME, rule.input_interface);
    if (!rule.output_interface.empty()) message.put_text(FRA_OIFNAME, rule.output_interface);
    if (rule.tunnel_id != 0) message.put(FRA_TUN_ID, htobe64(rule.tunnel_id));
    if (rule.uids) {
        message.put(FRA_UID_RANGE, fib_rule_uid_range{rule.uids->first, rule.uids->last});
    }
    if (rule.ip_protocol != 0) message.put(FRA_IP_PROTO, rule.ip_protocol);
    const auto put_ports = [&](int type, const std::optional<Range>& ports) {
        if (!ports) return;
        message.put(type, fib_rule_port_range{static_cast<std::uint16_t>(ports->first),
                                              static_cast<std::uint16_t>(ports->last)});
    };
    put_ports(FRA_SPORT_RANGE, rule.source_ports);
    put_ports(FRA_DPORT_RANGE, rule.destination_ports);
}

void put_action(Message& message, const Rule& rule) {
    put_table(message, FRA_TABLE, rule.table);
    if (rule.action == FR_ACT_GOTO) message.put(FRA_GOTO, rule.goto_preference);
    if (rule.l3mdev) message.put(FRA_L3MDEV, std::uint8_t{1});
    if (rule.suppress_prefix_length) {
        message.put(FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
    }
    if (rule.suppress_group) message.put(FRA_SUPPRESS_IFGROUP, *rule.suppress_group);
    if (rule.realms != 0) message.put(FRA_FLOW, rule.realms);
}

Message encode(const Rule& rule, std::uint16_t type, int flags) {
    Message message(type, static_cast<std::uint16_t>(NLM_F_REQUEST | flags));
    message.header(header_of_rule(rule));
    message.put(FRA_PRIORITY, rule.preference);
    put_selectors(message, rule);
    put_action(message, rule);
    if (rule.protocol != 0) message.put(FRA_PROTOCOL, rule.protocol);
    return message;
}

/// Of packets from or to anywhere there is nothing to be said, whatever the family.
Prefix as_selector(const Prefix& prefix) {
    return prefix.length == 0 ? Prefix{} : prefix;
}

/// The kernel tells of some settings that are not there with all bits set.
std::optional<std::uint32_t> get_suppressor(const Attributes& attributes, int type) {
    const auto value = attributes.number<std::uint32_t>(type);
    return value == kNothingSuppressed ? std::nullopt : value;
}

std::optional<Range> get_ports(const Attributes& attributes, int type) {
    const auto ports = attributes.record<fib_rule_port_range>(type);
    if (!ports) return std::nullopt;
    return Range{ports->start, ports->end};
}

void get_selectors(const Attributes& attributes, Rule& rule) {
    rule.mark = attributes.number_or<std::uint32_t>(FRA_FWMARK, 0);
    rule.mark_mask = attributes.number_or<std::uint32_t>(FRA_FWMASK, 0);
    rule.input_interface = attributes.text(FRA_IIFNAME);
    rule.output_interface = attributes.text(FRA_OIFNAME);
    rule.tunnel_id = be64toh(attributes.number_or<std::uint64_t>(FRA_TUN_ID, 0));
    if (const auto uids = attributes.record<fib_rule_uid_range>(FRA_UID_RANGE)) {
        const bool all = uids->start == 0 && uids->end == kNothingSuppressed;
        if (!all) rule.uids = Range{uids->start, uids->end};
    }
    rule.ip_protocol = attributes.number_or<std::uint8_t>(FRA_IP_PROTO, 0);
    rule.source_ports = get_ports(attributes, FRA_SPORT_RANGE);
    rule.destination_ports = get_ports(attributes, FRA_DPORT_RANGE);
}

void get_action(const Attributes& attributes, const fib_rule_hdr& header, Rule& rule) {
    rule.action = header.action;
    rule.l3mdev = attributes.number_or<std::uint8_t>(FRA_L3MDEV, 0) != 0;
    if (rule.action == FR_ACT_TO_TBL && !rule.l3mdev) {
        rule.table = attributes.number_or<std::uint32_t>(FRA_TABLE, header.table);
    }
    if (rule.action == FR_ACT_GOTO) {
        rule.goto_preference = attributes.number_or<std::uint32_t>(FRA_GOTO, 0);
    }
    rule.suppress_prefix_length = get_suppressor(attributes, FRA_SUPPRESS_PREFIXLEN);
    rule.suppress_group = get_suppressor(attributes, FRA_SUPPRESS_IFGROUP);
    rule.realms = attributes.number_or<std::uint32_t>(FRA_FLOW, 0);
}

std::string mark_text(const Rule& rule) {
    if (rule.mark == 0 && rule.mark_mask == 0) return {};
    return fmt::format(" fwmark {:#x}/{:#x}", rule.mark, rule.mark_mask);
}

std::string range_text(std::string_view word, const std::optional<Range>& range) {
    return range ? fmt::format(" {} {}-{}", word, range->first, range->last) : std::string();
}

std::string action_text(const Rule& rule) {
    switch (rule.action) {
        case FR_ACT_GOTO:
            return fmt::format(" goto {}", rule.goto_preference);
        case FR_ACT_NOP:
            return " nop";
        case FR_ACT_BLACKHOLE:
            return " blackhole";
        case FR_ACT_UNREACHABLE:
            return " unreachable";
        case FR_ACT_PROHIBIT:
            return " prohibit";
        default:
            return rule.l3mdev ? " l3mdev" : fmt::format(" table {}", rule.table);
    }
}

std::string selectors_text(const Rule& rule) {
    const auto named = [](std::string_view word, const std::string& name) {
        return name.empty() ? std::string() : fmt::format(" {} {}", word, name);
    };
    const auto counted = [](std::string_view word, std::uint64_t number) {
        return number == 0 ? std::string() : fmt::format(" {} {}", word, number);
    };
    return counted("tos", rule.tos) + mark_text(rule) + named("iif", rule.input_interface) +
           named("oif", rule.output_interface) + counted("tunnel-id", rule.tunnel_id) +
           range_text("uidrange", rule.uids) + counted("ipproto", rule.ip_protocol) +
           range_text("sport", rule.source_ports) + range_text("dport", rule.destination_ports);
}

}  // namespace

Message encode_add(const Rule& rule) {
    return encode(rule, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
}

Message encode_remove(const Rule& rule) {
    return encode(rule, RTM_DELRULE, 0);
}

Message encode_rule_dump(core::Family family) {
    Message message(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
    fib_rule_hdr header{};
    header.family = static_cast<std::uint8_t>(core::to_af(family));
    message.header(header);
    return message;
}

std::optional<Rule> decode_rule(const Reply& reply) {
    const auto header = head_in(reply, RTM_NEWRULE, RTM_DELRULE, &fib_rule_hdr::family);
    if (!header) return std::nullopt;
    const Attributes attributes = reply.attributes_after(sizeof *header);
    Rule rule;
    rule.family = family_of(header->family);
    const auto from = get_prefix(attributes, FRA_SRC, rule.family, header->src_len);
    const auto to = get_prefix(attributes, FRA_DST, rule.family, header->dst_len);
    if (!from || !to) return std::nullopt;
    rule.from = as_selector(*from);
    rule.to = as_selector(*to);
    rule.inverted = (header->flags & FIB_RULE_INVERT) != 0;
    rule.tos = header->tos;
    rule.preference = attributes.number_or<std::uint32_t>(FRA_PRIORITY, 0);
    rule.protocol = attributes.number_or<std::uint8_t>(FRA_PROTOCOL, 0);
    get_selectors(attributes, rule);
    get_action(attributes, *header, rule);
    const bool named_well =
        rule.input_interface.size() < IFNAMSIZ && rule.output_interface.size() < IFNAMSIZ;
    return named_well ? std::optional(std::move(rule)) : std::nullopt;
}

std::string to_text(const Rule& rule) {
    std::string text = rule.inverted ? "not from " : "from ";
    text += rule.from.length == 0 ? "all" : to_text(rule.from);
    if (rule.to.length != 0) text += " to " + to_text(rule.to);
    text += selectors_text(rule) + action_text(rule);
    if (rule.suppress_prefix_length) {
        text += fmt::format(" suppress_prefixlength {}", *rule.suppress_prefix_length);
    }
    if (rule.suppress_group) text += fmt::format(" suppress_ifgroup {}", *rule.suppress_group);
    if (rule.realms != 0)
        text += fmt::format(" realms {}/{}", rule.realms >> 16, rule.realms & 0xffff);
    text += fmt::format(" preference {}", rule.preference);
    return text + (rule.family == core::Family::ipv6 ? " (IPv6)" : "");
}

}  // namespace holdfast::netlink
