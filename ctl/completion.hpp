#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/console.hpp"

namespace holdfast::ctl {

/// What the last of `words`, the beginning of a word behind the program's name, can become. Nothing
/// where a file is wanted: the shell knows better. Asks the running copy for names, and waits for
/// it one second at most.
[[nodiscard]] std::vector<std::string> completions(std::span<const std::string> words);

/// holdfastctl completion SHELL: the script that makes the shell ask `completions`.
int completion(const Console& console, std::span<const std::string> words);

}  // namespace holdfast::ctl
