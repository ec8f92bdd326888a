#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::core {

/// A locator of identifier-locator addressing, "H:H:H:H": four hexadecimal numbers of 16 bits, the
/// first one highest. Nothing for any other text.
[[nodiscard]] std::optional<std::uint64_t> locator_of(std::string_view text);

}  // namespace holdfast::core
