#pragma once

#include <string>

#include "supervisor/options.hpp"

namespace holdfast::supervisor {

/// The files and folders of one copy, defaults filled in and made absolute.
struct Paths {
    std::string config_file;
    std::string run_dir;
    std::string main_pid_file;
    std::string vrrp_pid_file;
    std::string checkers_pid_file;
};

[[nodiscard]] Paths paths_of(const Options& options);

}  // namespace holdfast::supervisor
