#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/core/ids.hpp"
#include "lib/netlink/interface_table.hpp"
#include "lib/netlink/route_codec.hpp"

/// Pure: what a configured route is on this host now, and when one of the kernel's is it.
namespace holdfast::ipvsd {

/// One route of the configuration. `value` has no interface indexes, which change.
struct ConfiguredRoute {
    core::ObjectId id;
    netlink::Route value;
    std::vector<std::string> interfaces;  // one for each hop; empty: the kernel finds it
    std::string vrf;                      // whose table is used instead of the value's
    netlink::RoutePlacement placement = netlink::RoutePlacement::before;
    bool restored = true;  // put back when somebody else removes it
    friend bool operator==(const ConfiguredRoute&, const ConfiguredRoute&) = default;
};

/// With the indexes that its interfaces have now. Nothing while one of them is missing.
[[nodiscard]] std::optional<netlink::Route> resolve(const ConfiguredRoute& route,
                                                    const netlink::InterfaceTable& interfaces);

/// What stays the same from the request to the kernel's dump, and tells almost all routes of a host
/// apart: type, prefixes, type of service, gateways, table, metric, protocol. Two routes that
/// differ in their interfaces only have the same name; goes_out_as() knows them apart. Also the
/// words for logs: "10.0.0.0/8 via 192.0.2.1 table 254 metric 5 protocol 18".
[[nodiscard]] std::string name_of(const netlink::Route& route);

/// Of two routes with one name: whether `found` leaves by the interfaces that `wished` asks for.
[[nodiscard]] bool goes_out_as(const netlink::Route& wished, const netlink::Route& found);

/// Whether `found`, which has the name and the interfaces of `wished`, is as wished in all else
/// that the kernel keeps. Lifetimes do not count: they run.
[[nodiscard]] bool fits(const netlink::Route& wished, const netlink::Route& found);

/// With the metric that the kernel gives it. In a request to remove, none may be any.
[[nodiscard]] netlink::Route as_in_kernel(netlink::Route wished);

[[nodiscard]] netlink::RouteHead head_of(const netlink::Route& route);

}  // namespace holdfast::ipvsd
