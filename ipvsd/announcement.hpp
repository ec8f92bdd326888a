#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/core/address.hpp"

namespace holdfast::ipvsd {

/// Hardware address of an Ethernet interface.
using MacAddress = std::array<std::byte, 6>;

/// A whole Ethernet frame, ready for a packet socket. Without memory of its own: thousands are made
/// for one takeover.
class FrameBytes {
  public:
    /// Octets of an unsolicited Neighbor Advertisement, the longer of our two.
    static constexpr std::size_t kRoom = 86;

    void append(std::span<const std::byte> octets);
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {octets_.data(), size_}; }
    [[nodiscard]] std::byte& operator[](std::size_t at) { return octets_[at]; }
    [[nodiscard]] std::byte operator[](std::size_t at) const { return octets_[at]; }
    friend bool operator==(const FrameBytes& a, const FrameBytes& b) {
        return a.size_ == b.size_ && a.octets_ == b.octets_;
    }

  private:
    std::array<std::byte, kRoom> octets_{};
    std::uint8_t size_ = 0;
};

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
