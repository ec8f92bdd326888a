#pragma once

#include "lib/core/result.hpp"

namespace holdfast::config::v1 {
class VrrpInstance;
}

namespace holdfast::vrrp {

struct InstanceSetting;

/// The part of an instance's setting that says how it speaks: authentication, where its
/// advertisements go and come from, checksums. Needs name, version, family and interval of `made`.
[[nodiscard]] core::Status add_protocol(const config::v1::VrrpInstance& from,
                                        InstanceSetting& made);

}  // namespace holdfast::vrrp
