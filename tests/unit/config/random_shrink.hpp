#pragma once

#include <functional>

#include "lib/config/outline.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::testing {

/// A smaller model that still fails: objects and settings are taken away one by one, largest first,
/// as long as `fails` says so, `attempts` times at most.
[[nodiscard]] v1::Config shrunk(v1::Config failing, Language language,
                                const std::function<bool(const v1::Config&)>& fails,
                                unsigned attempts = 4000);

}  // namespace holdfast::config::testing
