#pragma once

#include <cstdint>

namespace holdfast::config {

/// The priority of the router that owns the virtual addresses (RFC 9568 5.2.4).
inline constexpr std::uint32_t kOwner = 255;
/// Advertisements that a backup misses before it takes over (RFC 9568 6.1).
inline constexpr std::uint32_t kDownTimerAdverts = 3;

}  // namespace holdfast::config
