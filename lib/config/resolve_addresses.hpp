#pragma once

#include <string>

#include "lib/config/resolve.hpp"

namespace holdfast::config {

/// What the daemons use, from what was written.
void complete_address(v1::VirtualAddress& address);

/// "192.0.2.10/24"; complete.
[[nodiscard]] std::string prefix_text(const v1::VirtualAddress& address);

}  // namespace holdfast::config
