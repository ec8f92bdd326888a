#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/netlink/codec.hpp"
#include "lib/netlink/message.hpp"
#include "lib/netlink/path_head.hpp"

/// Pure: routes as rtnetlink carries them (RTM_NEWROUTE, <linux/rtnetlink.h>), to values and back.
namespace holdfast::netlink {

/// A lightweight tunnel (LWTUNNEL_ENCAP_IP, _IP6, _MPLS or _ILA). What a kind does not know stays
/// at its default.
struct Encapsulation {
    std::uint16_t type = 0;  // 0: none
    std::uint64_t id = 0;
    std::optional<core::Address> destination;
    std::optional<core::Address> source;
    std::uint8_t tos = 0;     // traffic class of ip6
    std::uint8_t ttl = 0;     // hop limit of ip6
    std::uint16_t flags = 0;  // host order
    std::vector<std::uint32_t> labels;
    std::uint64_t locator = 0;  // host order
    friend bool operator==(const Encapsulation&, const Encapsulation&) = default;
};

/// One way of a route.
struct NextHop {
    std::optional<core::Address> gateway;  // of IPv6 also for an IPv4 route
    std::uint32_t interface_index = 0;     // 0 in a request: the kernel looks for it
    std::uint32_t weight = 1;              // 1 to 256
    bool onlink = false;
    std::uint32_t realms = 0;  // source realm << 16 | realm
    Encapsulation encapsulation;
    friend bool operator==(const NextHop&, const NextHop&) = default;
};

/// One route. A request and what the kernel shows afterwards differ in what the kernel fills in;
/// ipvsd/routes.hpp knows how.
struct Route {
    /// More are refused by the model: a message has 16 bits for the length of all.
    static constexpr std::size_t kMostHops = 256;
    static constexpr std::size_t kMostLabels = 16;

    core::Family family = core::Family::ipv4;
    std::uint8_t type = 1;  // RTN_UNICAST
    Prefix destination;
    Prefix source;  // IPv6
    std::uint8_t tos = 0;
    std::uint8_t protocol = 0;  // RTPROT_*
    std::uint8_t scope = 0;     // RT_SCOPE_*
    std::uint32_t table = 254;  // RT_TABLE_MAIN
    std::uint32_t metric = 0;   // RTA_PRIORITY
    std::optional<core::Address> preferred_source;
    std::vector<NextHop> hops;                      // none: blackhole and its like
    std::map<std::uint8_t, std::uint32_t> metrics;  // by RTAX_*; 0 does not count
    std::uint32_t locked = 0;                       // bits 1 << RTAX_*
    std::string congestion_control;                 // RTAX_CC_ALGO
    std::optional<std::uint8_t> preference;         // ICMPV6_ROUTER_PREF_*
    std::optional<std::uint8_t> ttl_propagation;    // 0, 1
    std::uint32_t expires = 0;                      // seconds, 0: never
    bool cloned = false;                            // a cache entry, nobody's route
    friend bool operator==(const Route&, const Route&) = default;
};

/// Which routes of a dump are of interest: what is not is forgotten at once.
using RouteFilter = std::function<bool(const Route& route)>;

/// How a new route stands to those with the same destination, table and metric.
enum class RoutePlacement : std::uint8_t { before, behind, alone };

/// RTM_NEWROUTE: `alone` is refused with EEXIST if there is another one with its key.
[[nodiscard]] Message encode_add(const Route& route, RoutePlacement placement);
/// RTM_DELROUTE of exactly this one, as the kernel showed it.
[[nodiscard]] Message encode_remove(const Route& route);

/// All routes of one table that have the protocol; the kernel leaves the others out when the socket
/// asks strictly (NETLINK_GET_STRICT_CHK), else whoever reads the answer does.
[[nodiscard]] Message encode_route_dump(core::Family family, std::uint32_t table,
                                        std::uint8_t protocol);

/// What tells whether a route concerns us, read without looking at the rest: a host with a full
/// BGP table tells of thousands in a second.
struct RouteHead {
    core::Family family = core::Family::ipv4;
    std::uint32_t table = 0;
    Prefix destination;
    friend auto operator<=>(const RouteHead&, const RouteHead&) = default;
};
/// Nothing for other messages than RTM_NEWROUTE and RTM_DELROUTE, and for malformed ones.
[[nodiscard]] std::optional<RouteHead> decode_route_head(const Reply& reply);
[[nodiscard]] std::optional<Route> decode_route(const Reply& reply);

}  // namespace holdfast::netlink
