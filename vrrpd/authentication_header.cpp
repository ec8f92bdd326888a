#include "vrrpd/authentication_header.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::vrrp {

namespace {

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  | Next Hdr 112  | Payload Len 4 |             zero              |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |        SPI: the IPv4 address of the sender                    |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                         Sequence                              |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |     first 12 octets of the HMAC-MD5 over the whole packet     |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// For the HMAC the IP header's TOS, fragment and checksum fields and the sum itself count as zero.
// keepalived leaves the TTL in, against RFC 2402 3.3.3.1.1, and so do all who speak with it.
constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kHeader = 24;
constexpr std::size_t kPayloadLength = kHeader / 4 - 2;
constexpr std::size_t kSpiAt = 4;
constexpr std::size_t kSequenceAt = 8;
constexpr std::size_t kSumAt = 12;
constexpr std::size_t kSum = 12;
constexpr std::byte kInternetworkControl{0xC0};  // TOS (RFC 9568 5.1.1.3)
constexpr std::array<std::byte, kSum> kZeros{};

std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (const std::byte octet : bytes.subspan(at, sizeof number))
        number = number << 8U | std::to_integer<std::uint32_t>(octet);
    return number;
}

void put_number(std::span<std::byte> bytes, std::size_t at, std::uint32_t number,
                std::size_t size) {
    for (std::size_t place = 0; place < size; ++place)
        bytes[at + place] = static_cast<std::byte>(number >> 8U * (size - 1 - place) & 0xffU);
}

}  // namespace

core::Result<HeaderKeeper> HeaderKeeper::make(const std::array<std::byte, 8>& password) {
    auto hash = KeyedHash::make(KeyedHash::Kind::md5, password);
    if (!hash) return hash.error();
    return HeaderKeeper(std::move(hash).value());
}

std::optional<KeyedHash::Digest> HeaderKeeper::sum_of(std::span<const std::byte> packet,
                                                      std::size_t header_at) const {
    const std::span<const std::byte> zeros(kZeros);
    const std::size_t sum_at = header_at + kSumAt;
    return hash_.of({packet.first(1), zeros.first(1), packet.subspan(2, 4), zeros.first(2),
                     packet.subspan(8, 2), zeros.first(2), packet.subspan(12, sum_at - 12),
                     zeros.first(kSum), packet.subspan(sum_at + kSum)});
}

std::vector<std::byte> HeaderKeeper::wrap(std::span<const std::byte> message,
                                          const core::Address& source,
                                          const core::Address& destination,
                                          std::uint8_t time_to_live) {
    ++sequence_;
    std::vector<std::byte> packet(kIpHeader + kHeader + message.size());
    packet[0] = std::byte{0x45};
    packet[1] = kInternetworkControl;
    put_number(packet, 2, static_cast<std::uint32_t>(packet.size()), 2);
    // The kernel would choose an identification of its own in place of 0, after the sum is made.
    put_number(packet, 4, (sequence_ - 1) % 0xffffU + 1, 2);
    packet[8] = static_cast<std::byte>(time_to_live);
    packet[9] = static_cast<std::byte>(kHeaderProtocol);
    std::ranges::copy(source.bytes(), packet.begin() + 12);
    std::ranges::copy(destination.bytes(), packet.begin() + 16);
    const std::span<std::byte> header = std::span(packet).subspan(kIpHeader, kHeader);
    header[0] = static_cast<std::byte>(kProtocol);
    header[1] = static_cast<std::byte>(kPayloadLength);
    std::ranges::copy(source.bytes(), header.begin() + kSpiAt);
    put_number(header, kSequenceAt, sequence_, 4);
    std::ranges::copy(message, packet.begin() + kIpHeader + kHeader);
    if (const auto sum = sum_of(packet, kIpHeader))
        std::copy_n(sum->begin(), kSum, header.begin() + kSumAt);
    return packet;
}

std::optional<Rejection> HeaderKeeper::check(const Datagram& datagram) {
    const auto header = datagram.authentication_header;
    if (header.size() != kHeader ||
        !std::ranges::equal(header.subspan(kSpiAt, 4), datagram.source.bytes()))
        return Rejection::header_malformed;
    const auto before = static_cast<std::size_t>(header.data() - datagram.packet.data());
    const auto sum = sum_of(datagram.packet, before);
    if (!sum || !equal_in_constant_time(std::span(*sum).first(kSum), header.subspan(kSumAt, kSum)))
        return Rejection::header_forged;
    const std::uint32_t sequence = number_at(header, kSequenceAt);
    if (sequence <= sequence_) return Rejection::header_replayed;
    sequence_ = sequence;
    return std::nullopt;
}

}  // namespace holdfast::vrrp
