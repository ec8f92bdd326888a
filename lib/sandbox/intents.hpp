#pragma once

#include <seccomp.h>

#include <initializer_list>
#include <string_view>
#include <vector>

#include "lib/sandbox/profile.hpp"

namespace holdfast::sandbox {

/// One allowed call: all comparisons must hold. A call stands in as many rules as it has ways.
struct Rule {
    std::string_view call;
    std::vector<scmp_arg_cmp> when;
};

[[nodiscard]] std::vector<Rule> rules_of(Intent intent);

/// Calls that only an attacker makes in any of our processes.
[[nodiscard]] const std::vector<std::string_view>& hostile_calls();

}  // namespace holdfast::sandbox
