#pragma once

#include <string>
#include <vector>

namespace holdfast::ctl {

/// A setting that has a default, as the model of the configuration says it.
struct SettingDefault {
    std::string object;   // "vrrp_instance", "virtual_server real_server"
    std::string setting;  // keepalived's keyword
    std::string text;
    std::string unit;  // empty: none
};

[[nodiscard]] std::vector<SettingDefault> setting_defaults();

}  // namespace holdfast::ctl
