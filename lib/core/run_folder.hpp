#pragma once

#include <string>
#include <string_view>

namespace holdfast::core {

/// Where a copy of Holdfast keeps its sockets and state unless --run-dir says otherwise:
/// /run/holdfast, or, with a pid file that is not the default one, /run/holdfast/i-<hash of its
/// absolute path>, so that hundreds of copies on one host need only keepalived's options. The
/// supervisor and holdfastctl --pid FILE both ask here. An empty `pid_file` means the default one.
[[nodiscard]] std::string run_folder_for(std::string_view pid_file);

inline constexpr std::string_view kDefaultRunFolder = "/run/holdfast";
inline constexpr std::string_view kDefaultPidFile = "/run/holdfast.pid";

}  // namespace holdfast::core
