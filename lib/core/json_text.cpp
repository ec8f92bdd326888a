#include "lib/core/json_text.hpp"

#include <fmt/format.h>

#include "lib/core/utf8.hpp"

namespace holdfast::core {

std::string json_text(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const Utf8Character character = first_character(text);
        const std::string_view octets = text.substr(0, character.octets);
        text.remove_prefix(character.octets);
        if (!character.valid) {
            out += kReplacementCharacter;
        } else if (octets == "\"" || octets == "\\") {
            out.append("\\").append(octets);
        } else if (is_control(character.value)) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(character.value));
        } else {
            out += octets;
        }
    }
    return out += '"';
}

}  // namespace holdfast::core
