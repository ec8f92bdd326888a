#pragma once

#include <cstddef>
#include <string_view>

namespace holdfast::core {

/// One character of a text; an octet that begins none is not valid and counts as one.
struct Utf8Character {
    char32_t value = 0;
    std::size_t octets = 1;
    bool valid = false;
};

/// What stands for an octet that is no UTF-8: U+FFFD.
inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";

/// The first character of a text that is not empty, strictly after RFC 3629.
[[nodiscard]] Utf8Character first_character(std::string_view text);

/// C0, DEL and C1: a terminal may obey any of them.
[[nodiscard]] constexpr bool is_control(char32_t value) {
    return value < 0x20 || (value >= 0x7f && value < 0xa0);
}

}  // namespace holdfast::core
