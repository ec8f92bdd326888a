#include "lib/netlink/link_codec.hpp"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstring>

namespace holdfast::netlink {
namespace {

constexpr std::uint32_t kSkipStatistics = 1U << 3;  // RTEXT_FILTER_SKIP_STATS
constexpr std::array kSettings{Ipv4Setting::proxy_arp,  Ipv4Setting::rp_filter,
                               Ipv4Setting::arp_filter, Ipv4Setting::arp_announce,
                               Ipv4Setting::arp_ignore, Ipv4Setting::promote_secondaries};

ifinfomsg header_for(std::uint32_t index) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = static_cast<int>(index);
    return header;
}

void set_up(ifinfomsg& header, bool up) {
    header.ifi_flags = up ? IFF_UP : 0;
    header.ifi_change = IFF_UP;
}

/// Both families in one attribute, as the kernel wants it.
void put_settings(Message& message, const Ipv4Settings& ipv4, bool no_ipv6_addresses) {
    if (ipv4.empty() && !no_ipv6_addresses) return;
    message.begin_nested(IFLA_AF_SPEC);
    if (!ipv4.empty()) {
        message.begin_nested(AF_INET);
        message.begin_nested(IFLA_INET_CONF);
        for (const auto& [setting, value] : ipv4) message.put(static_cast<int>(setting), value);
        message.end_nested();
        message.end_nested();
    }
    if (no_ipv6_addresses) {
        constexpr std::uint8_t kNone = IN6_ADDR_GEN_MODE_NONE;
        message.begin_nested(AF_INET6);
        message.put(IFLA_INET6_ADDR_GEN_MODE, kNone);
        message.end_nested();
    }
    message.end_nested();
}

void put_kind(Message& message, const NewLink& link) {
    message.begin_nested(IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, link.kind);
    message.begin_nested(IFLA_INFO_DATA);
    if (link.kind == "ipvlan") {
        message.put(IFLA_IPVLAN_MODE, static_cast<std::uint16_t>(link.mode));
        message.put(IFLA_IPVLAN_FLAGS, static_cast<std::uint16_t>(link.flags));
    } else {
        message.put(IFLA_MACVLAN_MODE, link.mode);
    }
    message.end_nested();
    message.end_nested();
}

}  // namespace

Message encode_make(const NewLink& link) {
    Message message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
    message.header(header_for(0));
    message.put_text(IFLA_IFNAME, link.name);
    message.put(IFLA_LINK, link.parent_index);
    if (!link.hardware_address.bytes().empty()) {
        message.put_bytes(IFLA_ADDRESS, link.hardware_address.bytes());
    }
    if (link.group != 0) message.put(IFLA_GROUP, link.group);
    if (link.master_index != 0) message.put(IFLA_MASTER, link.master_index);
    put_kind(message, link);
    return message;
}

std::vector<Message> encode_after_make(const NewLink& link) {
    std::vector<Message> messages;
    Message settings(RTM_SETLINK, NLM_F_REQUEST);
    settings.header(header_for(0));
    settings.put_text(IFLA_IFNAME, link.name);
    if (!link.alias.empty()) settings.put_text(IFLA_IFALIAS, link.alias);
    put_settings(settings, link.ipv4, true);
    messages.push_back(std::move(settings));

    Message rise(RTM_SETLINK, NLM_F_REQUEST);
    ifinfomsg header = header_for(0);
    set_up(header, true);
    rise.header(header);
    rise.put_text(IFLA_IFNAME, link.name);
    messages.push_back(std::move(rise));
    return messages;
}

Message encode(const LinkEdit& edit) {
    Message message(edit.mode ? RTM_NEWLINK : RTM_SETLINK, NLM_F_REQUEST);
    ifinfomsg header = header_for(edit.index);
    if (edit.up) set_up(header, *edit.up);
    message.header(header);
    if (edit.mtu) message.put(IFLA_MTU, *edit.mtu);
    if (edit.master) message.put(IFLA_MASTER, *edit.master);
    if (edit.alias) message.put_text(IFLA_IFALIAS, *edit.alias);
    if (edit.mode) put_kind(message, {.name = {}, .kind = edit.kind, .mode = *edit.mode});
    put_settings(message, edit.ipv4, edit.no_ipv6_addresses);
    return message;
}

Message encode_link_removal(std::uint32_t index) {
    Message message(RTM_DELLINK, NLM_F_REQUEST);
    message.header(header_for(index));
    return message;
}

Message encode_link_details_dump() {
    Message message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
    message.header(ifinfomsg{});
    message.put(IFLA_EXT_MASK, kSkipStatistics);
    return message;
}

std::optional<LinkDetails> decode_link_details(const Reply& reply) {
    if (reply.type != RTM_NEWLINK) return std::nullopt;
    auto link = decode_link(reply);
    if (!link) return std::nullopt;
    LinkDetails details{.link = std::move(*link), .ipv4 = {}};
    const Attributes attributes = reply.attributes_after(sizeof(ifinfomsg));
    // An array whose first element is setting number 1.
    const auto values = attributes.nested(IFLA_AF_SPEC).nested(AF_INET).bytes(IFLA_INET_CONF);
    for (const Ipv4Setting setting : kSettings) {
        const std::size_t at = (static_cast<std::size_t>(setting) - 1) * sizeof(std::uint32_t);
        if (at + sizeof(std::uint32_t) > values.size()) continue;
        std::memcpy(&details.ipv4[setting], values.data() + at, sizeof(std::uint32_t));
    }
    return details;
}

}  // namespace holdfast::netlink
