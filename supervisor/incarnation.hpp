#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/interval.hpp"
#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/loop/loop.hpp"
#include "proto/supervisor.pb.h"
#include "supervisor/child.hpp"
#include "supervisor/lifecycle.hpp"
#include "supervisor/loaded_config.hpp"
#include "supervisor/roles.hpp"

namespace holdfast::supervisor {

class Incarnation;

/// What an incarnation tells its owner. The owner destroys it only after `ended`, in a later turn.
class IncarnationOwner {
  public:
    virtual ~IncarnationOwner() = default;
    /// It said Hello: Welcome, sockets and configuration are due.
    virtual void greeted(Incarnation& who) = 0;
    virtual void acknowledged(Incarnation& who, const messages::v1::ConfigAck& ack) = 0;
    virtual void ready(Incarnation& who) = 0;
    virtual void committed(Incarnation& who, std::uint64_t generation) = 0;
    /// Any other message that its stage and role allow. An error is a violation.
    virtual core::Status message(Incarnation& who, const messages::v1::ToSupervisor& message) = 0;
    /// It hangs, broke the protocol or closed its channel; it is being killed, `ended` follows.
    virtual void condemned(Incarnation& who, const std::string& why) = 0;
    virtual void ended(Incarnation& who, ExitStatus how) = 0;
};

/// One process of one daemon from exec to its end: its channel, its stage, its heartbeat. What it
/// is told and when is the owner's business.
class Incarnation {
  public:
    Incarnation(loop::Loop& loop, const RoleSpec& role, std::uint64_t number, Launched launched,
                core::UniqueFd channel, IncarnationOwner& owner);

    [[nodiscard]] const RoleSpec& role() const { return role_; }
    [[nodiscard]] std::uint64_t number() const { return number_; }
    [[nodiscard]] pid_t pid() const { return child_.pid(); }
    [[nodiscard]] Stage stage() const { return stage_; }
    [[nodiscard]] bool activated() const { return stage_ == Stage::active; }
    [[nodiscard]] ipc::Channel& channel() { return channel_; }
    [[nodiscard]] core::Instant started() const { return started_; }
    [[nodiscard]] double started_wall_clock() const { return started_wall_clock_; }
    /// The configuration it was last offered.
    [[nodiscard]] const ConfigPtr& offered() const { return offered_; }

    /// With `larger_state` (or -1), the descriptor of a state file with room for it.
    core::Status offer(const ConfigPtr& config, int larger_state = -1);
    core::Status commit();
    /// The offered configuration is thrown away; `running` is what it has.
    core::Status abort(const ConfigPtr& running);
    core::Status connect_peer(ipc::Peer peer, std::uint64_t number, int socket);
    core::Status activate();
    /// An ordered end; killed when it takes longer than `limit`.
    void shut_down(const messages::v1::Shutdown& how, core::Interval limit);
    void kill();
    /// Killed for what it did, with a line in the log.
    void condemn(const std::string& why);

  private:
    core::Status received(const std::string& frame);
    core::Status take(const messages::v1::ToSupervisor& message);
    void pong(const messages::v1::Pong& pong);
    void beat();
    void expire();
    void channel_closed(const core::Error& why);
    void ended(ExitStatus how);

    loop::Loop& loop_;
    const RoleSpec& role_;
    std::uint64_t number_;
    IncarnationOwner& owner_;
    Stage stage_ = Stage::starting;
    core::Instant started_;
    double started_wall_clock_;
    ConfigPtr offered_;
    std::uint64_t last_offer_ = 0;  // generation; older answers may still be under way
    Heartbeat heartbeat_;
    MessageBudget budget_{0};
    Child child_;
    ipc::Channel channel_;
    loop::Timer beat_;
    loop::Timer limit_;
    bool condemned_ = false;
    bool closed_ = false;  // its end of the channel is gone; it should end by itself
};

}  // namespace holdfast::supervisor
