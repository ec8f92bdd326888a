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
/// TTL or hop limit of a multicast advertisement (RFC 9568 5.1.1.3).
inline constexpr std::uint8_t kTimeToLive = 255;
/// The router that owns the addresses (RFC 9568 5.2.4).
inline constexpr std::uint8_t kOwnerPriority = 255;
/// The longest interval that fits into version 3: 12 bits of centiseconds.
inline constexpr core::Interval kLongestInterval = std::chrono::milliseconds{40950};

/// VRRPv2's authentication field (RFC 2338 5.3.6). A keyed extension would be another type.
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

/// The message as it follows the IP header, checksum included. `source` and `destination` are of
/// one family and enter the pseudo header (version 3 only; over IPv6 the kernel writes the checksum
/// again for the source it chose).
[[nodiscard]] std::vector<std::byte> encode(const Advertisement& advertisement,
                                            const Authentication& authentication,
                                            const core::Address& source,
                                            const core::Address& destination);

/// One received datagram. `message` begins at the VRRP header and lives in the caller's buffer.
struct Datagram {
    core::Address source;
    core::Address destination;
    std::uint8_t time_to_live = 0;  // hop limit of IPv6
    std::uint8_t protocol = kProtocol;
    std::span<const std::byte> message;
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
    authentication_type,  // version 2: another kind of authentication
    authentication_data,  // version 2: wrong password
    interval,             // version 2: another interval than ours; version 3: zero
    type,                 // not an ADVERTISEMENT
    total_length,         // octets behind the message
    checksum,
    destination,  // multicast to a unicast router, or the reverse
};
inline constexpr std::size_t kRejections = 14;
[[nodiscard]] std::string_view to_text(Rejection rejection);

/// What a router accepts.
struct Expectation {
    Version version = Version::v3;
    core::Family family = core::Family::ipv4;
    std::uint8_t vrid = 1;
    core::Interval advert_interval = std::chrono::seconds{1};
    Authentication authentication;
    bool unicast = false;
    std::optional<core::Address> group{};  // of a multicast instance
    std::vector<core::Address> addresses;  // sorted
    friend bool operator==(const Expectation&, const Expectation&) = default;
};

/// A believed packet. The two differences are counted and logged; they reject nothing.
struct Accepted {
    Advertisement advertisement;
    bool addresses_differ = false;
    bool interval_differs = false;  // version 3
};

/// Cuts the IP header off what an IPv4 raw socket delivers.
[[nodiscard]] std::variant<Datagram, Rejection> from_ipv4_packet(std::span<const std::byte> packet);

/// The Virtual Router Identifier, with which the router is found; nothing if there is none.
[[nodiscard]] std::optional<std::uint8_t> vrid_of(std::span<const std::byte> message);

/// All checks of RFC 9568 7.1 and RFC 3768 7.1, in keepalived's order; `unknown_vrid` when the
/// packet is of another router.
[[nodiscard]] std::variant<Accepted, Rejection> check(const Expectation& expected,
                                                      const Datagram& datagram);

}  // namespace holdfast::vrrp
