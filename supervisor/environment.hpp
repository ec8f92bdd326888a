#pragma once

#include <string>
#include <vector>

namespace holdfast::supervisor {

struct EnvironmentEntry {
    std::string name;
    std::string value;
};

/// Pure: the variables of an `environ` that the parser is given for ${_ENV NAME}: names as a shell
/// knows them, values without control characters, each and all together of bounded size. What does
/// not fit is left out, and reads as unset.
[[nodiscard]] std::vector<EnvironmentEntry> handed_environment(const char* const* environment);

}  // namespace holdfast::supervisor
