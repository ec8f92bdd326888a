#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "lib/core/ids.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "proto/vrrp.pb.h"
#include "vrrpd/router.hpp"

namespace holdfast::vrrp {

/// What ipvsd is told of one instance.
struct RoleSaid {
    core::ObjectId instance;
    StateName state{};
    std::uint64_t epoch = 0;
    core::Interval down_interval{0};
};

/// The direct channel to ipvsd, which comes and goes with ipvsd's incarnations. What is told while
/// there is none is not lost: the next one hears everything first.
class IpvsdLink {
  public:
    struct Handlers {
        std::function<core::Status(ipc::Channel::Frame)> received;
        std::function<void()> lost;
    };
    IpvsdLink(loop::Loop& loop, log::Logger& log, Handlers handlers);

    /// Replaces the channel of an older incarnation. Nothing is said before say_everything().
    void connect(core::UniqueFd socket);
    [[nodiscard]] bool connected() const { return channel_ != nullptr; }

    /// All roles, framed by StateBegin and StateEnd.
    void say_everything(std::uint64_t generation, std::span<const RoleSaid> roles);
    /// Roles that change together: applied as one batch.
    void say(std::span<const RoleSaid> roles);
    void announce(core::ObjectId instance, messages::v1::Announce::Reason reason);
    void committed(std::uint64_t generation);
    void flush();

  private:
    void send_roles(std::span<const RoleSaid> roles);
    template <class Fill>
    void send(const Fill& fill);

    loop::Loop& loop_;
    log::Logger& log_;
    Handlers handlers_;
    std::unique_ptr<ipc::Channel> channel_;
    bool begun_ = false;  // StateBegin was said on this channel
    std::uint64_t batch_ = 0;
};

}  // namespace holdfast::vrrp
