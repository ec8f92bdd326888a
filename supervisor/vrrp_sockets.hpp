#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>

#include "lib/core/address.hpp"
#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/core/wire_key.hpp"

namespace holdfast::supervisor {

using core::SendKey;
using core::WireKey;

/// How routers send, and from which device.
struct Sender {
    SendKey key;
    std::string hardware_address{};  // of the key's device, which may have another name
    friend auto operator<=>(const Sender&, const Sender&) = default;
};

/// Octets that a hot socket queues at least, so that a takeover of many routers loses nothing.
inline constexpr std::uint32_t kHotBuffer = 1024 * 1024;

/// What the routers of one key need.
struct SocketPlan {
    std::set<std::uint8_t> vrids;
    std::set<core::Address> groups;  // to join; empty for unicast
    std::set<Sender> senders;
    std::uint32_t buffer = kHotBuffer;  // octets of the hot socket's queue, never fewer than these
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
[[nodiscard]] core::Result<ReceivePair> open_receive_pair(const WireKey& key, int ifindex,
                                                          const SocketPlan& plan);

/// A socket that sends with TTL/hop limit 255 (unicast: as wished), TOS/traffic class 0xC0 (RFC
/// 9568 5.1.1.3), without looping back, and receives nothing. With a source it is bound to that
/// address, which need not be ours (IP_TRANSPARENT). For IPv6 the kernel fills the checksum in
/// (IPV6_CHECKSUM 6). With an authentication header, whose sum covers it, the IP header is the
/// sender's (IP_HDRINCL).
/// `ifindex` is that of the device it sends from.
[[nodiscard]] core::Result<core::UniqueFd> open_send_socket(const WireKey& key, int ifindex,
                                                            const SendKey& sender);

/// A netlink socket for vrrpd's view of links and addresses: RTNLGRP_LINK, IPV4_IFADDR, IPV6_IFADDR
/// joined before anything is asked; to be made anew for each incarnation.
[[nodiscard]] core::Result<core::UniqueFd> open_netlink_monitor();

}  // namespace holdfast::supervisor
