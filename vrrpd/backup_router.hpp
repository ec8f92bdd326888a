#pragma once

#include "vrrpd/router.hpp"

/// What a Backup Router does: RFC 9568 6.4.2, with keepalived's preempt delay. Pure.
namespace holdfast::vrrp {

/// The Active_Down_Timer fired: it proposes to become Active, unless it was late itself.
[[nodiscard]] Step silence_over(const RouterParameters& parameters, Router router,
                                core::Instant now);
[[nodiscard]] Step heard_as_backup(const RouterParameters& parameters, Router router,
                                   const AdvertisementHeard& heard, core::Instant now);

}  // namespace holdfast::vrrp
