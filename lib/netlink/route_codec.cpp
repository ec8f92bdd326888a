#include "lib/netlink/route_codec.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/ila.h>
#include <linux/lwtunnel.h>
#include <linux/mpls.h>
#include <linux/mpls_iptunnel.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace holdfast::netlink {
namespace {

// ---- Requests -------------------------------------------------------------------------------

/// An address of the other family needs an attribute that names it.
void put_gateway(Message& message, core::Family family, const core::Address& gateway) {
    if (gateway.family() == family) {
        message.put_address(RTA_GATEWAY, gateway);
        return;
    }
    std::vector<std::byte> via(sizeof(std::uint16_t));
    const auto other = static_cast<std::uint16_t>(core::to_af(gateway.family()));
    std::memcpy(via.data(), &other, sizeof other);
    const auto octets = gateway.bytes();
    via.insert(via.end(), octets.begin(), octets.end());
    message.put_bytes(RTA_VIA, via);
}

void put_labels(Message& message, const std::vector<std::uint32_t>& labels) {
    std::vector<std::uint32_t> entries;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const std::uint32_t bottom = i + 1 == labels.size() ? 1 : 0;
        entries.push_back(htonl(labels[i] << MPLS_LS_LABEL_SHIFT | bottom << MPLS_LS_S_SHIFT));
    }
    message.put_bytes(MPLS_IPTUNNEL_DST, std::as_bytes(std::span(entries)));
}

/// ip and ip6 have the same numbers for id, destination and source, and exchange the next two.
void put_tunnel(Message& message, const Encapsulation& tunnel) {
    const bool v6 = tunnel.type == LWTUNNEL_ENCAP_IP6;
    if (tunnel.id != 0) message.put(LWTUNNEL_IP_ID, htobe64(tunnel.id));
    if (tunnel.destination) message.put_address(LWTUNNEL_IP_DST, *tunnel.destination);
    if (tunnel.source) message.put_address(LWTUNNEL_IP_SRC, *tunnel.source);
    if (tunnel.ttl != 0) {
        message.put(v6 ? int{LWTUNNEL_IP6_HOPLIMIT} : int{LWTUNNEL_IP_TTL}, tunnel.ttl);
    }
    if (tunnel.tos != 0) message.put(v6 ? int{LWTUNNEL_IP6_TC} : int{LWTUNNEL_IP_TOS}, tunnel.tos);
    if (tunnel.flags != 0) {
        message.put(v6 ? int{LWTUNNEL_IP6_FLAGS} : int{LWTUNNEL_IP_FLAGS}, htons(tunnel.flags));
    }
}

void put_encapsulation(Message& message, const Encapsulation& encapsulation) {
    if (encapsulation.type == LWTUNNEL_ENCAP_NONE) return;
    message.begin_nested(RTA_ENCAP);
    if (encapsulation.type == LWTUNNEL_ENCAP_MPLS) {
        put_labels(message, encapsulation.labels);
    } else if (encapsulation.type == LWTUNNEL_ENCAP_ILA) {
        message.put(ILA_ATTR_LOCATOR, htobe64(encapsulation.locator));
    } else {
        put_tunnel(message, encapsulation);
    }
    message.end_nested();
    message.put(RTA_ENCAP_TYPE, encapsulation.type);
}

void put_hop(Message& message, core::Family family, const NextHop& hop) {
    if (hop.gateway) put_gateway(message, family, *hop.gateway);
    if (hop.realms != 0) message.put(RTA_FLOW, hop.realms);
    put_encapsulation(message, hop.encapsulation);
}

/// One struct rtnexthop with the attributes that stand in it.
std::vector<std::byte> hop_in_list(core::Family family, const NextHop& hop) {
    Message part(0, 0);
    part.header(rtnexthop{});
    put_hop(part, family, hop);
    const auto octets = part.bytes().subspan(sizeof(nlmsghdr));
    std::vector<std::byte> result(octets.begin(), octets.end());
    rtnexthop head{};
    head.rtnh_len = static_cast<std::uint16_t>(result.size());
    head.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
    head.rtnh_hops = static_cast<std::uint8_t>(hop.weight - 1);
    head.rtnh_ifindex = static_cast<int>(hop.interface_index);
    std::memcpy(result.data(), &head, sizeof head);
    return result;
}

void put_hops(Message& message, const Route& route) {
    if (route.hops.size() == 1) {
        const NextHop& hop = route.hops.front();
        put_hop(message, route.family, hop);
        if (hop.interface_index != 0) message.put(RTA_OIF, hop.interface_index);
        return;
    }
    if (route.hops.empty()) return;
    std::vector<std::byte> list;
    for (const NextHop& hop : route.hops) {
        const auto one = hop_in_list(route.family, hop);
        list.insert(list.end(), one.begin(), one.end());
    }
    message.put_bytes(RTA_MULTIPATH, list);
}

void put_metrics(Message& message, const Route& route) {
    const bool none =
        std::ranges::all_of(route.metrics, [](const auto& m) { return m.second == 0; });
    if (none && route.locked == 0 && route.congestion_control.empty()) return;
    message.begin_nested(RTA_METRICS);
    for (const auto& [metric, value] : route.metrics) {
        if (value != 0) message.put(metric, value);
    }
    if (!route.congestion_control.empty()) {
        message.put_text(RTAX_CC_ALGO, route.congestion_control);
    }
    if (route.locked != 0) message.put(RTAX_LOCK, route.locked);
    message.end_nested();
}

std::size_t room_for(const Route& route) {
    constexpr std::size_t kForOneHop = 256;
    return Message::kRoom + (route.hops.size() > 1 ? route.hops.size() * kForOneHop : 0);
}

rtmsg header_of_route(const Route& route) {
    rtmsg header{};
    header.rtm_family = static_cast<std::uint8_t>(core::to_af(route.family));
    header.rtm_dst_len = route.destination.length;
    header.rtm_src_len = route.source.length;
    header.rtm_tos = route.tos;
    header.rtm_table = octet_of_table(route.table);
    header.rtm_protocol = route.protocol;
    header.rtm_scope = route.scope;
    header.rtm_type = route.type;
    if (route.hops.size() == 1 && route.hops.front().onlink) header.rtm_flags = RTNH_F_ONLINK;
    return header;
}

/// What a request to add and one to remove have in common.
void put_identity(Message& message, const Route& route) {
    message.header(header_of_route(route));
    put_prefix(message, RTA_DST, route.destination);
    put_prefix(message, RTA_SRC, route.source);
    put_table(message, RTA_TABLE, route.table);
    if (route.metric != 0) message.put(RTA_PRIORITY, route.metric);
    if (route.preferred_source) message.put_address(RTA_PREFSRC, *route.preferred_source);
    put_hops(message, route);
}

std::uint16_t flags_of(RoutePlacement placement) {
    switch (placement) {
        case RoutePlacement::behind:
            return NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND;
        case RoutePlacement::alone:
            return NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
        case RoutePlacement::before:
            break;
    }
    return NLM_F_REQUEST | NLM_F_CREATE;
}

// ---- Answers --------------------------------------------------------------------------------

std::optional<rtmsg> route_header(const Reply& reply) {
    return head_in(reply, RTM_NEWROUTE, RTM_DELROUTE, &rtmsg::rtm_family);
}

std::optional<core::Address> get_gateway(const Attributes& attributes) {
    if (const auto gateway = attributes.address(RTA_GATEWAY)) return gateway;
    const auto via = attributes.bytes(RTA_VIA);
    if (via.size() <= sizeof(std::uint16_t)) return std::nullopt;
    return core::Address::from_bytes(via.subspan(sizeof(std::uint16_t)));
}

void get_labels(const Attributes& attributes, Encapsulation& to) {
    const auto octets = attributes.bytes(MPLS_IPTUNNEL_DST);
    for (std::size_t at = 0; at + 4 <= octets.size() && to.labels.size() < Route::kMostLabels;
         at += 4) {
        std::uint32_t entry = 0;
        std::memcpy(&entry, octets.data() + at, sizeof entry);
        to.labels.push_back(ntohl(entry) >> MPLS_LS_LABEL_SHIFT);
    }
}

void get_tunnel(const Attributes& attributes, Encapsulation& to) {
    const bool v6 = to.type == LWTUNNEL_ENCAP_IP6;
    to.id = be64toh(attributes.number_or<std::uint64_t>(LWTUNNEL_IP_ID, 0));
    const auto meant = [](std::optional<core::Address> address) {
        return address && address->is_unspecified() ? std::nullopt : address;
    };
    to.destination = meant(attributes.address(LWTUNNEL_IP_DST));
    to.source = meant(attributes.address(LWTUNNEL_IP_SRC));
    to.ttl = attributes.number_or<std::uint8_t>(
        v6 ? int{LWTUNNEL_IP6_HOPLIMIT} : int{LWTUNNEL_IP_TTL}, 0);
    to.tos =
        attributes.number_or<std::uint8_t>(v6 ? int{LWTUNNEL_IP6_TC} : int{LWTUNNEL_IP_TOS}, 0);
    to.flags = ntohs(attributes.number_or<std::uint16_t>(
        v6 ? int{LWTUNNEL_IP6_FLAGS} : int{LWTUNNEL_IP_FLAGS}, 0));
}

Encapsulation get_encapsulation(const Attributes& attributes) {
    Encapsulation result;
    result.type = attributes.number_or<std::uint16_t>(RTA_ENCAP_TYPE, 0);
    const Attributes inner = attributes.nested(RTA_ENCAP);
    if (result.type == LWTUNNEL_ENCAP_MPLS) get_labels(inner, result);
    if (result.type == LWTUNNEL_ENCAP_ILA) {
        result.locator = be64toh(inner.number_or<std::uint64_t>(ILA_ATTR_LOCATOR, 0));
    }
    if (result.type == LWTUNNEL_ENCAP_IP || result.type == LWTUNNEL_ENCAP_IP6) {
        get_tunnel(inner, result);
    }
    return result;
}

NextHop get_hop(const Attributes& attributes) {
    NextHop hop;
    hop.gateway = get_gateway(attributes);
    hop.realms = attributes.number_or<std::uint32_t>(RTA_FLOW, 0);
    hop.encapsulation = get_encapsulation(attributes);
    return hop;
}

/// The ways of a list; one whose length leaves the list ends it. No route of ours has as many as
/// would not be looked at.
std::vector<NextHop> get_list(std::span<const std::byte> octets) {
    std::vector<NextHop> hops;
    while (octets.size() >= sizeof(rtnexthop) && hops.size() <= 2 * Route::kMostHops) {
        rtnexthop head{};
        std::memcpy(&head, octets.data(), sizeof head);
        if (head.rtnh_len < sizeof head || head.rtnh_len > octets.size()) break;
        NextHop hop = get_hop(Attributes(octets.subspan(sizeof head, head.rtnh_len - sizeof head)));
        hop.interface_index = static_cast<std::uint32_t>(head.rtnh_ifindex);
        hop.weight = std::uint32_t{head.rtnh_hops} + 1;
        hop.onlink = (head.rtnh_flags & RTNH_F_ONLINK) != 0;
        hops.push_back(std::move(hop));
        octets = octets.subspan(
            std::min<std::size_t>(RTNH_ALIGN(std::size_t{head.rtnh_len}), octets.size()));
    }
    return hops;
}

void get_metrics(const Attributes& attributes, Route& route) {
    const Attributes metrics = attributes.nested(RTA_METRICS);
    for (int metric = RTAX_MTU; metric <= RTAX_FASTOPEN_NO_COOKIE; ++metric) {
        if (metric == RTAX_CC_ALGO) continue;
        const auto value = metrics.number_or<std::uint32_t>(metric, 0);
        if (value != 0) route.metrics[static_cast<std::uint8_t>(metric)] = value;
    }
    route.congestion_control = metrics.text(RTAX_CC_ALGO);
    route.locked = metrics.number_or<std::uint32_t>(RTAX_LOCK, 0);
}

void get_hops(const Attributes& attributes, const rtmsg& header, Route& route) {
    if (attributes.has(RTA_MULTIPATH)) {
        route.hops = get_list(attributes.bytes(RTA_MULTIPATH));
        return;
    }
    NextHop hop = get_hop(attributes);
    hop.interface_index = attributes.number_or<std::uint32_t>(RTA_OIF, 0);
    hop.onlink = (header.rtm_flags & RTNH_F_ONLINK) != 0;
    if (hop != NextHop{}) route.hops.push_back(std::move(hop));
}

}  // namespace

Message encode_add(const Route& route, RoutePlacement placement) {
    Message message(RTM_NEWROUTE, flags_of(placement), room_for(route));
    put_identity(message, route);
    put_metrics(message, route);
    if (route.preference) message.put(RTA_PREF, *route.preference);
    if (route.ttl_propagation) message.put(RTA_TTL_PROPAGATE, *route.ttl_propagation);
    if (route.expires != 0) message.put(RTA_EXPIRES, route.expires);
    return message;
}

Message encode_remove(const Route& route) {
    Message message(RTM_DELROUTE, NLM_F_REQUEST, room_for(route));
    put_identity(message, route);
    return message;
}

Message encode_route_dump(core::Family family, std::uint32_t table, std::uint8_t protocol) {
    Message message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
    rtmsg header{};
    header.rtm_family = static_cast<std::uint8_t>(core::to_af(family));
    header.rtm_protocol = protocol;
    message.header(header);
    message.put(RTA_TABLE, table);
    return message;
}

std::optional<RouteHead> decode_route_head(const Reply& reply) {
    const auto header = route_header(reply);
    if (!header) return std::nullopt;
    const Attributes attributes = reply.attributes_after(sizeof *header);
    const core::Family family = family_of(header->rtm_family);
    const auto prefix = get_prefix(attributes, RTA_DST, family, header->rtm_dst_len);
    if (!prefix) return std::nullopt;
    return RouteHead{family, attributes.number_or<std::uint32_t>(RTA_TABLE, header->rtm_table),
                     *prefix};
}

std::optional<Route> decode_route(const Reply& reply) {
    const auto header = route_header(reply);
    if (!header) return std::nullopt;
    const Attributes attributes = reply.attributes_after(sizeof *header);
    Route route{.family = family_of(header->rtm_family)};
    const auto destination = get_prefix(attributes, RTA_DST, route.family, header->rtm_dst_len);
    const auto source = get_prefix(attributes, RTA_SRC, route.family, header->rtm_src_len);
    if (!destination || !source) return std::nullopt;
    route.destination = *destination;
    route.source = *source;
    route.type = header->rtm_type;
    route.tos = header->rtm_tos;
    route.protocol = header->rtm_protocol;
    route.scope = header->rtm_scope;
    route.cloned = (header->rtm_flags & RTM_F_CLONED) != 0;
    route.table = attributes.number_or<std::uint32_t>(RTA_TABLE, header->rtm_table);
    route.metric = attributes.number_or<std::uint32_t>(RTA_PRIORITY, 0);
    route.preferred_source = attributes.address(RTA_PREFSRC);
    get_hops(attributes, *header, route);
    get_metrics(attributes, route);
    route.preference = attributes.number<std::uint8_t>(RTA_PREF);
    route.ttl_propagation = attributes.number<std::uint8_t>(RTA_TTL_PROPAGATE);
    if (const auto times = attributes.record<rta_cacheinfo>(RTA_CACHEINFO)) {
        // In hundredths of a second (USER_HZ); what has less than one left has one.
        if (times->rta_expires > 0) {
            route.expires =
                std::max<std::uint32_t>(static_cast<std::uint32_t>(times->rta_expires) / 100, 1);
        }
    }
    return route;
}

}  // namespace holdfast::netlink
