#include "lib/core/locator.hpp"

#include <charconv>

#include "lib/core/text.hpp"

namespace holdfast::core {

std::optional<std::uint64_t> locator_of(std::string_view text) {
    std::uint64_t locator = 0;
    const auto parts = split(text, ':');
    for (const std::string_view part : parts) {
        std::uint32_t value = 0;
        const auto [end, failure] =
            std::from_chars(part.data(), part.data() + part.size(), value, 16);
        if (failure != std::errc{} || end != part.data() + part.size() || value > 0xffff)
            return std::nullopt;
        locator = locator << 16U | value;
    }
    return parts.size() == 4 ? std::optional(locator) : std::nullopt;
}

}  // namespace holdfast::core
