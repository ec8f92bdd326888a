#pragma once

#include "vrrpd/router.hpp"

/// vrrp_startup_delay and vrrp_delay_after_boot: so long a router only listens. Pure.
namespace holdfast::vrrp {

/// Parameters as configured, with what depends on the host: the clock of deadlines stood still
/// while the machine slept.
[[nodiscard]] RouterParameters at_work(RouterParameters parameters, core::Interval slept);
/// Until when a router that can run since `ready` only listens.
[[nodiscard]] core::Instant hold_end(const RouterParameters& parameters, core::Instant ready);
/// A reload inside the start-up hold: what is left of it as the new parameters have it. When that
/// changes, a Backup listens for its whole Active_Down_Interval from then on.
void change_hold(const RouterParameters& before, const RouterParameters& after, Router& router,
                 core::Instant now);

/// When a Backup that is in its hold acts, whose silence is over at `down_at`: not before the end
/// of the hold, and then in the order of priorities.
[[nodiscard]] core::Instant after_hold(const RouterParameters& parameters, const Router& router,
                                       const Backup& backup, core::Instant down_at);
/// True for one that has never been able to run, or was still held when it no longer could: its
/// hold begins when it can.
[[nodiscard]] bool before_start(const Router& router, core::Instant now);

}  // namespace holdfast::vrrp
