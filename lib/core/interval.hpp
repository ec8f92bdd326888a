#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace holdfast::core {

/// All protocol times are whole microseconds, as keepalived keeps them.
using Interval = std::chrono::microseconds;

/// A point on the monotonic clock (CLOCK_MONOTONIC). Only lib/loop reads that clock; everything
/// else is told the time.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Interval>;

/// "1s", "250ms", "10us": the largest unit that loses nothing.
[[nodiscard]] std::string to_text(Interval interval);

}  // namespace holdfast::core
