#include "lib/core/utf8.hpp"

namespace holdfast::core {

Utf8Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t octets = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < octets) return {};
    char32_t value = lead & (0xffU >> (octets + 1));
    for (std::size_t i = 1; i < octets; ++i) {
        const auto octet = static_cast<unsigned char>(text[i]);
        if ((octet & 0xc0U) != 0x80U) return {};
        value = (value << 6U) | (octet & 0x3fU);
    }
    const bool overlong = (octets == 3 && value < 0x800) || (octets == 4 && value < 0x10000);
    const bool surrogate = value >= 0xd800 && value < 0xe000;
    if (overlong || surrogate || value > 0x10ffff) return {};
    return {value, octets, true};
}

}  // namespace holdfast::core
