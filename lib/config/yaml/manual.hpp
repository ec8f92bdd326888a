#pragma once

#include <string>

namespace holdfast::config::yaml {

/// The page holdfast.yaml(5), from the shape of the model.
[[nodiscard]] std::string make_manual();

/// docs/reference/keepalived-keywords.md: every keyword of keepalived, whether it is carried out,
/// and where YAML says the same.
[[nodiscard]] std::string make_keyword_table();

}  // namespace holdfast::config::yaml
