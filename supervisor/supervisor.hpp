#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "proto/status.pb.h"
#include "supervisor/control.hpp"
#include "supervisor/fleet.hpp"
#include "supervisor/mail_desk.hpp"
#include "supervisor/notifier.hpp"
#include "supervisor/options.hpp"
#include "supervisor/paths.hpp"
#include "supervisor/pid_files.hpp"
#include "supervisor/reload.hpp"
#include "supervisor/sd_notify.hpp"
#include "supervisor/shutdown.hpp"
#include "supervisor/socket_sets.hpp"
#include "supervisor/status_broker.hpp"
#include "supervisor/sysctls.hpp"
#include "supervisor/tracking.hpp"

namespace holdfast::supervisor {

/// The supervisor at work: holds the parts together and passes on what they tell each other. What
/// it is made of outlives it.
class Supervisor : public FleetListener, public ControlBackend {
  public:
    struct Parts {
        loop::Loop& loop;
        log::Logger& log;
        const LogSinks& sinks;
        const Options& options;
        const Paths& paths;
        RunDir& run_dir;
        const StateFiles* state_files;
        const SdNotify& service_manager;
        ParseTask parse_task;
        /// The start is decided: READY, or the exit status of a start that failed.
        std::function<void(int status)> decided;
    };

    explicit Supervisor(Parts parts);

    /// Starts what `config` needs and serves until a stop. Returns the exit status.
    int run(const ConfigPtr& config);
    void reload();
    void stop(int status);

  private:
    // FleetListener
    void role_started(const RoleSpec& role, pid_t pid) override;
    void role_activated(const RoleSpec& role) override;
    void role_acknowledged(const RoleSpec& role, const messages::v1::ConfigAck& ack) override;
    void role_committed(const RoleSpec& role, std::uint64_t generation) override;
    void role_lost(const RoleSpec& role) override;
    void role_stopped(const RoleSpec& role) override;
    void start_refused(const RoleSpec& role, const std::string& reason) override;
    core::Status role_message(const RoleSpec& role,
                              const messages::v1::ToSupervisor& message) override;
    void role_not_replaced(const RoleSpec& role) override;

    // ControlBackend, in supervisor_control.cpp
    void answer(const messages::v1::CtlRequest& request, const Caller& caller,
                Reply reply) override;
    void show(std::initializer_list<std::pair<ipc::Peer, messages::v1::StatusTopic>> questions,
              const Reply& reply);
    void show_processes(const Reply& reply);
    void show_config(const Reply& reply);
    void restart(const std::string& name, const Reply& reply);
    void reload_for(bool wait, const Reply& reply);

    void start(const ConfigPtr& config);
    void ready_when_complete();
    void tell_status();
    void watch_sandbox(const RoleSpec& role);
    core::Status socket_request(std::uint64_t instance);
    void open_requested_sockets();
    void tell_tracked(const messages::v1::ToVrrpd& value);
    core::Status track_poll(const messages::v1::TrackPoll& poll);
    PidFile* pid_file_of(ipc::Peer role);
    void reloaded(const ReloadReport& report);
    void use(const ConfigPtr& config);
    void finish_notifications();
    void run_last_hook();
    void clean_up();

    Parts with_;
    ConfigPtr config_;  // whose scripts, pipes and mails hold
    SocketSets sockets_;
    Sysctls sysctls_;
    MailDesk mails_;
    Notifier notifier_;
    Tracking tracking_;
    Fleet fleet_;
    StatusBroker broker_;
    Control control_;
    std::unique_ptr<Reload> reload_;
    std::unique_ptr<Shutdown> shutdown_;
    std::map<ipc::Peer, PidFile> pid_files_;
    std::map<ipc::Peer, messages::v1::SandboxStatus> sandboxes_;
    std::set<WireKey> requested_sockets_;
    core::Instant sockets_opened_{};
    loop::Timer socket_timer_;
    loop::Timer watchdog_;
    ReloadReport last_reload_;
    double started_;
    bool ready_ = false;
    bool reload_wished_ = false;
    int status_ = 0;
};

}  // namespace holdfast::supervisor
