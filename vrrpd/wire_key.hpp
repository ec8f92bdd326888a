#pragma once

#include "lib/core/wire_key.hpp"

namespace holdfast::vrrp {

using core::SendKey;
using core::WireKey;

}  // namespace holdfast::vrrp
