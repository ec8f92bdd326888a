#pragma once

#include "supervisor/options.hpp"

namespace holdfast::supervisor {

/// -t: reads the configuration, writes what was found to standard error (or appends it to the
/// file), and returns keepalived's exit status for it. Starts nothing but the parser, logs nothing,
/// writes no pid file.
[[nodiscard]] int run_config_test(const Options& options);

}  // namespace holdfast::supervisor
