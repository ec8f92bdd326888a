#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/netlink/codec.hpp"
#include "lib/netlink/message.hpp"
#include "lib/netlink/path_head.hpp"

/// Pure: policy rules as rtnetlink carries them (RTM_NEWRULE, <linux/fib_rules.h>).
namespace holdfast::netlink {

/// From `first` to `last`, both included.
struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    friend auto operator<=>(const Range&, const Range&) = default;
};

/// One rule. All of it tells it apart from others: the kernel has no shorter key.
struct Rule {
    core::Family family = core::Family::ipv4;
    bool inverted = false;
    Prefix from;
    Prefix to;
    std::uint32_t preference = 0;
    std::uint8_t tos = 0;
    std::uint32_t mark = 0;
    std::uint32_t mark_mask = 0;  // the kernel shows all bits for a mark without mask
    std::string input_interface;
    std::string output_interface;
    std::uint8_t action = 1;  // FR_ACT_*
    std::uint32_t table = 0;  // FR_ACT_TO_TBL
    std::uint32_t goto_preference = 0;
    bool l3mdev = false;
    std::optional<std::uint32_t> suppress_prefix_length;
    std::optional<std::uint32_t> suppress_group;
    std::uint32_t realms = 0;  // IPv4
    std::uint64_t tunnel_id = 0;
    std::optional<Range> uids;
    std::uint8_t protocol = 0;  // who made it, RTPROT_*
    std::uint8_t ip_protocol = 0;
    std::optional<Range> source_ports;
    std::optional<Range> destination_ports;
    friend auto operator<=>(const Rule&, const Rule&) = default;
};

/// RTM_NEWRULE, refused with EEXIST if there.
[[nodiscard]] Message encode_add(const Rule& rule);
/// RTM_DELRULE of exactly this one.
[[nodiscard]] Message encode_remove(const Rule& rule);
[[nodiscard]] Message encode_rule_dump(core::Family family);
/// Nothing for other messages than RTM_NEWRULE and RTM_DELRULE, and for malformed ones.
[[nodiscard]] std::optional<Rule> decode_rule(const Reply& reply);

/// "from 192.0.2.0/24 iif eth0 lookup 100 preference 7"
[[nodiscard]] std::string to_text(const Rule& rule);

}  // namespace holdfast::netlink
