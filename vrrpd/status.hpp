#pragma once

#include "lib/loop/loop.hpp"
#include "vrrpd/routers.hpp"
#include "vrrpd/strangers.hpp"

namespace holdfast::messages::v1 {
class VrrpStatus;
}

namespace holdfast::vrrp {

/// What `holdfastctl show vrrp` shows; a member that is in Fault for another one's cause says so.
[[nodiscard]] messages::v1::VrrpStatus status_of(const Routers& routers, const Strangers& strangers,
                                                 const loop::Loop& loop);

}  // namespace holdfast::vrrp
