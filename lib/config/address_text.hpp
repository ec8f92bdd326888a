#pragma once

#include <string>
#include <string_view>

namespace holdfast::config {

/// The address in a field of 4 or 16 octets as people write it; `otherwise` for octets that are
/// none.
[[nodiscard]] std::string address_text(std::string_view octets, std::string_view otherwise = {});

}  // namespace holdfast::config
