#pragma once

#include "vrrpd/router.hpp"

/// What an Active Router does: RFC 9568 6.4.3, with keepalived's two owners. Pure.
namespace holdfast::vrrp {

/// The Adver_Timer fired.
[[nodiscard]] Step advertise(const RouterParameters& parameters, Router router, core::Instant now);
[[nodiscard]] Step heard_as_active(const RouterParameters& parameters, Router router,
                                   const AdvertisementHeard& heard, core::Instant now);

}  // namespace holdfast::vrrp
