#include "vrrpd/advertisement.hpp"

#include <algorithm>

#include "lib/core/result.hpp"
#include "vrrpd/authentication_header.hpp"
#include "vrrpd/hmac_trailer.hpp"

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

core::Interval interval_of(Version version, std::span<const std::byte> message) {
    if (version == Version::v2) return kSecond * octet(message, 5);
    return kCentisecond * (word(message, 4) & 0x0fffU);
}

/// Version 2 never has a pseudo header. Version 3 always has one over IPv6; over IPv4 keepalived
/// and RFC 5798 readers add it while RFC 9568 5.2.8 leaves it out: both are right. Nothing when the
/// checksum is wrong in every form.
std::optional<ChecksumForm> checksum_form(const Expectation& expected, const Datagram& datagram,
                                          std::span<const std::byte> message) {
    const std::uint32_t sum = add_words(0, message);
    const auto holds = [&](std::uint32_t pseudo) { return fold(pseudo + sum) == 0; };
    const auto holds_towards = [&](const core::Address& destination) {
        return holds(pseudo_header(datagram.source, destination, message.size()));
    };
    if (expected.version == Version::v2)
        return holds(0) ? std::optional(ChecksumForm::plain) : std::nullopt;
    if (holds_towards(datagram.destination)) return ChecksumForm::pseudo_header;
    if (expected.family == core::Family::ipv6) return std::nullopt;
    if (holds(0)) return ChecksumForm::plain;
    if (expected.old_checksum_group && holds_towards(*expected.old_checksum_group))
        return ChecksumForm::old_unicast;
    return std::nullopt;
}

std::optional<Rejection> check_authentication(const Expectation& expected, const Datagram& datagram,
                                              std::span<const std::byte> message,
                                              const Proofs& proofs) {
    if (expected.version != Version::v2) return std::nullopt;
    const Authentication& ours = expected.authentication;
    if (octet(message, 4) != static_cast<unsigned>(ours.type))
        return Rejection::authentication_type;
    if (ours.type == Authentication::Type::simple_password &&
        !equal_in_constant_time(ours.password, message.last(kAuthenticationData)))
        return Rejection::authentication_data;
    if (ours.type != Authentication::Type::header) return std::nullopt;
    if (proofs.header == nullptr) return Rejection::header_forged;
    return proofs.header->check(datagram);
}

/// `excess` follows the message: padding, or a trailer, which is known by its length.
std::optional<Rejection> check_trailer(const Datagram& datagram, std::span<const std::byte> message,
                                       std::span<const std::byte> excess, const Proofs& proofs) {
    const bool has_trailer = excess.size() == kTrailer;
    if (proofs.trailer == nullptr)
        return has_trailer ? std::optional(Rejection::trailer) : std::nullopt;
    if (has_trailer) return proofs.trailer->check(message, excess, datagram.source, *proofs.now);
    return proofs.trailer->demands() ? std::optional(Rejection::no_trailer) : std::nullopt;
}

/// What was sent to us, and by whom.
std::optional<Rejection> check_ends(const Expectation& expected, const Datagram& datagram) {
    if (datagram.destination.is_multicast() == expected.unicast) return Rejection::destination;
    // An IPv6 raw socket receives what is sent to any group of the host, ff02::1 for one.
    if (expected.group && datagram.destination != *expected.group) return Rejection::destination;
    if (!expected.unicast) return std::nullopt;
    const auto peer = std::ranges::find(expected.peers, datagram.source, &Peer::address);
    if (peer == expected.peers.end())
        return expected.peers_only ? std::optional(Rejection::unicast_source) : std::nullopt;
    if (datagram.time_to_live < peer->min_ttl || datagram.time_to_live > peer->max_ttl)
        return Rejection::unicast_time_to_live;
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
    const auto form = version == 2 ? Version::v2 : Version::v3;
    if (datagram.message.size() < length_of(form, expected.family, octet(datagram.message, 3)))
        return Rejection::incomplete;
    if (datagram.destination.is_multicast() && datagram.time_to_live != kTimeToLive)
        return Rejection::time_to_live;
    if (version != static_cast<unsigned>(expected.version)) return Rejection::version;
    return std::nullopt;
}

/// The rest; `message` is exactly as long as it says, `excess` the octets that followed it. `form`
/// becomes that of the checksum.
std::optional<Rejection> check_content(const Expectation& expected, const Datagram& datagram,
                                       std::span<const std::byte> message,
                                       std::span<const std::byte> excess, const Proofs& proofs,
                                       ChecksumForm& form) {
    if (const auto refused = check_trailer(datagram, message, excess, proofs)) return refused;
    if (const auto refused = check_authentication(expected, datagram, message, proofs))
        return refused;
    const core::Interval interval = interval_of(expected.version, message);
    if (interval == core::Interval::zero()) return Rejection::interval;
    if (expected.version == Version::v2 && interval != expected.advert_interval)
        return Rejection::interval;
    if ((octet(message, 0) & 0xfU) != kAdvertisement) return Rejection::type;
    if (excess.size() > kPadding && excess.size() != kTrailer) return Rejection::total_length;
    const auto found = checksum_form(expected, datagram, message);
    if (!found) return Rejection::checksum;
    form = *found;
    return check_ends(expected, datagram);
}

/// Their order means nothing, but is usually the same.
bool differ(const std::vector<core::Address>& left, const std::vector<core::Address>& right) {
    if (left == right) return false;
    if (left.size() != right.size()) return true;
    std::vector<core::Address> left_sorted = left;
    std::vector<core::Address> right_sorted = right;
    std::ranges::sort(left_sorted);
    std::ranges::sort(right_sorted);
    return left_sorted != right_sorted;
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
                              const core::Address& destination, ChecksumForm form) {
    const bool v2 = advertisement.version == Version::v2;
    const std::size_t count = std::min<std::size_t>(advertisement.addresses.size(), 255);
    std::vector<std::byte> message;
    message.reserve(length_of(advertisement.version, source.family(), count) + kTrailer);
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
    if (v2) {
        // With an authentication header the password is its key, and stays out of the message.
        const bool shown = authentication.type != Authentication::Type::header;
        const auto data = shown ? authentication.password : Authentication{}.password;
        std::ranges::copy(data, std::back_inserter(message));
    }
    const bool plain = v2 || (form == ChecksumForm::plain && source.family() == core::Family::ipv4);
    const std::uint32_t pseudo = plain ? 0 : pseudo_header(source, destination, message.size());
    const std::uint16_t checksum = fold(add_words(pseudo, message));
    message[kChecksumAt] = static_cast<std::byte>(checksum >> 8U);
    message[kChecksumAt + 1] = static_cast<std::byte>(checksum & 0xffU);
    return message;
}

std::size_t length_of(Version version, core::Family family, std::size_t addresses) {
    const std::size_t length = kHeader + addresses * core::octets_of(family);
    return version == Version::v2 ? length + kAuthenticationData : length;
}

std::variant<Datagram, Rejection> from_ipv4_packet(std::span<const std::byte> packet) {
    // version/header length | TOS | total length | ... | TTL at 8 | protocol at 9 | ...
    // source at 12 | destination at 16 | options (RFC 791 3.1)
    constexpr std::size_t kSmallest = 20;
    if (packet.size() < kSmallest || octet(packet, 0) >> 4U != 4) return Rejection::ip_header;
    const std::size_t header = std::size_t{octet(packet, 0) & 0xfU} * 4;
    const std::size_t total = word(packet, 2);
    if (header < kSmallest || total < header || total > packet.size()) return Rejection::ip_header;
    Datagram cut{.source = *core::Address::from_bytes(packet.subspan(12, 4)),
                 .destination = *core::Address::from_bytes(packet.subspan(16, 4)),
                 .time_to_live = static_cast<std::uint8_t>(octet(packet, 8)),
                 .protocol = static_cast<std::uint8_t>(octet(packet, 9)),
                 .message = packet.subspan(header, total - header)};
    if (cut.protocol != kHeaderProtocol) return cut;
    // next header | payload length in words of 32 bits, less 2 | ... (RFC 4302 2)
    if (cut.message.size() < 2 || octet(cut.message, 0) != kProtocol) return Rejection::ip_header;
    const std::size_t length = (std::size_t{octet(cut.message, 1)} + 2) * 4;
    if (cut.message.size() < length) return Rejection::ip_header;
    cut.packet = packet.first(total);
    cut.authentication_header = cut.message.first(length);
    cut.message = cut.message.subspan(length);
    return cut;
}

std::optional<std::uint8_t> vrid_of(std::span<const std::byte> message) {
    if (message.size() < 2) return std::nullopt;
    return static_cast<std::uint8_t>(octet(message, 1));
}

std::variant<Accepted, Rejection> check(const Expectation& expected, const Datagram& datagram,
                                        const Proofs& proofs) {
    if (const auto refused = check_envelope(expected, datagram)) return *refused;
    const std::size_t length =
        length_of(expected.version, expected.family, octet(datagram.message, 3));
    const auto message = datagram.message.first(length);
    const auto excess = datagram.message.subspan(length);
    ChecksumForm form{};
    if (const auto refused = check_content(expected, datagram, message, excess, proofs, form))
        return *refused;

    Accepted accepted{.advertisement = decode(expected, message)};
    accepted.addresses_differ = differ(accepted.advertisement.addresses, expected.addresses);
    accepted.interval_differs =
        accepted.advertisement.max_advertise_interval != expected.advert_interval;
    accepted.checksum = form;
    return accepted;
}

std::string_view to_text(ChecksumForm form) {
    switch (form) {
        case ChecksumForm::pseudo_header:
            return "with a pseudo header";
        case ChecksumForm::plain:
            return "without a pseudo header";
        case ChecksumForm::old_unicast:
            return "of keepalived before 1.3.7";
    }
    core::broken_invariant("checksum form without a text");
}

}  // namespace holdfast::vrrp
