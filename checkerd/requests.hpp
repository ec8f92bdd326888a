#pragma once

#include <cstdint>
#include <string_view>

#include "checkerd/monitor.hpp"
#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/log/logger.hpp"

namespace holdfast::messages::v1 {
class ToCheckerd;
class ToIpvsd;
}  // namespace holdfast::messages::v1

namespace holdfast::checkerd {

/// What may be asked of checkerd besides the lifecycle that lib/daemon serves: a table by kind of
/// message and sender. ipvsd only acknowledges; nobody can make checkerd probe anything.
class Requests {
  public:
    explicit Requests(log::Logger& log) : log_(log) {}

    /// An error is a protocol violation of the sender.
    core::Status handle(ipc::Peer sender, std::string_view frame);
    core::Status serve_applied(const messages::v1::ToCheckerd& request);
    core::Status serve_gone(const messages::v1::ToCheckerd& request);

  private:
    log::Logger& log_;
};

// What checkerd says to ipvsd.

/// The verdict of one check on one server. ipvsd checks that the check belongs to the server in its
/// own configuration.
[[nodiscard]] messages::v1::ToIpvsd server_health(const Monitor& monitor, std::uint64_t epoch);
[[nodiscard]] messages::v1::ToIpvsd state_begin(std::uint64_t generation);
/// `count`: verdicts said since state_begin.
[[nodiscard]] messages::v1::ToIpvsd state_end(std::uint64_t generation, std::uint64_t count);
[[nodiscard]] messages::v1::ToIpvsd committed(std::uint64_t generation);

}  // namespace holdfast::checkerd
