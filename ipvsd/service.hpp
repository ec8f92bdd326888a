#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/address.hpp"

/// The values of IPVS, as <linux/ip_vs.h> has them but in host order and with types.
namespace holdfast::ipvsd {

/// IPPROTO_*; `none` for a service that is known by its firewall mark.
enum class Protocol : std::uint8_t { none = 0, tcp = 6, udp = 17, sctp = 132 };

/// IP_VS_CONN_F_MASQ, _LOCALNODE, _TUNNEL, _DROUTE, _BYPASS. We set nat, tunnel and direct_routing.
enum class ForwardingMethod : std::uint8_t {
    nat = 0,
    local_node = 1,
    tunnel = 2,
    direct_routing = 3,
    bypass = 4,
};

/// Name of a virtual service in the kernel: protocol, address and port, or family and firewall
/// mark.
struct ServiceKey {
    core::Family family = core::Family::ipv4;
    Protocol protocol = Protocol::none;
    core::Endpoint endpoint;          // unused (default) with a mark
    std::uint32_t firewall_mark = 0;  // 0: known by its endpoint

    [[nodiscard]] static ServiceKey at(Protocol protocol, const core::Endpoint& endpoint);
    [[nodiscard]] static ServiceKey marked(core::Family family, std::uint32_t mark);
    friend auto operator<=>(const ServiceKey&, const ServiceKey&) = default;
};

/// Clients that return within `timeout` are sent to the same destination; clients count as one
/// when they share `netmask` (IPv4: host order; IPv6: prefix length 1..128).
struct Persistence {
    std::chrono::seconds timeout{360};
    std::uint32_t netmask = 0xffffffff;
    std::string engine;  // "sip", or empty
    friend bool operator==(const Persistence&, const Persistence&) = default;
};

/// IP_VS_SVC_F_SCHED1..3, whose meaning is the scheduler's.
inline constexpr std::uint32_t kSchedulerFlag1 = 0x0008;  // sh-fallback, mh-fallback
inline constexpr std::uint32_t kSchedulerFlag2 = 0x0010;  // sh-port, mh-port
inline constexpr std::uint32_t kSchedulerFlag3 = 0x0020;

/// One virtual service without its destinations.
struct Service {
    ServiceKey key;
    std::string scheduler = "wlc";  // at most 15 octets: IP_VS_SCHEDNAME_MAXLEN with its NUL
    std::optional<Persistence> persistence;
    bool one_packet = false;            // IP_VS_SVC_F_ONEPACKET
    std::uint32_t scheduler_flags = 0;  // of kSchedulerFlag*
    friend bool operator==(const Service&, const Service&) = default;
};

/// IP_VS_CONN_F_TUNNEL_TYPE_*
enum class TunnelType : std::uint8_t { ipip = 0, gue = 1, gre = 2 };

struct Tunnel {
    TunnelType type = TunnelType::ipip;
    std::uint16_t port = 0;   // GUE: required
    std::uint16_t flags = 0;  // IP_VS_TUNNEL_ENCAP_FLAG_*
    friend bool operator==(const Tunnel&, const Tunnel&) = default;
};

/// Where the packets of a service go; `endpoint` names it within its service. keepalived calls it a
/// real server.
struct Destination {
    core::Endpoint endpoint;
    ForwardingMethod forwarding = ForwardingMethod::nat;
    std::uint32_t weight = 1;           // 0..2147483647
    std::uint32_t upper_threshold = 0;  // connections, 0: none
    std::uint32_t lower_threshold = 0;
    Tunnel tunnel;  // of forwarding tunnel only
    friend bool operator==(const Destination&, const Destination&) = default;
};

/// Totals and the kernel's own rates (per second) of a service or a destination.
struct Counters {
    std::uint64_t connections = 0;
    std::uint64_t packets_in = 0;
    std::uint64_t packets_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t connection_rate = 0;
    std::uint64_t packet_rate_in = 0;
    std::uint64_t packet_rate_out = 0;
    std::uint64_t byte_rate_in = 0;
    std::uint64_t byte_rate_out = 0;
    friend bool operator==(const Counters&, const Counters&) = default;
};

/// A destination as the kernel shows it.
struct DestinationEntry {
    Destination destination;
    std::uint32_t active_connections = 0;
    std::uint32_t inactive_connections = 0;
    std::uint32_t persistent_connections = 0;
    Counters counters;
};

/// A service as the kernel shows it, with all its destinations.
struct ServiceEntry {
    Service service;
    Counters counters;
    std::vector<DestinationEntry> destinations;
};

/// Idle times after which IPVS forgets connections. As a change, 0 leaves that one as it is.
struct Timeouts {
    std::chrono::seconds tcp{0};
    std::chrono::seconds tcp_fin{0};
    std::chrono::seconds udp{0};
    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// "192.0.2.1:80/tcp", "[2001:db8::1]:53/udp", "mark 7/ipv6"
[[nodiscard]] std::string to_text(const ServiceKey& key);
/// "tcp", "udp", "sctp", "none"
[[nodiscard]] std::string_view to_text(Protocol protocol);
/// "NAT", "DR", "TUN", "LOCAL", "BYPASS"
[[nodiscard]] std::string_view to_text(ForwardingMethod method);

}  // namespace holdfast::ipvsd
