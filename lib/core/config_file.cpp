#include "lib/core/config_file.hpp"

#include <sys/utsname.h>

#include <filesystem>
#include <system_error>

namespace holdfast::core {

std::string default_config_file(bool drop_in) {
    std::error_code ignored;
    // A link that leads nowhere is a mistake to be told, not a reason to take the other file.
    const auto found = std::filesystem::symlink_status(kHoldfastConfig, ignored).type();
    const bool there =
        found != std::filesystem::file_type::not_found && found != std::filesystem::file_type::none;
    return !drop_in && there ? kHoldfastConfig : kKeepalivedConfig;
}

std::string default_config_id() {
    utsname names{};
    if (::uname(&names) != 0) return {};
    const std::string node = names.nodename;
    return node.substr(0, node.find('.'));
}

}  // namespace holdfast::core
