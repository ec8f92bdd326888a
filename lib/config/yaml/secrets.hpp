#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/config/yaml/scalars.hpp"

namespace holdfast::config::yaml {

struct Reading;

/// True when the text holds ${credential:NAME}.
[[nodiscard]] bool holds_credential(std::string_view text);

/// Puts the content of credentials, without their last newline, where the text says
/// ${credential:NAME}; why not when one cannot be read. What they hold is in no message.
[[nodiscard]] std::optional<Refusal> expand_credentials(Reading& all, std::string& text);

/// The content of a file that is named from the file at `at`, without its last newline.
[[nodiscard]] std::optional<Refusal> read_secret_file(Reading& all, const Mark& at,
                                                      const std::string& name, std::string& text);

/// Warns of such a file when anybody but its owner may read it.
void warn_if_open(Reading& all, const Mark& at, const std::string& name);

}  // namespace holdfast::config::yaml
