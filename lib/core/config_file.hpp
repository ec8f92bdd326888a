#pragma once

#include <string>

namespace holdfast::core {

inline constexpr const char* kHoldfastConfig = "/etc/holdfast/holdfast.yaml";
inline constexpr const char* kKeepalivedConfig = "/etc/keepalived/keepalived.conf";

/// The configuration when nobody names one: holdfast.yaml if there is such a file, else
/// keepalived.conf. In drop-in mode always the latter.
[[nodiscard]] std::string default_config_file(bool drop_in = false);

/// This node's name up to the first dot: the configuration id when nobody gives one.
[[nodiscard]] std::string default_config_id();

}  // namespace holdfast::core
