#pragma once

#include <string>
#include <string_view>

namespace holdfast::config {

/// True for keywords of keepalived whose value is never shown.
[[nodiscard]] bool is_secret(std::string_view keyword);

/// A line of either language with what stands behind such a word blotted out, octet by octet, for
/// those who see a finding and not the file: a log, the status of a daemon, a build's output.
[[nodiscard]] std::string without_secrets(std::string_view line);

}  // namespace holdfast::config
