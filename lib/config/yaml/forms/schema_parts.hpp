#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

// Pieces of JSON Schema (draft-07) as trees.

/// {"type": TYPE}
[[nodiscard]] Node typed(std::string_view type);
[[nodiscard]] Node text_with(std::string pattern);
[[nodiscard]] Node list_of(Node items);
[[nodiscard]] Node any_of(std::vector<Node> choices);
[[nodiscard]] Node words_schema(const std::vector<std::string>& words);
[[nodiscard]] Node reference_to(std::string_view definition);

// Patterns of texts.
[[nodiscard]] std::string_view address_pattern();
[[nodiscard]] std::string_view network_pattern();   // as prefix_pattern(), or default
[[nodiscard]] std::string_view prefix_pattern();    // ADDR or ADDR/LEN
[[nodiscard]] std::string_view endpoint_pattern();  // ADDR, ADDR:PORT or [ADDR6]:PORT
[[nodiscard]] std::string_view duration_pattern();
[[nodiscard]] std::string_view size_pattern();

}  // namespace holdfast::config::yaml
