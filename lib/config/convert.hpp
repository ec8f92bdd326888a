#pragma once

#include <string>
#include <vector>

#include "lib/config/load.hpp"
#include "lib/config/outline.hpp"

namespace holdfast::config {

/// A configuration in the other language.
struct Conversion {
    std::string text;  // empty when nothing could be read
    /// What the new text does not say, or says otherwise, by place in the old one: what the loader
    /// refuses, settings without equivalent, names, parameters and conditions that are resolved for
    /// this node, includes that are folded in, comments that belong to nothing. Warnings and notes
    /// are ours; errors are the loader's.
    std::vector<Diagnostic> report;
    /// A daemon could start with the old text; the new one of another is a part of it at best.
    bool usable = false;
    /// The new text, read again, is the same configuration, written and resolved.
    bool faithful = false;
};

/// Reads the configuration of the request, in whichever language it is, and writes it in `to`, with
/// its comments. What defaults, pools, overrides and parameters say is spelt out. Linear.
[[nodiscard]] Conversion convert(const LoadRequest& request, FileAccess& files, Language to);

/// The language a loaded file is in, by its content.
[[nodiscard]] Language language_of(const LoadRequest& request, FileAccess& files);

}  // namespace holdfast::config
