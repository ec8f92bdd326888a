#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "proto/common.pb.h"
#include "supervisor/incarnation.hpp"
#include "supervisor/log_sinks.hpp"
#include "supervisor/restart_policy.hpp"
#include "supervisor/run_dir.hpp"
#include "supervisor/socket_sets.hpp"
#include "supervisor/state_files.hpp"

namespace holdfast::supervisor {

/// What a fleet needs of the rest of the supervisor; all of it outlives the fleet.
struct FleetSurroundings {
    loop::Loop& loop;
    log::Logger& log;
    const LogSinks& sinks;
    const RunDir& run_dir;
    const StateFiles* state_files;  // nullptr: nothing survives a restart
    SocketSets& sockets;
};

struct FleetSettings {
    bool drop_in = false;
    bool respawn = true;
    bool believe_predecessors =
        false;  // a lost supervisor's daemons were to go on: not a cold start
    std::chrono::milliseconds restart_grace{};
    messages::v1::LogLevel log_level = messages::v1::LOG_INFO;
    std::vector<std::string> arguments;
};

/// What the fleet tells; called from the loop.
class FleetListener {
  public:
    virtual ~FleetListener() = default;
    /// A new process runs (also a successor that waits).
    virtual void role_started(const RoleSpec& role, pid_t pid) = 0;
    virtual void role_activated(const RoleSpec& role) = 0;
    virtual void role_acknowledged(const RoleSpec& role, const messages::v1::ConfigAck& ack) = 0;
    virtual void role_committed(const RoleSpec& role, std::uint64_t generation) = 0;
    virtual void role_lost(const RoleSpec& role) = 0;
    /// It ended as it was told to.
    virtual void role_stopped(const RoleSpec& role) = 0;
    /// Its very first configuration was refused.
    virtual void start_refused(const RoleSpec& role, const std::string& reason) = 0;
    virtual core::Status role_message(const RoleSpec& role,
                                      const messages::v1::ToSupervisor& m) = 0;
    /// With respawn off: a daemon is gone for good.
    virtual void role_not_replaced(const RoleSpec& role) = 0;
};

/// What is shown of one daemon.
struct RoleReport {
    const RoleSpec* role = nullptr;
    pid_t pid = 0;
    std::string state;  // starting | ready | running | stopping | lost | backoff
    unsigned restarts = 0;
    bool degraded = false;
    double started = 0;
    std::vector<std::string> missing;  // protections that the start itself could not give
};

/// The daemons: starts those that the configuration needs, joins them, starts lost ones again, and
/// replaces one as planned. One slot for each role; a role has at most one incarnation that is
/// activated, and during a planned restart one more that waits.
class Fleet : public IncarnationOwner {
  public:
    Fleet(FleetSurroundings surroundings, FleetSettings settings, FleetListener& listener);
    ~Fleet() override;

    /// Cold (or, after a lost supervisor, warm) start of all that `config` needs.
    core::Status start(const ConfigPtr& config);
    /// What later starts get; the reload sets it at commit. A daemon that was lost too often to be
    /// waited for is tried with it at once.
    void use(const ConfigPtr& config);
    [[nodiscard]] const ConfigPtr& config() const { return config_; }

    /// The incarnation that is at work, or nullptr.
    [[nodiscard]] Incarnation* active(ipc::Peer role);
    /// Wanted, and not yet (or not again) at work, or just being replaced.
    [[nodiscard]] bool missing(ipc::Peer role) const;
    [[nodiscard]] bool wanted(ipc::Peer role) const;
    /// Between two lasting states: not yet at work, about to be replaced, or not ended yet. One
    /// that is lost again and again is not: nobody can wait for it.
    [[nodiscard]] bool unsettled(ipc::Peer role) const;

    /// Reload: offers the next configuration to the role at work, with a larger state file where it
    /// needs one. `settle_state` follows: the role has committed (it uses the larger file), or not.
    core::Status offer(Incarnation& who, const ConfigPtr& config);
    void settle_state(ipc::Peer role, bool committed);
    /// Reload: starts a role that the next configuration needs and this one does not. It is offered
    /// `config` and, once Ready, waits for `release`.
    core::Status start_held(ipc::Peer role, const ConfigPtr& config);
    void release(ipc::Peer role);
    /// Ends a role: in order, `role_stopped` follows. A role that is not there is stopped already.
    void stop(ipc::Peer role, const messages::v1::Shutdown& how, core::Interval limit);

    using Finished = std::function<void(const core::Status&)>;
    /// Planned restart: a successor says Ready, the old one ends, the new one is activated.
    void restart(ipc::Peer role, Finished finished);

    /// A role says that it ran late: max_auto_priority.
    void ran_late(ipc::Peer role, core::Interval late);
    /// Opens nothing: hands the sets with these keys to the vrrpd at work.
    void grant_sockets(const std::vector<WireKey>& keys);
    [[nodiscard]] std::vector<RoleReport> report() const;

    /// A new direct channel between a role and ipvsd, once a second at most; the role asks again.
    void renew_pair(ipc::Peer role);
    /// ipvsd says that a peer of its broke the protocol on their direct channel: that one is killed
    /// and starts anew. An error when it names none of its peers.
    core::Status accused(const messages::v1::PeerViolation& violation);

  private:
    struct Slot;
    Slot& slot_of(ipc::Peer role);
    [[nodiscard]] const Slot& slot_of(ipc::Peer role) const;

    core::Result<std::unique_ptr<Incarnation>> spawn(Slot& slot);
    core::Result<Launched> launch_role(const RoleSpec& role, int channel,
                                       std::vector<std::string>& missing);
    core::UniqueFd open_state(const RoleSpec& role);
    [[nodiscard]] Scheduling scheduling_at_start(const Slot& slot) const;
    /// As the configuration in force wants it.
    void schedule(Slot& slot);
    void spawn_or_retry(Slot& slot);
    void welcome(Incarnation& who);
    void try_activate(Slot& slot);
    [[nodiscard]] bool must_wait(const Slot& slot) const;
    void connect_peers(Incarnation& who);
    void promote(Slot& slot);
    void lost(Slot& slot, const Incarnation& who, ExitStatus how);
    void retry_later(Slot& slot, core::Instant started);
    void bury(std::unique_ptr<Incarnation>& who);
    void write_children() const;

    void greeted(Incarnation& who) override;
    void acknowledged(Incarnation& who, const messages::v1::ConfigAck& ack) override;
    void ready(Incarnation& who) override;
    void committed(Incarnation& who, std::uint64_t generation) override;
    core::Status message(Incarnation& who, const messages::v1::ToSupervisor& message) override;
    void condemned(Incarnation& who, const std::string& why) override;
    void ended(Incarnation& who, ExitStatus how) override;

    FleetSurroundings with_;
    FleetSettings settings_;
    FleetListener& listener_;
    ConfigPtr config_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<std::unique_ptr<Incarnation>> graveyard_;
    std::uint64_t last_incarnation_;
    std::string boot_id_;
    std::uint64_t netns_cookie_ = 0;
};

}  // namespace holdfast::supervisor
