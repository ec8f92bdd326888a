#include "lib/netlink/codec.hpp"

#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <limits>

namespace holdfast::netlink {
namespace {

// Newer than the oldest kernel headers that we are compiled with.
constexpr int kIfaProtocol = 11;                    // IFA_PROTO, Linux 5.18
constexpr std::uint32_t kSkipStatistics = 1U << 3;  // RTEXT_FILTER_SKIP_STATS
constexpr std::uint16_t kDump = NLM_F_REQUEST | NLM_F_DUMP;

// What a request may set; the rest is the kernel's to tell.
constexpr std::uint32_t kSettableFlags = IFA_F_NODAD | IFA_F_OPTIMISTIC | IFA_F_HOMEADDRESS |
                                         IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
                                         IFA_F_MCAUTOJOIN;

template <class Header>
std::optional<Header> header_of(std::span<const std::byte> payload) {
    if (payload.size() < sizeof(Header)) return std::nullopt;
    Header header;
    std::memcpy(&header, payload.data(), sizeof header);
    return header;
}

std::optional<Event> decode_answer(const Reply& reply) {
    const auto error = header_of<nlmsgerr>(reply.payload);
    if (!error) return std::nullopt;
    Answer answer{.sequence = error->msg.nlmsg_seq, .code = -error->error, .text = {}};
    if ((reply.flags & NLM_F_ACK_TLVS) != 0) {
        // Unless capped, the request's own payload stands between header and attributes.
        std::size_t before = sizeof(nlmsgerr);
        if ((reply.flags & NLM_F_CAPPED) == 0 && error->msg.nlmsg_len > sizeof(nlmsghdr)) {
            before += NLMSG_ALIGN(error->msg.nlmsg_len - sizeof(nlmsghdr));
        }
        answer.text = reply.attributes_after(before).text(NLMSGERR_ATTR_MSG);
    }
    return answer;
}

std::optional<Event> decode_done(const Reply& reply) {
    const auto code = header_of<int>(reply.payload);
    return DumpDone{.sequence = reply.sequence, .code = code.value_or(0) < 0 ? -*code : 0};
}

HardwareAddress hardware_address(const Attributes& attributes, int type) {
    return HardwareAddress::from_bytes(attributes.bytes(type)).value_or(HardwareAddress{});
}

/// A macvlan's is a number of 32 bits, an ipvlan's one of 16.
std::uint32_t mode_of(std::string_view kind, const Attributes& data) {
    if (kind == "macvlan") return data.number_or<std::uint32_t>(IFLA_MACVLAN_MODE, 0);
    if (kind == "ipvlan") return data.number_or<std::uint16_t>(IFLA_IPVLAN_MODE, 0);
    return 0;
}

/// True for messages about the interface itself; bridges and IPv6 send their own under the same
/// type, and a port that leaves a bridge is no interface that vanished.
bool about_interface(const Reply& reply) {
    const auto info = header_of<ifinfomsg>(reply.payload);
    return info && info->ifi_family == AF_UNSPEC && info->ifi_index > 0;
}

void decode_ends(const Attributes& attributes, InterfaceAddress& address,
                 const core::Address& first) {
    const auto local = attributes.address(IFA_LOCAL);
    address.address = local.value_or(first);
    if (local && *local != first) address.peer = first;
}

}  // namespace

Attributes Reply::attributes_after(std::size_t header_size) const {
    const std::size_t aligned = NLMSG_ALIGN(header_size);
    if (payload.size() <= aligned) return Attributes({});
    return Attributes(payload.subspan(aligned));
}

std::vector<Reply> split(std::span<const std::byte> datagram) {
    std::vector<Reply> replies;
    while (datagram.size() >= sizeof(nlmsghdr)) {
        nlmsghdr head{};
        std::memcpy(&head, datagram.data(), sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > datagram.size()) break;
        replies.push_back({.type = head.nlmsg_type,
                           .flags = head.nlmsg_flags,
                           .sequence = head.nlmsg_seq,
                           .port = head.nlmsg_pid,
                           .payload = datagram.subspan(sizeof head, head.nlmsg_len - sizeof head)});
        const std::size_t whole = NLMSG_ALIGN(std::size_t{head.nlmsg_len});
        if (whole >= datagram.size()) break;
        datagram = datagram.subspan(whole);
    }
    return replies;
}

std::optional<Link> decode_link(const Reply& reply) {
    if (!about_interface(reply)) return std::nullopt;
    const auto info = *header_of<ifinfomsg>(reply.payload);
    const Attributes attributes = reply.attributes_after(sizeof info);
    Link link;
    link.index = static_cast<std::uint32_t>(info.ifi_index);
    link.name = attributes.text(IFLA_IFNAME);
    if (link.name.empty()) return std::nullopt;
    link.flags = info.ifi_flags;
    link.mtu = attributes.number_or<std::uint32_t>(IFLA_MTU, 0);
    link.hardware_type = info.ifi_type;
    link.hardware_address = hardware_address(attributes, IFLA_ADDRESS);
    link.hardware_broadcast = hardware_address(attributes, IFLA_BROADCAST);
    const Attributes info_of_kind = attributes.nested(IFLA_LINKINFO);
    link.kind = info_of_kind.text(IFLA_INFO_KIND);
    if (link.kind == "vrf") {
        link.vrf_table =
            info_of_kind.nested(IFLA_INFO_DATA).number_or<std::uint32_t>(IFLA_VRF_TABLE, 0);
    }
    link.mode = mode_of(link.kind, info_of_kind.nested(IFLA_INFO_DATA));
    // With an IFLA_LINK_NETNSID that is a number of another namespace, and means nothing here.
    if (!attributes.has(IFLA_LINK_NETNSID)) {
        link.parent_index = attributes.number_or<std::uint32_t>(IFLA_LINK, 0);
    }
    link.master_index = attributes.number_or<std::uint32_t>(IFLA_MASTER, 0);
    link.alias = attributes.text(IFLA_IFALIAS);
    return link;
}

std::optional<InterfaceAddress> decode_address(const Reply& reply) {
    const auto info = header_of<ifaddrmsg>(reply.payload);
    if (!info) return std::nullopt;
    const Attributes attributes = reply.attributes_after(sizeof *info);
    auto first = attributes.address(IFA_ADDRESS);
    if (!first) first = attributes.address(IFA_LOCAL);
    if (!first || core::to_af(first->family()) != info->ifa_family) return std::nullopt;

    InterfaceAddress address;
    address.interface_index = info->ifa_index;
    address.prefix_length = info->ifa_prefixlen;
    if (address.prefix_length > core::octets_of(first->family()) * 8) return std::nullopt;
    decode_ends(attributes, address, *first);
    if (address.address.family() != first->family()) return std::nullopt;
    address.broadcast = attributes.address(IFA_BROADCAST);
    address.label = attributes.text(IFA_LABEL);
    address.scope = info->ifa_scope;
    address.flags = attributes.number_or<std::uint32_t>(IFA_FLAGS, info->ifa_flags);
    address.protocol = attributes.number_or<std::uint8_t>(kIfaProtocol, 0);
    if (const auto times = attributes.record<ifa_cacheinfo>(IFA_CACHEINFO)) {
        address.preferred_lifetime = times->ifa_prefered;
        address.valid_lifetime = times->ifa_valid;
    }
    return address;
}

std::optional<Event> decode(const Reply& reply) {
    switch (reply.type) {
        case NLMSG_ERROR:
            return decode_answer(reply);
        case NLMSG_DONE:
            return decode_done(reply);
        case RTM_NEWLINK:
            if (auto link = decode_link(reply)) return LinkSeen{std::move(*link)};
            return std::nullopt;
        case RTM_DELLINK:
            if (!about_interface(reply)) return std::nullopt;
            return LinkGone{
                static_cast<std::uint32_t>(header_of<ifinfomsg>(reply.payload)->ifi_index)};
        case RTM_NEWADDR:
            if (auto address = decode_address(reply)) return AddressSeen{std::move(*address)};
            return std::nullopt;
        case RTM_DELADDR:
            if (auto address = decode_address(reply)) return AddressGone{std::move(*address)};
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

std::vector<Event> decode(std::span<const std::byte> datagram) {
    std::vector<Event> events;
    for (const Reply& reply : split(datagram)) {
        if (auto event = decode(reply)) events.push_back(std::move(*event));
    }
    return events;
}

Message encode(AddressVerb verb, const InterfaceAddress& address) {
    const bool remove = verb == AddressVerb::remove;
    const int create =
        verb == AddressVerb::add ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE | NLM_F_REPLACE;
    Message message(remove ? RTM_DELADDR : RTM_NEWADDR,
                    static_cast<std::uint16_t>(NLM_F_REQUEST | (remove ? 0 : create)));
    const std::uint32_t flags = address.flags & kSettableFlags;
    ifaddrmsg header{};
    header.ifa_family = static_cast<std::uint8_t>(core::to_af(address.address.family()));
    header.ifa_prefixlen = address.prefix_length;
    header.ifa_flags = static_cast<std::uint8_t>(flags & 0xff);
    header.ifa_scope = address.scope;
    header.ifa_index = address.interface_index;
    message.header(header);
    message.put_address(IFA_LOCAL, address.address);
    message.put_address(IFA_ADDRESS, address.peer.value_or(address.address));
    if (remove) return message;

    if (address.broadcast) message.put_address(IFA_BROADCAST, *address.broadcast);
    if (!address.label.empty()) message.put_text(IFA_LABEL, address.label);
    if (flags != 0) message.put(IFA_FLAGS, flags);
    if (address.protocol != 0) message.put(kIfaProtocol, address.protocol);
    if (address.preferred_lifetime != kForever || address.valid_lifetime != kForever) {
        ifa_cacheinfo times{};
        times.ifa_prefered = address.preferred_lifetime;
        times.ifa_valid = address.valid_lifetime;
        message.put(IFA_CACHEINFO, times);
    }
    return message;
}

Message encode_attribute_probe(int type) {
    Message message(RTM_NEWADDR, NLM_F_REQUEST);
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    header.ifa_index = std::numeric_limits<std::int32_t>::max();
    message.header(header);
    message.put_bytes(type, {});
    return message;
}

Message encode_link_dump() {
    Message message(RTM_GETLINK, kDump);
    message.header(ifinfomsg{});
    message.put(IFLA_EXT_MASK, kSkipStatistics);
    return message;
}

Message encode_address_dump() {
    Message message(RTM_GETADDR, kDump);
    message.header(ifaddrmsg{});
    return message;
}

Message encode_ipv6_forwarding_dump() {
    Message message(RTM_GETNETCONF, NLM_F_REQUEST | NLM_F_DUMP);
    message.header(netconfmsg{.ncm_family = AF_INET6});
    return message;
}

std::optional<Ipv6Forwarding> decode_ipv6_forwarding(const Reply& reply) {
    const auto info = header_of<netconfmsg>(reply.payload);
    if (reply.type != RTM_NEWNETCONF || !info || info->ncm_family != AF_INET6) return std::nullopt;
    const Attributes attributes = reply.attributes_after(sizeof *info);
    const auto index = attributes.number_or<std::int32_t>(NETCONFA_IFINDEX, 0);
    if (index <= 0) return std::nullopt;
    return Ipv6Forwarding{static_cast<std::uint32_t>(index),
                          attributes.number_or<std::int32_t>(NETCONFA_FORWARDING, 0) != 0};
}

Message encode_family_request(std::string_view name) {
    Message message(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK);
    message.header(genlmsghdr{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0});
    message.put_text(CTRL_ATTR_FAMILY_NAME, name);
    return message;
}

std::optional<FamilyNews> decode_family(const Reply& reply) {
    const auto head = header_of<genlmsghdr>(reply.payload);
    if (reply.type != GENL_ID_CTRL || !head) return std::nullopt;
    if (head->cmd != CTRL_CMD_NEWFAMILY && head->cmd != CTRL_CMD_DELFAMILY) return std::nullopt;
    const Attributes attributes = reply.attributes_after(sizeof *head);
    FamilyNews news;
    news.present = head->cmd == CTRL_CMD_NEWFAMILY;
    news.family.id = attributes.number_or<std::uint16_t>(CTRL_ATTR_FAMILY_ID, 0);
    news.family.name = attributes.text(CTRL_ATTR_FAMILY_NAME);
    // The groups are a list whose entries are numbered from 1.
    const Attributes groups = attributes.nested(CTRL_ATTR_MCAST_GROUPS);
    for (int entry = 1; entry <= Attributes::kMaximumType && groups.has(entry); ++entry) {
        const Attributes group = groups.nested(entry);
        if (const auto id = group.number<std::uint32_t>(CTRL_ATTR_MCAST_GRP_ID)) {
            news.family.groups.emplace_back(group.text(CTRL_ATTR_MCAST_GRP_NAME), *id);
        }
    }
    return news;
}

}  // namespace holdfast::netlink
