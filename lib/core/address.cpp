#include "lib/core/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace holdfast::core {

std::optional<Address> Address::from_bytes(std::span<const std::byte> octets) {
    if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
    Address made;
    made.family_ = octets.size() == 4 ? Family::ipv4 : Family::ipv6;
    std::ranges::copy(octets, made.octets_.begin());
    return made;
}

std::optional<Address> Address::from_bytes(std::string_view octets) {
    return from_bytes(std::as_bytes(std::span(octets)));
}

std::optional<Address> Address::from_text(std::string_view text) {
    const std::string terminated(text);
    in_addr v4{};
    if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return from(v4);
    in6_addr v6{};
    if (inet_pton(AF_INET6, terminated.c_str(), &v6) == 1) return from(v6);
    return std::nullopt;
}

Address Address::v4(std::uint32_t host_order) {
    return from(in_addr{.s_addr = htonl(host_order)});
}

Address Address::from(const in_addr& address) {
    return *from_bytes(std::as_bytes(std::span(&address, 1)));
}

Address Address::from(const in6_addr& address) {
    return *from_bytes(std::as_bytes(std::span(&address, 1)));
}

std::optional<Address> Address::from(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return from(v4.sin_addr);
    }
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        return from(v6.sin6_addr);
    }
    return std::nullopt;
}

std::string Address::octets() const {
    std::string copy(octets_of(family_), '\0');
    std::memcpy(copy.data(), octets_.data(), copy.size());
    return copy;
}

std::string Address::text() const {
    if (family_ == Family::ipv4) {
        std::string quad;
        for (std::size_t i = 0; i < 4; ++i) {
            if (i > 0) quad += '.';
            const auto octet = std::to_integer<unsigned>(octets_[i]);
            if (octet >= 100) quad += static_cast<char>('0' + octet / 100);
            if (octet >= 10) quad += static_cast<char>('0' + octet / 10 % 10);
            quad += static_cast<char>('0' + octet % 10);
        }
        return quad;
    }
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(to_af(family_), octets_.data(), buffer.data(), buffer.size());
    return buffer.data();
}

bool Address::is_multicast() const {
    if (family_ == Family::ipv4) return (octets_[0] & std::byte{0xf0}) == std::byte{0xe0};
    return octets_[0] == std::byte{0xff};
}

bool Address::is_link_local() const {
    if (family_ == Family::ipv4)
        return octets_[0] == std::byte{169} && octets_[1] == std::byte{254};
    return octets_[0] == std::byte{0xfe} && (octets_[1] & std::byte{0xc0}) == std::byte{0x80};
}

bool Address::is_unspecified() const {
    return std::ranges::all_of(octets_, [](std::byte octet) { return octet == std::byte{0}; });
}

bool Address::shares_prefix(const Address& other, unsigned prefix_length) const {
    if (family_ != other.family_ || prefix_length > octets_of(family_) * 8) return false;
    const unsigned whole = prefix_length / 8;
    if (!std::equal(octets_.begin(), octets_.begin() + whole, other.octets_.begin())) return false;
    const unsigned rest = prefix_length % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::byte>(0xff00U >> rest);
    return (octets_[whole] & mask) == (other.octets_[whole] & mask);
}

in_addr Address::to_in_addr() const {
    in_addr out{};
    std::memcpy(&out, octets_.data(), sizeof out);
    return out;
}

in6_addr Address::to_in6_addr() const {
    in6_addr out{};
    std::memcpy(&out, octets_.data(), sizeof out);
    return out;
}

socklen_t Address::to_sockaddr(std::uint16_t port, sockaddr_storage& out,
                               std::uint32_t scope_id) const {
    out = {};
    if (family_ == Family::ipv4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        v4.sin_addr = to_in_addr();
        std::memcpy(&out, &v4, sizeof v4);
        return sizeof v4;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = to_in6_addr();
    v6.sin6_scope_id = scope_id;
    std::memcpy(&out, &v6, sizeof v6);
    return sizeof v6;
}

std::string Endpoint::text() const {
    return address.family() == Family::ipv4 ? fmt::format("{}:{}", address.text(), port)
                                            : fmt::format("[{}]:{}", address.text(), port);
}

}  // namespace holdfast::core
