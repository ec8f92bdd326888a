#pragma once

#include <cstdint>

#include "lib/ipc/channel.hpp"

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::supervisor {

/// Octets that a role's state file needs for this configuration.
[[nodiscard]] std::uint64_t state_size(ipc::Peer role, const config::v1::Config& config);

}  // namespace holdfast::supervisor
