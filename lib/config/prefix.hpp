#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/address.hpp"

namespace holdfast::config {

/// The value of a field of syntax PREFIX: an address with or without a length, or "default", which
/// is every address of whatever family the rest is of. The field holds 4 or 16 octets, and one more
/// with the length when one is written; of "default" only the length 0.
struct Prefix {
    std::optional<core::Address> address;  // nothing: default
    std::optional<std::uint32_t> length;

    [[nodiscard]] static std::optional<Prefix> from_octets(std::string_view octets);
    [[nodiscard]] std::string octets() const;
    /// "192.0.2.0/24", "192.0.2.1", "default"
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::optional<core::Family> family() const;
    [[nodiscard]] std::uint32_t length_or_full() const;
};

/// IP, IP/LEN, or default, any, all, and default6 for ::/0. A bad length is a problem, and the
/// prefix is that of the address alone; nothing when the address is none.
struct ReadPrefix {
    std::optional<Prefix> prefix;
    std::string problem;
};
[[nodiscard]] ReadPrefix read_prefix(std::string_view text);
/// The same without the words.
[[nodiscard]] ReadPrefix read_address_with_length(std::string_view text);

}  // namespace holdfast::config
