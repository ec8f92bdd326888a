#pragma once

#include "supervisor/options.hpp"

namespace holdfast::supervisor {

/// Everything from the command line to the running supervisor and its end: background, pid file,
/// run-time folder, first configuration. Returns the exit status, keepalived's where it has one.
[[nodiscard]] int run_daemon(const Options& options);

}  // namespace holdfast::supervisor
