#include "vrrpd/start_up_hold.hpp"

#include <algorithm>

namespace holdfast::vrrp {

namespace {

using core::Instant;
using core::Interval;

}  // namespace

RouterParameters at_work(RouterParameters parameters, Interval slept) {
    if (parameters.delay_after_boot > Interval::zero())
        parameters.boot_delay_over = Instant{parameters.delay_after_boot - slept};
    return parameters;
}

Instant hold_end(const RouterParameters& parameters, Instant ready) {
    return std::max(ready + parameters.start_up_hold, parameters.boot_delay_over);
}

void change_hold(const RouterParameters& before, const RouterParameters& after, Router& router,
                 Instant now) {
    auto* backup = std::get_if<Backup>(&router.state);
    if (backup == nullptr || backup->held_until <= now) return;
    Instant until = backup->held_until - before.start_up_hold + after.start_up_hold;
    if (backup->held_until == before.boot_delay_over) until = now;
    until = std::max({until, after.boot_delay_over, now});
    if (until == backup->held_until) return;
    backup->held_until = until;
    backup->since = until;
    backup->active_down_at = until;
    if (router.rank() != kOwnerPriority)
        backup->active_down_at +=
            active_down_interval(after, router.rank(), backup->active_adver_interval);
}

Instant after_hold(const RouterParameters& p, const Router& router, const Backup& backup,
                   Instant down_at) {
    if (down_at >= backup.held_until) return down_at;
    return backup.held_until + skew_time(p, router.priority, backup.active_adver_interval);
}

bool before_start(const Router& router, Instant now) {
    if (const auto* fault = std::get_if<Fault>(&router.state)) return fault->before_start;
    if (const auto* backup = std::get_if<Backup>(&router.state)) return now < backup->held_until;
    return std::holds_alternative<Initialize>(router.state);
}

}  // namespace holdfast::vrrp
