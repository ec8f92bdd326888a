#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "proto/control.pb.h"

namespace holdfast::ctl {

/// Asks the supervisor one thing over status.sock or control.sock of a run-time folder and collects
/// every part of the answer. Blocking: holdfastctl has nothing else to do.
///
/// Errors carry errno: ENOENT or ECONNREFUSED (not running), EACCES or EPERM, ETIMEDOUT.
[[nodiscard]] core::Result<std::vector<messages::v1::CtlReply>> ask(
    const std::string& run_folder, const messages::v1::CtlRequest& request,
    std::chrono::milliseconds timeout);

}  // namespace holdfast::ctl
