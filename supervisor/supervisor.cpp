#include "supervisor/supervisor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "supervisor/tell.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using ipc::Peer;
using messages::v1::ToSupervisor;

// A flapping interface asks for its sockets at most so often; requests in between count as one.
constexpr core::Interval kSocketPeriod = 50ms;

core::Interval hook_limit(std::uint64_t microseconds) {
    constexpr core::Interval kUsual = 10s;
    return microseconds == 0 ? kUsual
                             : core::Interval(static_cast<core::Interval::rep>(microseconds));
}

FleetSettings fleet_settings(const Supervisor::Parts& parts) {
    FleetSettings settings;
    settings.drop_in = parts.options.drop_in;
    settings.respawn = parts.options.respawn;
    settings.restart_grace = parts.options.restart_grace;
    settings.believe_predecessors = parts.run_dir.predecessors().restart_grace.count() > 0;
    settings.log_level =
        parts.options.log_detail >= 2 ? messages::v1::LOG_DEBUG : messages::v1::LOG_INFO;
    settings.arguments = parts.options.arguments;
    return settings;
}

}  // namespace

Supervisor::Supervisor(Parts parts)
    : with_(std::move(parts)),
      sysctls_(with_.log, with_.run_dir.path()),
      mails_(with_.loop, with_.log, with_.run_dir.empty_folder()),
      notifier_(
          with_.loop, with_.log,
          [this](core::ObjectId object, MailText text) { mails_.post(object, std::move(text)); }),
      tracking_(with_.loop, with_.log,
                [this](const messages::v1::ToVrrpd& value) { tell_tracked(value); }),
      fleet_({with_.loop, with_.log, with_.sinks, with_.run_dir, with_.state_files, sockets_},
             fleet_settings(with_), *this),
      broker_(with_.loop,
              [this](Peer role) {
                  Incarnation* who = fleet_.active(role);
                  return who == nullptr ? nullptr : &who->channel();
              }),
      control_(with_.loop, with_.log, *this),
      socket_timer_(with_.loop, [this] { open_requested_sockets(); }),
      watchdog_(with_.loop,
                [this] {
                    with_.service_manager.alive();
                    watchdog_.after(*with_.service_manager.watchdog_period());
                }),
      started_(with_.loop.wall_clock_seconds()) {}

int Supervisor::run(const ConfigPtr& config) {
    reload_ = std::make_unique<Reload>(
        Reload::Surroundings{with_.loop, with_.log, with_.sinks, fleet_, sockets_,
                             [this](const ConfigPtr& next) { use(next); },
                             [this](const ReloadReport& report) { reloaded(report); }},
        with_.parse_task, config->generation);
    use(config);
    const config::v1::GlobalDefs& global = config->own.global();
    notifier_.run_hook("startup_script",
                       global.has_startup_script() ? &global.startup_script() : nullptr,
                       hook_limit(global.startup_script_timeout_us()), [this, config] {
                           if (!shutdown_) start(config);
                       });
    with_.loop.run();
    with_.decided(status_);
    return status_;
}

void Supervisor::start(const ConfigPtr& config) {
    sockets_.adapt(wishes_of(config->own), with_.loop.wall_clock_seconds());
    for (const auto& [key, set] : sockets_.sets()) {
        if (set.error_text.empty()) continue;
        with_.log.warning("SOCKET_REFUSED", fmt::format("{}: {}", to_text(key), set.error_text));
    }
    if (core::Status listening = control_.listen(with_.run_dir.path()); !listening) {
        with_.log.warning("CONTROL", listening.error().text());
    }
    if (with_.service_manager.watchdog_period()) watchdog_.after({});
    if (core::Status started = fleet_.start(config); !started) {
        with_.log.error("START_FAILED", started.error().text());
        stop(1);
    } else {
        ready_when_complete();
    }
}

void Supervisor::ready_when_complete() {
    const auto is_missing = [&](const RoleSpec& role) { return fleet_.missing(role.peer); };
    if (ready_ || shutdown_ || std::ranges::any_of(daemon_roles(), is_missing)) return;
    ready_ = true;
    with_.log.notice("READY", fmt::format("version={} generation={}", HOLDFAST_VERSION,
                                          fleet_.config()->generation));
    with_.service_manager.ready("running");
    with_.decided(0);
    tell_status();
    if (std::exchange(reload_wished_, false)) reload();
}

void Supervisor::tell_status() {
    std::string text;
    for (const RoleReport& role : fleet_.report()) {
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", role.role->name, role.state,
                            role.degraded ? " (degraded)" : "");
    }
    with_.service_manager.status(text.empty() ? "nothing configured" : text);
}

void Supervisor::reload() {
    if (shutdown_) return;
    if (!ready_) {
        reload_wished_ = true;  // after the start, which is a transaction of its own
        return;
    }
    with_.service_manager.reloading(with_.loop.now());
    reload_->request(nullptr);
}

void Supervisor::reloaded(const ReloadReport& report) {
    last_reload_ = report;
    if (report.accepted) notifier_.reloaded();
    with_.service_manager.ready(report.accepted ? "running" : "last reload refused");
    tell_status();
}

void Supervisor::stop(int status) {
    if (shutdown_) return;
    status_ = status;
    with_.log.notice("STOP", fmt::format("status={}", status));
    if (reload_) reload_->stop();
    with_.service_manager.stopping();
    notifier_.stopping();
    control_.close();
    const Shutdown::Wishes wishes{with_.options.keep_vrrp, with_.options.keep_services};
    shutdown_ = std::make_unique<Shutdown>(with_.loop, fleet_, notifier_.scripts(), wishes,
                                           [this] { finish_notifications(); });
    shutdown_->begin();
}

void Supervisor::use(const ConfigPtr& config) {
    config_ = config;
    sysctls_.use(config->own);
    mails_.use(config->own.global());
    const FileRights rights = file_rights(with_.options.umask, config->own.global());
    notifier_.use(config, rights);
    tracking_.use(config->own, rights.number);
}

/// What the last events gave to readers of pipes and to the mailer is not lost.
void Supervisor::finish_notifications() {
    notifier_.fifos().close([this] { mails_.close([this] { run_last_hook(); }); });
}

void Supervisor::run_last_hook() {
    const config::v1::GlobalDefs& global = config_->own.global();
    notifier_.run_hook("shutdown_script",
                       global.has_shutdown_script() ? &global.shutdown_script() : nullptr,
                       hook_limit(global.shutdown_script_timeout_us()), [this] { clean_up(); });
}

void Supervisor::clean_up() {
    pid_files_.clear();
    sysctls_.restore();
    if (with_.state_files != nullptr) with_.state_files->remove();
    with_.run_dir.clear();
    with_.loop.stop();
}

PidFile* Supervisor::pid_file_of(Peer role) {
    const auto found = pid_files_.find(role);
    if (found != pid_files_.end()) return &found->second;
    const std::string& path =
        role == Peer::vrrpd ? with_.paths.vrrp_pid_file : with_.paths.checkers_pid_file;
    if (role == Peer::ipvsd) return nullptr;
    auto claimed = PidFile::claim(path);
    if (!claimed) {
        with_.log.warning("PID_FILE", claimed.error().text());
        return nullptr;
    }
    return &pid_files_.emplace(role, std::move(*claimed)).first->second;
}

void Supervisor::role_started(const RoleSpec& role, pid_t pid) {
    PidFile* file = pid_file_of(role.peer);
    if (file == nullptr) return;
    if (core::Status written = file->write(pid); !written) {
        with_.log.warning("PID_FILE", written.error().text());
    }
}

void Supervisor::role_activated(const RoleSpec& role) {
    watch_sandbox(role);
    if (role.peer == Peer::vrrpd) tracking_.tell_all();
    if (reload_) reload_->activated(role.peer);
    ready_when_complete();
    if (ready_) tell_status();
}

void Supervisor::role_acknowledged(const RoleSpec& role, const messages::v1::ConfigAck& ack) {
    reload_->acknowledged(role.peer, ack);
}

void Supervisor::role_committed(const RoleSpec& role, std::uint64_t generation) {
    if (role.peer == Peer::vrrpd) tracking_.tell_all();
    reload_->committed(role.peer, generation);
}

void Supervisor::role_lost(const RoleSpec& role) {
    if (reload_) reload_->lost(role.peer);
    if (ready_) tell_status();
}

void Supervisor::role_stopped(const RoleSpec& role) {
    pid_files_.erase(role.peer);
    sandboxes_.erase(role.peer);
    if (shutdown_) return shutdown_->stopped(role.peer);
    if (reload_) reload_->settled();
    if (ready_) tell_status();
}

void Supervisor::start_refused(const RoleSpec& role, const std::string& reason) {
    with_.log.error("START_FAILED",
                    fmt::format("{} refuses the configuration: {}", role.name, reason));
    constexpr int kConfigurationStatus = 2;
    stop(kConfigurationStatus);
}

void Supervisor::role_not_replaced(const RoleSpec& role) {
    with_.log.error("STOP", fmt::format("{} was lost and is not to be started again", role.name));
    stop(1);
}

core::Status Supervisor::role_message(const RoleSpec& role, const ToSupervisor& message) {
    switch (message.body_case()) {
        case ToSupervisor::kStatusReply:
            return broker_.take(role.peer, message.status_reply());
        case ToSupervisor::kSocketRequest:
            return socket_request(message.socket_request().instance_id());
        case ToSupervisor::kInstanceEvent:
            return notifier_.take(message.instance_event());
        case ToSupervisor::kGroupEvent:
            return notifier_.take(message.group_event());
        case ToSupervisor::kTrackPoll:
            return track_poll(message.track_poll());
        case ToSupervisor::kServiceEvent:
            return notifier_.take(message.service_event());
        case ToSupervisor::kServerEvent:
            return notifier_.take(message.server_event());
        case ToSupervisor::kPeerRequest:
            fleet_.renew_pair(role.peer);
            return core::Done{};
        case ToSupervisor::kRanLate:
            fleet_.ran_late(role.peer, core::Interval{message.ran_late().microseconds()});
            return core::Done{};
        case ToSupervisor::kPeerViolation:
            return fleet_.accused(message.peer_violation());
        default:
            return core::Error::from_errno(EPERM, "message not open to a daemon");
    }
}

core::Status Supervisor::socket_request(std::uint64_t instance) {
    const auto& instances = fleet_.config()->own.vrrp_instances();
    const auto found =
        std::ranges::find_if(instances, [&](const auto& one) { return one.id() == instance; });
    // It may be of the last generation, whose sockets nobody needs any more.
    if (found == instances.end()) return core::Done{};
    requested_sockets_.insert(key_of(*found));
    if (!socket_timer_.pending()) {
        socket_timer_.at(std::max(with_.loop.now(), sockets_opened_ + kSocketPeriod));
    }
    return core::Done{};
}

void Supervisor::open_requested_sockets() {
    sockets_opened_ = with_.loop.now();
    const auto keys = std::exchange(requested_sockets_, {});
    for (const WireKey& key : sockets_.reopen(keys, with_.loop.wall_clock_seconds())) {
        with_.log.warning("SOCKET_REFUSED",
                          fmt::format("{}: {}", to_text(key), sockets_.sets().at(key).error_text));
    }
    fleet_.grant_sockets({keys.begin(), keys.end()});
}

void Supervisor::tell_tracked(const messages::v1::ToVrrpd& value) {
    Incarnation* vrrpd = fleet_.active(Peer::vrrpd);
    if (vrrpd != nullptr && !vrrpd->channel().send(value)) vrrpd->kill();
}

core::Status Supervisor::track_poll(const messages::v1::TrackPoll& poll) {
    return notifier_.poll(poll, [this](const messages::v1::TrackResult& result) {
        Incarnation* vrrpd = fleet_.active(Peer::vrrpd);
        if (vrrpd == nullptr) return;  // its successor polls again
        messages::v1::ToVrrpd message;
        *message.mutable_track_result() = result;
        if (!vrrpd->channel().send(message)) vrrpd->kill();
    });
}

void Supervisor::watch_sandbox(const RoleSpec& role) {
    auto bytes = std::make_shared<std::string>();
    const Peer peer = role.peer;
    broker_.ask(peer, messages::v1::STATUS_PROCESS,
                {[bytes](const std::string& payload) { *bytes += payload; },
                 [this, peer, bytes](bool stale) {
                     messages::v1::SandboxStatus status;
                     if (!stale && status.ParseFromString(*bytes)) sandboxes_[peer] = status;
                 }});
}

}  // namespace holdfast::supervisor
