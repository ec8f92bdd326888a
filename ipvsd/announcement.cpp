#include "ipvsd/announcement.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "lib/core/result.hpp"

namespace holdfast::ipvsd {
namespace {

constexpr MacAddress kBroadcast{std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
// 33:33 and the last four octets of ff02::1 (RFC 2464 7).
constexpr MacAddress kAllNodesMac{std::byte{0x33}, std::byte{0x33}, std::byte{0},
                                  std::byte{0},    std::byte{0},    std::byte{1}};
constexpr std::array<std::byte, 16> kAllNodes{
    std::byte{0xff}, std::byte{0x02}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
    std::byte{0},    std::byte{0},    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
    std::byte{0},    std::byte{0},    std::byte{0}, std::byte{1}};
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kAdvertisement = 32;

void put(FrameBytes& frame, std::span<const std::byte> octets) {
    frame.append(octets);
}
void put(FrameBytes& frame, std::initializer_list<std::uint8_t> octets) {
    frame.append(std::as_bytes(std::span(octets.begin(), octets.size())));
}

std::uint32_t sum_of(std::span<const std::byte> octets) {  // of an even length
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < octets.size(); i += 2) {
        sum += std::to_integer<std::uint32_t>(octets[i]) << 8U |
               std::to_integer<std::uint32_t>(octets[i + 1]);
    }
    return sum;
}

/// RFC 4443 2.3 with the pseudo header of RFC 8200 8.1.
std::uint16_t icmpv6_checksum(std::span<const std::byte> source,
                              std::span<const std::byte> destination,
                              std::span<const std::byte> message) {
    std::uint32_t sum = sum_of(source) + sum_of(destination) + sum_of(message);
    sum += static_cast<std::uint32_t>(message.size()) + kIcmpv6;
    while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum & 0xffffU);
}

}  // namespace

void FrameBytes::append(std::span<const std::byte> octets) {
    if (octets.size() > kRoom - size_) core::broken_invariant("a frame is larger than its room");
    std::ranges::copy(octets, octets_.begin() + size_);
    size_ = static_cast<std::uint8_t>(size_ + octets.size());
}

//   0       1       2       3       4       5       6       7
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  |   destination ff:ff:ff:ff:ff:ff               | source        |
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  |                               |  08 06 (ARP)  | 00 01 Ethernet|
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  | 08 00 (IPv4)  | 06    | 04    | 00 01 request | sender hw     |
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  |                               | sender address (virtual)      |
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  |   target hw ff:ff:ff:ff:ff:ff                 | target address|
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  | (virtual)     |
//  +-------+-------+
FrameBytes gratuitous_arp(const MacAddress& sender, const core::Address& address) {
    FrameBytes frame;
    put(frame, kBroadcast);
    put(frame, sender);
    put(frame, {0x08, 0x06});
    put(frame, {0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01});
    put(frame, sender);
    put(frame, address.bytes());
    put(frame, kBroadcast);
    put(frame, address.bytes());
    return frame;
}

//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  |   destination 33:33:00:00:00:01               | source        |
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  |                               | 86 dd (IPv6)  |                 14
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  | 60 00 00 00   version         | 00 20 length  | 58    | 255   |
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  | source: the virtual address (16)                              |
//  | destination: ff02::1 (16)                                     | 54
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  | 136   | 0     | checksum      |R|S|O| reserved                |
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  | target: the virtual address (16)                              |
//  +-------+-------+-------+-------+-------+-------+-------+-------+
//  | 2     | 1     | target link-layer address                     | 86
//  +-------+-------+-------+-------+-------+-------+-------+-------+
FrameBytes unsolicited_advertisement(const MacAddress& sender, const core::Address& address,
                                     bool router) {
    constexpr std::uint8_t kRouterFlag = 0x80;
    constexpr std::uint8_t kOverrideFlag = 0x20;
    FrameBytes frame;
    static_assert(kEthernetHeader + kIpv6Header + kAdvertisement == FrameBytes::kRoom);
    put(frame, kAllNodesMac);
    put(frame, sender);
    put(frame, {0x86, 0xdd});
    put(frame, {0x60, 0, 0, 0, 0, kAdvertisement, kIcmpv6, 255});
    put(frame, address.bytes());
    put(frame, kAllNodes);
    const std::size_t message_at = frame.size();
    const auto flags = static_cast<std::uint8_t>(kOverrideFlag | (router ? kRouterFlag : 0));
    put(frame, {136, 0, 0, 0, flags, 0, 0, 0});
    put(frame, address.bytes());
    put(frame, {2, 1});
    put(frame, sender);

    const std::uint16_t checksum =
        icmpv6_checksum(address.bytes(), kAllNodes, frame.bytes().subspan(message_at));
    frame[message_at + 2] = static_cast<std::byte>(checksum >> 8U);
    frame[message_at + 3] = static_cast<std::byte>(checksum & 0xffU);
    return frame;
}

FrameBytes announcement_of(const MacAddress& sender, const core::Address& address, bool router) {
    return address.family() == core::Family::ipv4
               ? gratuitous_arp(sender, address)
               : unsolicited_advertisement(sender, address, router);
}

}  // namespace holdfast::ipvsd
