#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "lib/core/address.hpp"
#include "lib/netlink/codec.hpp"
#include "lib/netlink/message.hpp"

/// Pure: what messages about routes and about policy rules have in common.
namespace holdfast::netlink {

/// All addresses that begin with `length` bits of `address`; length 0 is the default route's.
struct Prefix {
    core::Address address;
    std::uint8_t length = 0;
    friend auto operator<=>(const Prefix&, const Prefix&) = default;
};
/// "192.0.2.0/24", "default"
[[nodiscard]] std::string to_text(const Prefix& prefix);

/// Nothing is put for one of length 0.
void put_prefix(Message& message, int type, const Prefix& prefix);
/// `length` stands in the fixed header. Of length 0: the family's unspecified address. Nothing when
/// the attribute is missing or of another family, or too few bits are in an address.
[[nodiscard]] std::optional<Prefix> get_prefix(const Attributes& attributes, int type,
                                               core::Family family, std::uint8_t length);

/// The number of a routing table has an octet in the fixed header; larger ones need an attribute,
/// and the octet is 0 then.
[[nodiscard]] std::uint8_t octet_of_table(std::uint32_t table);
void put_table(Message& message, int type, std::uint32_t table);

[[nodiscard]] inline core::Family family_of(std::uint8_t af) {
    return af == AF_INET ? core::Family::ipv4 : core::Family::ipv6;
}

/// The fixed header of a message of one of two kinds; nothing for others, for messages that are too
/// short and for other families than IPv4 and IPv6. `family` is where the header has it.
template <class Header>
[[nodiscard]] std::optional<Header> head_in(const Reply& reply, std::uint16_t came,
                                            std::uint16_t went, unsigned char Header::*family) {
    if (reply.type != came && reply.type != went) return std::nullopt;
    Header header{};
    if (reply.payload.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, reply.payload.data(), sizeof header);
    if (header.*family != AF_INET && header.*family != AF_INET6) return std::nullopt;
    return header;
}

}  // namespace holdfast::netlink
