#pragma once

#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "proto/supervisor.pb.h"

namespace holdfast::parser {

/// A request and the descriptors that came with it.
struct Request {
    messages::v1::ParseRequest parse;
    std::vector<core::UniqueFd>
        memories;  // vrrpd, checkerd, ipvsd, supervisor, written; none in a test
    std::vector<core::UniqueFd> folders;  // O_PATH, in the order of parse.folders
};

/// Waits for the one request of this process's life. ECONNRESET when the supervisor is gone.
[[nodiscard]] core::Result<Request> receive_request(int channel);
/// Sends one message, waiting for room.
[[nodiscard]] core::Status send_message(int channel, const messages::v1::ToSupervisor& message);

}  // namespace holdfast::parser
