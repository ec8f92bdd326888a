#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "proto/control.pb.h"
#include "proto/status.pb.h"

namespace holdfast::ctl {

/// What one question brought, put together from its parts and decoded. holdfastctl distrusts it:
/// the bytes come from the daemons themselves.
struct Answer {
    messages::v1::ProcessesStatus processes;
    messages::v1::VrrpStatus vrrp;
    messages::v1::AddressStatus addresses;
    messages::v1::ServiceStatus services;
    messages::v1::CheckStatus checks;
    bool stale = false;  // a daemon did not answer in time
    int exit_status = 0;
    std::vector<std::string> messages;
};

/// Payload bytes of one topic are concatenated over all parts, then parsed.
[[nodiscard]] core::Result<Answer> assemble(const std::vector<messages::v1::CtlReply>& replies);

}  // namespace holdfast::ctl
