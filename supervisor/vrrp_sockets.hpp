#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "lib/core/address.hpp"
#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {

/// Routers that can share raw sockets: same interface, family and kind of destination.
struct SocketKey {
    std::string interface;
    core::Family family = core::Family::ipv4;
    bool unicast = false;
    friend auto operator<=>(const SocketKey&, const SocketKey&) = default;
};

/// What the routers of one key need.
struct SocketPlan {
    std::set<std::uint8_t> vrids;
    std::set<core::Address> groups;   // to join; empty for unicast
    std::set<core::Address> sources;  // configured source addresses, each with a send socket
    /// Routers of the other kind of destination are on the interface and have a cold socket too.
    bool other_kind_present = false;
    friend bool operator==(const SocketPlan&, const SocketPlan&) = default;
};

/// The receiving pair, with locked filters (supervisor/vrrp_filter.hpp): vrrpd, which has no right
/// to make sockets, gets them complete. Checksums are left to vrrpd (IPV6_CHECKSUM -1).
struct ReceivePair {
    core::UniqueFd hot;
    core::UniqueFd cold;
};

/// Opens both ends of `key` on the interface with this index. What was queued before the filters
/// stood is thrown away. Errors name the call and the interface.
[[nodiscard]] core::Result<ReceivePair> open_receive_pair(const SocketKey& key, int ifindex,
                                                          const SocketPlan& plan);

/// A socket that sends with TTL/hop limit 255, TOS/traffic class 0xC0 (RFC 9568 5.1.1.3), without
/// looping back, and receives nothing. With `source` it is bound to that address, which need not be
/// ours (IP_TRANSPARENT). For IPv6 the kernel fills the checksum in (IPV6_CHECKSUM 6).
[[nodiscard]] core::Result<core::UniqueFd> open_send_socket(
    const SocketKey& key, int ifindex, const std::optional<core::Address>& source);

/// A netlink socket for vrrpd's view of links and addresses: RTNLGRP_LINK, IPV4_IFADDR, IPV6_IFADDR
/// joined before anything is asked; to be made anew for each incarnation.
[[nodiscard]] core::Result<core::UniqueFd> open_netlink_monitor();

}  // namespace holdfast::supervisor
