#pragma once

#include <cstdio>

#include "ctl/options.hpp"

namespace holdfast::ctl {

/// Carries the verb out; returns the exit status. Results go to `out`, complaints to `complaints`.
int run_verb(const Options& options, std::FILE* out, std::FILE* complaints);

}  // namespace holdfast::ctl
