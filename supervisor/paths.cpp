#include "supervisor/paths.hpp"

#include <filesystem>

#include "lib/core/config_file.hpp"
#include "lib/core/run_folder.hpp"

namespace holdfast::supervisor {
namespace {

std::string absolute(const std::string& path) {
    if (path.empty()) return path;
    std::error_code failure;
    const std::filesystem::path whole = std::filesystem::absolute(path, failure);
    return failure ? path : whole.lexically_normal().string();
}

}  // namespace

Paths paths_of(const Options& options) {
    Paths paths;
    paths.config_file =
        absolute(options.config_file.empty() ? core::default_config_file(options.drop_in)
                                             : options.config_file);
    paths.run_dir = absolute(options.run_dir.empty() ? core::run_folder_for(options.main_pid_file)
                                                     : options.run_dir);
    const bool drop_in = options.drop_in;
    const auto choose = [](const std::string& written, const std::string& usual) {
        return absolute(written.empty() ? usual : written);
    };
    // As `holdfast` the daemons' files are out of keepalived's way.
    paths.main_pid_file =
        choose(options.main_pid_file,
               drop_in ? "/run/keepalived.pid" : std::string(core::kDefaultPidFile));
    paths.vrrp_pid_file =
        choose(options.vrrp_pid_file, drop_in ? "/run/vrrp.pid" : paths.run_dir + "/vrrp.pid");
    paths.checkers_pid_file = choose(
        options.checkers_pid_file, drop_in ? "/run/checkers.pid" : paths.run_dir + "/checkers.pid");
    return paths;
}

}  // namespace holdfast::supervisor
