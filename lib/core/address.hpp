#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::core {

enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

/// AF_INET or AF_INET6.
[[nodiscard]] constexpr int to_af(Family family) {
    return family == Family::ipv4 ? AF_INET : AF_INET6;
}
/// 4 or 16 octets.
[[nodiscard]] constexpr std::size_t octets_of(Family family) {
    return family == Family::ipv4 ? 4 : 16;
}

/// One IPv4 or IPv6 address. Orders by family, then by octets in network order, which is the order
/// RFC 9568 6.4.3 asks for when priorities are equal. The default is 0.0.0.0.
class Address {
  public:
    constexpr Address() = default;

    /// From 4 or 16 octets in network order; nothing for any other length.
    [[nodiscard]] static std::optional<Address> from_bytes(std::span<const std::byte> octets);
    [[nodiscard]] static std::optional<Address> from_bytes(std::string_view octets);
    /// From dotted quad or IPv6 text, no prefix length, no zone.
    [[nodiscard]] static std::optional<Address> from_text(std::string_view text);
    [[nodiscard]] static Address v4(std::uint32_t host_order);
    [[nodiscard]] static Address from(const in_addr& address);
    [[nodiscard]] static Address from(const in6_addr& address);
    /// From sockaddr_in or sockaddr_in6; nothing for other families.
    [[nodiscard]] static std::optional<Address> from(const sockaddr_storage& address);

    [[nodiscard]] Family family() const { return family_; }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {octets_.data(), octets_of(family_)};
    }
    /// The octets as protobuf `bytes` want them.
    [[nodiscard]] std::string octets() const;
    [[nodiscard]] std::string text() const;

    [[nodiscard]] bool is_multicast() const;
    [[nodiscard]] bool is_link_local() const;
    /// 0.0.0.0 or ::
    [[nodiscard]] bool is_unspecified() const;
    /// True when both lie in one network of `prefix_length` bits.
    [[nodiscard]] bool shares_prefix(const Address& other, unsigned prefix_length) const;

    [[nodiscard]] in_addr to_in_addr() const;
    [[nodiscard]] in6_addr to_in6_addr() const;
    /// With port in host order; returns the length of the sockaddr.
    socklen_t to_sockaddr(std::uint16_t port, sockaddr_storage& out,
                          std::uint32_t scope_id = 0) const;

    friend auto operator<=>(const Address&, const Address&) = default;

  private:
    Family family_ = Family::ipv4;
    std::array<std::byte, 16> octets_{};
};

/// Address and port (host order) of one end of a TCP or UDP conversation.
struct Endpoint {
    Address address;
    std::uint16_t port = 0;
    /// "192.0.2.1:80" or "[2001:db8::1]:80"
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace holdfast::core
