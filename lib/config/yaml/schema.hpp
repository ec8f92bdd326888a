#pragma once

#include <string>

namespace holdfast::config::yaml {

/// JSON Schema (draft-07) of a configuration in YAML, made from the shape of the model: what
/// editors complete and check with. It is stricter than the reader nowhere, and laxer where a rule
/// ties several settings together.
[[nodiscard]] std::string make_schema();

}  // namespace holdfast::config::yaml
