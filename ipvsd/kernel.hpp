#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ipvsd/announcement.hpp"
#include "ipvsd/firewall_plan.hpp"
#include "ipvsd/interface_plan.hpp"
#include "ipvsd/service.hpp"
#include "lib/core/result.hpp"
#include "lib/netlink/interface_table.hpp"
#include "lib/netlink/route_codec.hpp"
#include "lib/netlink/rule_codec.hpp"
#include "lib/netlink/values.hpp"

namespace holdfast::ipvsd {

/// RTM_NEWADDR. Refused with EEXIST if there; with ENODEV if its interface is gone.
struct AddAddress {
    netlink::InterfaceAddress address;
    friend bool operator==(const AddAddress&, const AddAddress&) = default;
};
/// RTM_NEWADDR with NLM_F_REPLACE: adds it, or sets lifetimes, flags and protocol of the one that
/// is there. IPv4: label, broadcast and scope of an address that is there stay as they are.
struct ReplaceAddress {
    netlink::InterfaceAddress address;
    friend bool operator==(const ReplaceAddress&, const ReplaceAddress&) = default;
};
/// RTM_DELADDR. Refused with EADDRNOTAVAIL if it is not there, with ENODEV if its interface is
/// gone. Removing a primary IPv4 address takes its secondaries along unless the interface's
/// promote_secondaries is set.
struct RemoveAddress {
    netlink::InterfaceAddress address;
    friend bool operator==(const RemoveAddress&, const RemoveAddress&) = default;
};
/// RTM_NEWROUTE. Refused with EEXIST if there; ENETUNREACH (IPv6 EHOSTUNREACH) when the gateway is
/// on no link of ours, ENETDOWN while its interface is down, EINVAL when the preferred source is no
/// address of ours.
struct AddRoute {
    netlink::Route route;
    netlink::RoutePlacement placement = netlink::RoutePlacement::before;
    friend bool operator==(const AddRoute&, const AddRoute&) = default;
};
/// RTM_DELROUTE of a route as the kernel showed it. Refused with ESRCH if it is not there.
struct RemoveRoute {
    netlink::Route route;
    friend bool operator==(const RemoveRoute&, const RemoveRoute&) = default;
};
/// RTM_NEWRULE. Refused with EEXIST if there.
struct AddRule {
    netlink::Rule rule;
    friend bool operator==(const AddRule&, const AddRule&) = default;
};
/// RTM_DELRULE. Refused with ENOENT if it is not there.
struct RemoveRule {
    netlink::Rule rule;
    friend bool operator==(const RemoveRule&, const RemoveRule&) = default;
};
/// Refused with EEXIST if there, ENOENT if the kernel has no such scheduler.
struct AddService {
    Service service;
    friend bool operator==(const AddService&, const AddService&) = default;
};
/// Keeps destinations and connections. Refused with ESRCH if the service is not there, ENOENT if
/// the kernel has no such scheduler.
struct EditService {
    Service service;
    friend bool operator==(const EditService&, const EditService&) = default;
};
/// With all its destinations. Refused with ESRCH if it is not there.
struct RemoveService {
    ServiceKey key;
    friend bool operator==(const RemoveService&, const RemoveService&) = default;
};
/// Refused with ESRCH without the service, EEXIST if there, ERANGE if the lower threshold is above
/// the upper, EINVAL for another family than the service's unless it is a tunnel.
struct AddDestination {
    ServiceKey service;
    Destination destination;
    friend bool operator==(const AddDestination&, const AddDestination&) = default;
};
/// Refused with ESRCH without the service, ENOENT without the destination.
struct EditDestination {
    ServiceKey service;
    Destination destination;
    friend bool operator==(const EditDestination&, const EditDestination&) = default;
};
/// Refused with ESRCH without the service, ENOENT without the destination.
struct RemoveDestination {
    ServiceKey service;
    core::Endpoint endpoint;
    friend bool operator==(const RemoveDestination&, const RemoveDestination&) = default;
};
struct SetTimeouts {
    Timeouts timeouts;
    friend bool operator==(const SetTimeouts&, const SetTimeouts&) = default;
};

using Change = std::variant<AddAddress, ReplaceAddress, RemoveAddress, AddRoute, RemoveRoute,
                            AddRule, RemoveRule, AddService, EditService, RemoveService,
                            AddDestination, EditDestination, RemoveDestination, SetTimeouts>;

/// "add address 192.0.2.7/24 on 3", for logs.
[[nodiscard]] std::string to_text(const Change& change);

/// What became of a list of changes.
struct Report {
    struct Refusal {
        std::size_t change;  // its position in the list
        core::Error error;   // code() is the kernel's errno
    };
    std::vector<Refusal> refusals;
    /// Answers of the kernel were lost: a change without refusal may have failed. Dump and compare.
    bool uncertain = false;

    [[nodiscard]] bool all_done() const { return refusals.empty() && !uncertain; }
};

/// All services, or that this kernel has no IPVS (yet), which is a state and no error.
struct IpvsTable {
    bool present = false;
    std::vector<ServiceEntry> services;
};

/// One frame from its link-layer header on.
struct Frame {
    std::uint32_t interface_index = 0;
    FrameBytes octets;
};

/// What the kernel tells unasked: interfaces and addresses (see netlink::TableListener), and IPVS.
class KernelListener : public netlink::TableListener {
  public:
    /// The IPVS family appeared (module loaded) or vanished.
    virtual void ipvs_changed(bool /*present*/) {}
    /// Somebody else has removed this nftables table, or something in it; empty: events were lost.
    virtual void firewall_changed(const std::string& /*table*/) {}
    /// Only for prefixes that are followed, see Kernel::follow_routes().
    virtual void route_changed(const netlink::Route& /*route*/, bool /*gone*/) {}
    virtual void rule_changed(const netlink::Rule& /*rule*/, bool /*gone*/) {}
    /// Events of routes or rules were lost.
    virtual void routes_lost() {}
};

/// Where routes of ours may be: what a dump asks for.
struct RouteTable {
    core::Family family = core::Family::ipv4;
    std::uint32_t table = 0;
    std::uint8_t protocol = 0;
    friend auto operator<=>(const RouteTable&, const RouteTable&) = default;
};

/// What is followed of routes and rules.
struct Following {
    std::set<netlink::RouteHead> routes;
    bool rules = false;
    [[nodiscard]] bool nothing() const { return routes.empty() && !rules; }
};

/// What ipvsd needs of a kernel. The real one is NetlinkKernel, the tests' one FakeKernel; both
/// refuse the same requests with the same errno. Requests are finished when the call returns.
/// Changes made here are also told to the listener (later, from the event loop).
class Kernel {
  public:
    virtual ~Kernel() = default;

    /// Carries all changes out in their order; a refused one does not stop those after it.
    /// Changes of IPVS are refused with EAFNOSUPPORT while the kernel has none.
    virtual Report apply(std::span<const Change> changes) = 0;

    virtual core::Result<std::vector<netlink::InterfaceAddress>> dump_addresses() = 0;
    /// The routes of these tables that have these protocols and that `wanted` wants, in the
    /// kernel's order. A table that is not there is empty. Asked for few protocols in a table with
    /// a million routes, the kernel still looks at them all.
    virtual core::Result<std::vector<netlink::Route>> dump_routes(
        std::span<const RouteTable> tables, const netlink::RouteFilter& wanted) = 0;
    /// Of both families.
    virtual core::Result<std::vector<netlink::Rule>> dump_rules() = 0;
    /// What the listener is told of from now on; of all other routes nothing.
    virtual void follow_routes(Following following) = 0;
    /// Services with their destinations and counters.
    virtual core::Result<IpvsTable> dump_services() = 0;
    virtual core::Result<Timeouts> timeouts() = 0;

    /// Interfaces that are made, changed, removed, in this order. What they cause is told to the
    /// listener before the call returns, so that interfaces() knows them. A refused MakeLink leaves
    /// nothing behind.
    virtual Report change_links(std::span<const LinkChange> changes) = 0;
    virtual core::Result<std::vector<netlink::LinkDetails>> dump_links() = 0;
    /// Whole or not at all.
    virtual core::Status change_firewall(const FirewallChange& change) = 0;

    /// As of the last event; dump_addresses() is fresher.
    [[nodiscard]] virtual const netlink::InterfaceTable& interfaces() const = 0;
    [[nodiscard]] virtual bool has_ipvs() const = 0;
    /// Whether addresses carry IFA_PROTO here (Linux 6.x); without it our tag cannot be seen.
    [[nodiscard]] virtual bool has_address_protocol() const = 0;

    /// The interfaces on which this host forwards IPv6 packets, as of now.
    virtual core::Result<std::set<std::uint32_t>> ipv6_forwarders() = 0;

    /// Sends the frames in their order; errors are per frame, as positions in the list. One for
    /// which there is no room (ENOBUFS, EAGAIN) is the last that is tried.
    virtual Report send(std::span<const Frame> frames) = 0;
};

/// The mark that we put on addresses (IFA_PROTO) and routes (RTPROT_KEEPALIVED).
inline constexpr std::uint8_t kOurProtocol = 18;

}  // namespace holdfast::ipvsd
