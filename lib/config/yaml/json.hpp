#pragma once

#include <string>

#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

/// A tree as JSON, indented by two blanks. A scalar that is not quoted must be a JSON literal.
[[nodiscard]] std::string to_json(const Node& node);

}  // namespace holdfast::config::yaml
