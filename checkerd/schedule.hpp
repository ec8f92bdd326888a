#pragma once

#include <functional>

#include "checkerd/verdict.hpp"
#include "lib/core/interval.hpp"

namespace holdfast::checkerd {

/// A random time from 0 up to and including the given one; tests give their own.
using RandomInterval = std::function<core::Interval(core::Interval up_to)>;

/// Draws from a generator seeded by the kernel.
[[nodiscard]] RandomInterval make_random_interval();

/// No two runs of one check begin closer together than this, whatever is configured, except that
/// fast recovery goes from URL to URL without a pause.
inline constexpr core::Interval kShortestPause = std::chrono::milliseconds(10);

/// The first run after a start: some time within `warmup`, so that the checks of a large
/// configuration spread over it.
[[nodiscard]] core::Instant first_run(core::Instant now, core::Interval warmup,
                                      const RandomInterval& random);

/// The run after one that lasted from `started` to `finished`. A run that took longer than the
/// pause is followed by the next one at once, and by one only: what was missed is not caught up.
[[nodiscard]] core::Instant next_run(core::Instant started, core::Instant finished,
                                     const Pause& pause);

/// The first run of a successor: in its predecessor's rhythm; if that time has passed, some time
/// within a second, so that what fell due during the restart does not go out in one burst.
[[nodiscard]] core::Instant resumed_run(core::Instant now, core::Instant predecessors_next,
                                        core::Interval delay_loop, const RandomInterval& random);

}  // namespace holdfast::checkerd
