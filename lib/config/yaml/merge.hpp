#pragma once

#include <string>

#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

/// What happens to a key that two maps have, unless both values are maps, which are merged.
enum class Clash : std::uint8_t {
    refuse,   // an error that names both places
    replace,  // the newer one wins: overrides
    keep,     // the older one wins: defaults
};

/// Puts the entries of `from` into `into`, in linear time. `path` is where the maps stand, for
/// findings.
void merge(Node& into, const Node& from, Clash clash, const std::string& path, Reporter& report);

/// "FILE:LINE"
[[nodiscard]] std::string place_text(const Mark& mark);

}  // namespace holdfast::config::yaml
