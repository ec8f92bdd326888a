#include "vrrpd/advertisement.hpp"

#include <algorithm>

#include "lib/core/result.hpp"

namespace holdfast::vrrp {

namespace {

// VRRPv3 (RFC 9568 5.2), and VRRPv2 (RFC 3768 5.1) where it differs:
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |Version| Type  | Virtual Rtr ID|   Priority    | IPvX Addr Cnt |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |Reserve| Max Advertise Interval|           Checksum            |  version 3, centiseconds
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |   Auth Type   |   Adver Int   |           Checksum            |  version 2, seconds
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                       IPvX Address(es)                        |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                  Authentication Data (8 octets)               |  version 2
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
constexpr std::size_t kHeader = 8;
constexpr std::size_t kChecksumAt = 6;
constexpr std::size_t kAuthenticationData = 8;
constexpr std::size_t kKeyedTrailer = 28;
constexpr std::size_t kPadding = 3;
constexpr unsigned kAdvertisement = 1;
constexpr core::Interval kSecond = std::chrono::seconds{1};
constexpr core::Interval kCentisecond = std::chrono::milliseconds{10};

unsigned octet(std::span<const std::byte> bytes, std::size_t at) {
    return std::to_integer<unsigned>(bytes[at]);
}

unsigned word(std::span<const std::byte> bytes, std::size_t at) {
    return octet(bytes, at) << 8U | octet(bytes, at + 1);
}

void append(std::vector<std::byte>& bytes, unsigned value) {
    bytes.push_back(static_cast<std::byte>(value & 0xffU));
}

/// Sum of 16-bit words; an odd last octet counts as the high one (RFC 1071).
std::uint32_t add_words(std::uint32_t sum, std::span<const std::byte> bytes) {
    std::size_t at = 0;
    for (; at + 1 < bytes.size(); at += 2) sum += word(bytes, at);
    if (at < bytes.size()) sum += octet(bytes, at) << 8U;
    return sum;
}

std::uint16_t fold(std::uint32_t sum) {
    while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum & 0xffffU);
}

/// The pseudo header (RFC 8200 8.1), whose sum is the same in the IPv4 form:
///
///   source address | destination address | upper-layer length | zero | 112
std::uint32_t pseudo_header(const core::Address& source, const core::Address& destination,
                            std::size_t length) {
    const std::uint32_t sum = add_words(add_words(0, source.bytes()), destination.bytes());
    return sum + static_cast<std::uint32_t>(length) + kProtocol;
}

/// True when no bit differs; looks at every octet whatever it finds, so that the time tells nothing
/// about the password.
bool equal_in_constant_time(std::span<const std::byte> left, std::span<const std::byte> right) {
    std::byte difference{0};
    for (std::size_t at = 0; at < left.size(); ++at) difference |= left[at] ^ right[at];
    return difference == std::byte{0};
}

std::size_t length_of(unsigned version, core::Family family, std::size_t count) {
    const std::size_t addresses = kHeader + count * core::octets_of(family);
    return version == 2 ? addresses + kAuthenticationData : addresses;
}

core::Interval interval_of(Version version, std::span<const std::byte> message) {
    if (version == Version::v2) return kSecond * octet(message, 5);
    return kCentisecond * (word(message, 4) & 0x0fffU);
}

/// Version 2 never has a pseudo header. Version 3 always has one over IPv6; over IPv4 keepalived
/// and RFC 5798 readers add it while RFC 9568 5.2.8 leaves it out: both are right.
bool checksum_holds(Version version, const Datagram& datagram, std::span<const std::byte> message) {
    const bool plain = fold(add_words(0, message)) == 0;
    if (version == Version::v2) return plain;
    const std::uint32_t pseudo =
        pseudo_header(datagram.source, datagram.destination, message.size());
    const bool with_pseudo_header = fold(add_words(pseudo, message)) == 0;
    if (datagram.source.family() == core::Family::ipv6) return with_pseudo_header;
    return with_pseudo_header || plain;
}

std::optional<Rejection> check_authentication(const Expectation& expected,
                                              std::span<const std::byte> message) {
    if (expected.version != Version::v2) return std::nullopt;
    const Authentication& ours = expected.authentication;
    if (octet(message, 4) != static_cast<unsigned>(ours.type))
        return Rejection::authentication_type;
    if (ours.type == Authentication::Type::simple_password &&
        !equal_in_constant_time(ours.password, message.last(kAuthenticationData)))
        return Rejection::authentication_data;
    return std::nullopt;
}

/// Everything up to the version, after which the message has a known form.
std::optional<Rejection> check_envelope(const Expectation& expected, const Datagram& datagram) {
    const auto vrid = vrid_of(datagram.message);
    if (!vrid || *vrid != expected.vrid) return Rejection::unknown_vrid;
    const bool has_ah = datagram.protocol != kProtocol;
    if (has_ah != (expected.authentication.type == Authentication::Type::header))
        return Rejection::unexpected_ah;
    if (datagram.message.size() < kHeader) return Rejection::incomplete;
    const unsigned version = octet(datagram.message, 0) >> 4U;
    if (datagram.message.size() < length_of(version, expected.family, octet(datagram.message, 3)))
        return Rejection::incomplete;
    if (datagram.destination.is_multicast() && datagram.time_to_live != kTimeToLive)
        return Rejection::time_to_live;
    if (version != static_cast<unsigned>(expected.version)) return Rejection::version;
    return std::nullopt;
}

/// The rest; `message` is exactly as long as it says, `excess` the octets that followed it.
std::optional<Rejection> check_content(const Expectation& expected, const Datagram& datagram,
                                       std::span<const std::byte> message, std::size_t excess) {
    if (excess == kKeyedTrailer) return Rejection::trailer;
    if (const auto refused = check_authentication(expected, message)) return refused;
    const core::Interval interval = interval_of(expected.version, message);
    if (interval == core::Interval::zero()) return Rejection::interval;
    if (expected.version == Version::v2 && interval != expected.advert_interval)
        return Rejection::interval;
    if ((octet(message, 0) & 0xfU) != kAdvertisement) return Rejection::type;
    if (excess > kPadding) return Rejection::total_length;
    if (!checksum_holds(expected.version, datagram, message)) return Rejection::checksum;
    if (datagram.destination.is_multicast() == expected.unicast) return Rejection::destination;
    // An IPv6 raw socket receives what is sent to any group of the host, ff02::1 for one.
    if (expected.group && datagram.destination != *expected.group) return Rejection::destination;
    return std::nullopt;
}

Advertisement decode(const Expectation& expected, std::span<const std::byte> message) {
    Advertisement heard{.version = expected.version,
                        .vrid = expected.vrid,
                        .priority = static_cast<std::uint8_t>(octet(message, 2)),
                        .max_advertise_interval = interval_of(expected.version, message),
                        .addresses = {}};
    const std::size_t size = core::octets_of(expected.family);
    for (std::size_t index = 0; index < octet(message, 3); ++index)
        heard.addresses.push_back(
            *core::Address::from_bytes(message.subspan(kHeader + index * size, size)));
    return heard;
}

}  // namespace

Authentication Authentication::simple(std::string_view text) {
    Authentication made{.type = Type::simple_password, .password = {}};
    const auto octets = std::as_bytes(std::span(text));
    std::ranges::copy(octets.first(std::min(octets.size(), made.password.size())),
                      made.password.begin());
    return made;
}

std::vector<std::byte> encode(const Advertisement& advertisement,
                              const Authentication& authentication, const core::Address& source,
                              const core::Address& destination) {
    const bool v2 = advertisement.version == Version::v2;
    const std::size_t count = std::min<std::size_t>(advertisement.addresses.size(), 255);
    std::vector<std::byte> message;
    message.reserve(length_of(v2 ? 2 : 3, source.family(), count));
    append(message, static_cast<unsigned>(advertisement.version) << 4U | kAdvertisement);
    append(message, advertisement.vrid);
    append(message, advertisement.priority);
    append(message, static_cast<unsigned>(count));
    if (v2) {
        append(message, static_cast<unsigned>(authentication.type));
        append(message, static_cast<unsigned>(advertisement.max_advertise_interval / kSecond));
    } else {
        const auto centiseconds =
            static_cast<unsigned>(advertisement.max_advertise_interval / kCentisecond) & 0x0fffU;
        append(message, centiseconds >> 8U);
        append(message, centiseconds);
    }
    append(message, 0);
    append(message, 0);
    for (std::size_t index = 0; index < count; ++index)
        std::ranges::copy(advertisement.addresses[index].bytes(), std::back_inserter(message));
    if (v2) std::ranges::copy(authentication.password, std::back_inserter(message));
    const std::uint32_t pseudo = v2 ? 0 : pseudo_header(source, destination, message.size());
    const std::uint16_t checksum = fold(add_words(pseudo, message));
    message[kChecksumAt] = static_cast<std::byte>(checksum >> 8U);
    message[kChecksumAt + 1] = static_cast<std::byte>(checksum & 0xffU);
    return message;
}

std::variant<Datagram, Rejection> from_ipv4_packet(std::span<const std::byte> packet) {
    // version/header length | TOS | total length | ... | TTL at 8 | protocol at 9 | ...
    // source at 12 | destination at 16 | options (RFC 791 3.1)
    constexpr std::size_t kSmallest = 20;
    if (packet.size() < kSmallest || octet(packet, 0) >> 4U != 4) return Rejection::ip_header;
    const std::size_t header = std::size_t{octet(packet, 0) & 0xfU} * 4;
    const std::size_t total = word(packet, 2);
    if (header < kSmallest || total < header || total > packet.size()) return Rejection::ip_header;
    return Datagram{.source = *core::Address::from_bytes(packet.subspan(12, 4)),
                    .destination = *core::Address::from_bytes(packet.subspan(16, 4)),
                    .time_to_live = static_cast<std::uint8_t>(octet(packet, 8)),
                    .protocol = static_cast<std::uint8_t>(octet(packet, 9)),
                    .message = packet.subspan(header, total - header)};
}

std::optional<std::uint8_t> vrid_of(std::span<const std::byte> message) {
    if (message.size() < 2) return std::nullopt;
    return static_cast<std::uint8_t>(octet(message, 1));
}

std::variant<Accepted, Rejection> check(const Expectation& expected, const Datagram& datagram) {
    if (const auto refused = check_envelope(expected, datagram)) return *refused;
    const std::size_t length = length_of(static_cast<unsigned>(expected.version), expected.family,
                                         octet(datagram.message, 3));
    const auto message = datagram.message.first(length);
    const std::size_t excess = datagram.message.size() - length;
    if (const auto refused = check_content(expected, datagram, message, excess)) return *refused;

    Accepted accepted{.advertisement = decode(expected, message)};
    std::vector<core::Address> sorted = accepted.advertisement.addresses;
    std::ranges::sort(sorted);
    accepted.addresses_differ = sorted != expected.addresses;
    accepted.interval_differs =
        accepted.advertisement.max_advertise_interval != expected.advert_interval;
    return accepted;
}

std::string_view to_text(Rejection rejection) {
    switch (rejection) {
        case Rejection::ip_header:
            return "broken IP header";
        case Rejection::unknown_vrid:
            return "unknown virtual router id";
        case Rejection::unexpected_ah:
            return "authentication header does not fit the configuration";
        case Rejection::incomplete:
            return "shorter than its address count says";
        case Rejection::time_to_live:
            return "TTL or hop limit is not 255";
        case Rejection::version:
            return "another VRRP version";
        case Rejection::trailer:
            return "keyed trailer, but no keys are configured";
        case Rejection::authentication_type:
            return "another authentication type";
        case Rejection::authentication_data:
            return "wrong password";
        case Rejection::interval:
            return "advertisement interval differs";
        case Rejection::type:
            return "not an advertisement";
        case Rejection::total_length:
            return "octets behind the message";
        case Rejection::checksum:
            return "wrong checksum";
        case Rejection::destination:
            return "its destination does not fit the configuration";
    }
    core::broken_invariant("rejection without a text");
}

}  // namespace holdfast::vrrp
