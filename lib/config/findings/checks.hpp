#pragma once

#include "lib/config/resolve.hpp"

namespace holdfast::config {

/// Findings about one check of a server.
void find_in_check(const Resolution& all, const v1::RealServer& server, const v1::Check& check,
                   const Place& place);

}  // namespace holdfast::config
