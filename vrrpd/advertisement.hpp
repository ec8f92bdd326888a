#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/core/interval.hpp"

/// VRRP as bytes: what an ADVERTISEMENT says, and whether a received one may be believed. Pure:
/// no sockets, no clock, no log.
namespace holdfast::vrrp {

enum class Version : std::uint8_t { v2 = 2, v3 = 3 };

/// IP protocol number of VRRP (RFC 9568 5.1.1.4).
inline constexpr std::uint8_t kProtocol = 112;
/// IP protocol number of the authentication header (RFC 4302), in which VRRP may be wrapped.
inline constexpr std::uint8_t kHeaderProtocol = 51;
/// TTL or hop limit of a multicast advertisement (RFC 9568 5.1.1.3).
inline constexpr std::uint8_t kTimeToLive = 255;
/// The router that owns the addresses (RFC 9568 5.2.4).
inline constexpr std::uint8_t kOwnerPriority = 255;
/// The longest interval that fits into version 3: 12 bits of centiseconds.
inline constexpr core::Interval kLongestInterval = std::chrono::milliseconds{40950};

/// VRRPv2's authentication field (RFC 2338 5.3.6).
struct Authentication {
    enum class Type : std::uint8_t { none = 0, simple_password = 1, header = 2 };
    Type type = Type::none;
    std::array<std::byte, 8> password{};  // padded with zeros, as on the wire

    /// Longer words are cut at 8 octets, as keepalived cuts them.
    [[nodiscard]] static Authentication simple(std::string_view word);
    friend bool operator==(const Authentication&, const Authentication&) = default;
};

/// The content of one ADVERTISEMENT.
struct Advertisement {
    Version version = Version::v3;
    std::uint8_t vrid = 1;
    std::uint8_t priority = 100;
    /// Advertisement_Interval: whole seconds in version 2, centiseconds in version 3.
    core::Interval max_advertise_interval = std::chrono::seconds{1};
    std::vector<core::Address> addresses;

    friend bool operator==(const Advertisement&, const Advertisement&) = default;
};

/// What version 3 over IPv4 sums up. Over IPv6 there is always a pseudo header, in version 2 never.
enum class ChecksumForm : std::uint8_t {
    pseudo_header,  // keepalived, and most readers of RFC 5798
    plain,          // RFC 9568 5.2.8: the message alone
    old_unicast,    // keepalived before 1.3.7: a pseudo header to the multicast group
};
[[nodiscard]] std::string_view to_text(ChecksumForm form);

/// The message as it follows the IP header, checksum included. `source` and `destination` are of
/// one family and enter the pseudo header (version 3 only; over IPv6 the kernel writes the checksum
/// again for the source it chose). With ChecksumForm::old_unicast, `destination` is the group.
[[nodiscard]] std::vector<std::byte> encode(const Advertisement& advertisement,
                                            const Authentication& authentication,
                                            const core::Address& source,
                                            const core::Address& destination,
                                            ChecksumForm form = ChecksumForm::pseudo_header);

/// Octets of a message with so many addresses, without a trailer.
[[nodiscard]] std::size_t length_of(Version version, core::Family family, std::size_t addresses);

/// One received datagram. `message` begins at the VRRP header and lives in the caller's buffer.
struct Datagram {
    core::Address source;
    core::Address destination;
    std::uint8_t time_to_live = 0;  // hop limit of IPv6
    std::uint8_t protocol = kProtocol;
    std::span<const std::byte> message;
    // Where there is an authentication header: the whole packet, and the header in it.
    std::span<const std::byte> packet{};
    std::span<const std::byte> authentication_header{};
};

/// Why a packet is not believed, in the order in which they are looked at.
enum class Rejection : std::uint8_t {
    ip_header,            // not an IPv4 packet, or its own lengths contradict each other
    unknown_vrid,         // no such router on this interface
    unexpected_ah,        // an authentication header, or none where one is configured
    incomplete,           // shorter than its own count of addresses says
    time_to_live,         // multicast that crossed a router
    version,              // not this router's version
    trailer,              // a keyed trailer, but this router has no keys
    no_trailer,           // none, though one is demanded
    trailer_malformed,    // of an unknown scheme
    trailer_stale,        // made at another time than now
    trailer_key,          // under a key that is not configured
    trailer_forged,       // its HMAC is wrong
    trailer_replayed,     // not newer than what its sender said before
    authentication_type,  // version 2: another kind of authentication
    authentication_data,  // version 2: wrong password
    header_malformed,     // an authentication header of another form
    header_forged,        // its sum is wrong
    header_replayed,      // not newer than what was said before
    interval,             // version 2: another interval than ours; version 3: zero
    type,                 // not an ADVERTISEMENT
    total_length,         // octets behind the message
    checksum,
    destination,           // multicast to a unicast router, or the reverse
    unicast_source,        // unicast of somebody who is no peer
    unicast_time_to_live,  // a peer's TTL out of its range
};
inline constexpr std::size_t kRejections = 25;
[[nodiscard]] std::string_view to_text(Rejection rejection);
/// What somebody who reads the log can do about it.
[[nodiscard]] std::string_view advice_for(Rejection rejection);

/// One that unicast advertisements come from.
struct Peer {
    core::Address address;
    std::uint8_t min_ttl = 0;
    std::uint8_t max_ttl = 255;
    friend bool operator==(const Peer&, const Peer&) = default;
};

/// What a router accepts.
struct Expectation {
    Version version = Version::v3;
    core::Family family = core::Family::ipv4;
    std::uint8_t vrid = 1;
    core::Interval advert_interval = std::chrono::seconds{1};
    Authentication authentication;
    bool unicast = false;
    std::optional<core::Address> group{};  // of a multicast instance
    std::vector<core::Address> addresses;
    std::vector<Peer> peers{};  // of a unicast instance
    bool peers_only = false;    // believe nobody else
    /// Set: the old form of unicast checksums is believed, made with this group.
    std::optional<core::Address> old_checksum_group{};
    friend bool operator==(const Expectation&, const Expectation&) = default;
};

/// A believed packet. The two differences are counted and logged; they reject nothing.
struct Accepted {
    Advertisement advertisement;
    bool addresses_differ = false;
    bool interval_differs = false;                        // version 3
    ChecksumForm checksum = ChecksumForm::pseudo_header;  // version 3 over IPv4
};

class TrailerKeeper;
class HeaderKeeper;
struct Moment;

/// What proves the origin of packets, with what it remembers; none of it where none is configured.
struct Proofs {
    TrailerKeeper* trailer = nullptr;
    HeaderKeeper* header = nullptr;
    const Moment* now = nullptr;  // given with `trailer`
};

/// Cuts the IP header, and an authentication header behind it, off what an IPv4 raw socket
/// delivers.
[[nodiscard]] std::variant<Datagram, Rejection> from_ipv4_packet(std::span<const std::byte> packet);

/// The Virtual Router Identifier, with which the router is found; nothing if there is none.
[[nodiscard]] std::optional<std::uint8_t> vrid_of(std::span<const std::byte> message);

/// All checks of RFC 9568 7.1 and RFC 3768 7.1, in keepalived's order; `unknown_vrid` when the
/// packet is of another router.
[[nodiscard]] std::variant<Accepted, Rejection> check(const Expectation& expected,
                                                      const Datagram& datagram,
                                                      const Proofs& proofs = {});

}  // namespace holdfast::vrrp
