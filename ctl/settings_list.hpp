#pragma once

#include <string>
#include <vector>

#include "lib/config/outline.hpp"

namespace holdfast::ctl {

/// A setting that has a default, as the model of the configuration says it.
struct SettingDefault {
    std::string object;   // "vrrp_instance", "virtual_server real_server"; "vrrp.instances.NAME"
    std::string setting;  // keepalived's keyword, or YAML's key
    std::string text;
    std::string unit;  // empty: none, or YAML, whose values have theirs
};

/// In the order of the model, in the words of one language.
[[nodiscard]] std::vector<SettingDefault> setting_defaults(config::Language words);

}  // namespace holdfast::ctl
