#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/config/legacy_text.hpp"

namespace holdfast::config {

namespace v1 {
class Config;
}

struct LegacyOutput {
    std::string text;
    std::vector<std::string> problems;  // what keepalived.conf has no way to say
};

/// A written configuration as keepalived.conf, in an order that keepalived accepts. Reading it
/// gives the same written configuration, apart from the problems.
[[nodiscard]] LegacyOutput write_legacy(const v1::Config& written);
void write_legacy(const v1::Config& written, LegacyText& out);

/// All that is set in these messages, as the statements of the block `path`: regular keywords by
/// the options of their fields, the others by their writers, which get the first of the messages.
void write_settings(std::string_view path, Parts parts, LegacyText& out);

}  // namespace holdfast::config
