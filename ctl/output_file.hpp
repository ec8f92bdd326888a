#pragma once

#include <string>
#include <string_view>

#include "ctl/console.hpp"
#include "lib/core/result.hpp"

namespace holdfast::ctl {

/// Writes a file that is either the old or the new one, whoever looks and whenever: beside it, then
/// renamed over it. Only its owner may read it, since a configuration may hold secrets; one that
/// was there keeps its mode.
[[nodiscard]] core::Status replace_file(const std::string& path, std::string_view text);

/// Where -o says, else to standard output; the exit status.
int write_out(const Console& console, std::string_view text);

}  // namespace holdfast::ctl
