#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/address.hpp"
#include "lib/core/result.hpp"
#include "lib/netlink/path_head.hpp"

/// Pure: what the readers of the configuration's objects have in common.
namespace holdfast::ipvsd {

inline constexpr std::uint32_t kAllBits = std::numeric_limits<std::uint32_t>::max();

/// "OBJECT: WHY", EINVAL.
[[nodiscard]] core::Error refused(std::string_view object, std::string_view why);

/// The parser has checked its range.
[[nodiscard]] constexpr std::uint8_t octet(std::uint32_t value) {
    return static_cast<std::uint8_t>(value);
}

/// Short enough for an interface's name; an empty one is none.
[[nodiscard]] bool is_name(const std::string& interface);

[[nodiscard]] constexpr std::uint32_t realms_of(std::uint32_t source, std::uint32_t destination) {
    return (source & 0xffff) << 16 | (destination & 0xffff);
}

/// A field of syntax PREFIX: 4 or 16 octets, behind them perhaps the length; one octet 0: default,
/// of a family that the rest tells.
struct WrittenPrefix {
    std::optional<core::Address> address;
    std::uint8_t length = 0;
};
/// Nothing for other octets.
[[nodiscard]] std::optional<WrittenPrefix> written_prefix(const std::string& octets);
/// Of what a rule selects: length 0 is nothing.
[[nodiscard]] netlink::Prefix as_selector(const WrittenPrefix& written);
/// Of where a route leads: the kernel keeps no bits behind the prefix.
[[nodiscard]] netlink::Prefix as_network(const WrittenPrefix& written, core::Family family);

}  // namespace holdfast::ipvsd
