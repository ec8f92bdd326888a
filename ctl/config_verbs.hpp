#pragma once

#include <span>
#include <string>

#include "ctl/console.hpp"

namespace holdfast::ctl {

// Verbs about configurations. `words` are those behind the verb.

/// holdfastctl convert FILE
int convert(const Console& console, std::span<const std::string> words);
/// holdfastctl diff [A [B]]
int diff(const Console& console, std::span<const std::string> words);
/// holdfastctl show config [NAME...]; the first word is "config".
int show_config(const Console& console, std::span<const std::string> words);
/// holdfastctl schema
int schema(const Console& console, std::span<const std::string> words);

}  // namespace holdfast::ctl
