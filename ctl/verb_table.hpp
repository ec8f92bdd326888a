#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::ctl {

/// What one verb is, for help, completion and "did you mean". What it does: verbs.cpp.
struct VerbInfo {
    std::string_view words;      // "show config"
    std::string_view arguments;  // "[FILE...]"
    std::string_view summary;    // one line
    std::string_view details;    // for --help of this verb
};

[[nodiscard]] std::span<const VerbInfo> verb_table();

/// The verb that the words begin with, the longest that fits; nothing if none does.
[[nodiscard]] const VerbInfo* find_verb(std::span<const std::string> words);

/// "unknown verb ...; did you mean ...?"
[[nodiscard]] std::string unknown_verb(std::span<const std::string> words);

}  // namespace holdfast::ctl
