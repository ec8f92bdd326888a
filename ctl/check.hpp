#pragma once

#include <span>
#include <string>

#include "ctl/config_file.hpp"
#include "ctl/console.hpp"
#include "ctl/json.hpp"

namespace holdfast::ctl {

/// holdfastctl check [FILE...]
int check(const Console& console, std::span<const std::string> files);

/// One finding for machines: file, line, column, severity, class, object, text, hint,
/// included_from. What is not known is null.
[[nodiscard]] Json finding_item(const config::Diagnostic& found);

/// kOk, kNo (warnings, when they count) or kRefused.
[[nodiscard]] ExitStatus verdict(const config::LoadResult& result, bool strict);

}  // namespace holdfast::ctl
