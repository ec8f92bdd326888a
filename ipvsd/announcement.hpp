#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "lib/core/address.hpp"

namespace holdfast::ipvsd {

/// Hardware address of an Ethernet interface.
using MacAddress = std::array<std::byte, 6>;

/// A whole Ethernet frame, ready for a packet socket.
using FrameBytes = std::vector<std::byte>;

/// Gratuitous ARP for `address` (IPv4), as keepalived sends it: a broadcast request whose sender
/// and target are both the virtual address (RFC 9568 8.1.2, RFC 5227 3).
[[nodiscard]] FrameBytes gratuitous_arp(const MacAddress& sender, const core::Address& address);

/// Unsolicited Neighbor Advertisement for `address` (IPv6) to all nodes, Override set, hop limit
/// 255 (RFC 4861 4.4 and 7.2.6, RFC 9568 8.2.2). `router`: this host forwards on the interface.
[[nodiscard]] FrameBytes unsolicited_advertisement(const MacAddress& sender,
                                                   const core::Address& address, bool router);

/// One of the two above, by the family of `address`.
[[nodiscard]] FrameBytes announcement_of(const MacAddress& sender, const core::Address& address,
                                         bool router);

}  // namespace holdfast::ipvsd
