#include "lib/core/run_folder.hpp"

#include <filesystem>

#include "lib/core/ids.hpp"

namespace holdfast::core {

std::string run_folder_for(std::string_view pid_file) {
    if (pid_file.empty()) return std::string(kDefaultRunFolder);
    std::error_code failure;
    std::filesystem::path absolute = std::filesystem::absolute(pid_file, failure);
    if (failure) absolute = pid_file;
    const std::string canonical = absolute.lexically_normal().string();
    if (canonical == kDefaultPidFile) return std::string(kDefaultRunFolder);
    return std::string(kDefaultRunFolder) + "/i-" + to_text(object_id("pid_file", canonical));
}

}  // namespace holdfast::core
