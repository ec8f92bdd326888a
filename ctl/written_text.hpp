#pragma once

#include <string>
#include <vector>

#include "ctl/json.hpp"
#include "lib/config/outline.hpp"
#include "lib/config/written.hpp"

namespace holdfast::ctl {

struct WrittenText {
    std::string text;
    std::vector<std::string> problems;  // what the language has no way to say
};

/// A written configuration in one of the languages.
[[nodiscard]] WrittenText written_text(const config::Written& written, config::Language language);

/// The same as JSON: the maps, lists, numbers and texts of holdfast.yaml, which its schema
/// describes.
[[nodiscard]] Json written_json(const config::Written& written);

}  // namespace holdfast::ctl
