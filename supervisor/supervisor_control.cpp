// What people ask of the supervisor over its control sockets.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "supervisor/supervisor.hpp"

namespace holdfast::supervisor {
namespace {

using ipc::Peer;
using messages::v1::CtlReply;
using messages::v1::ProcessesStatus;

// holdfastctl's exit statuses.
constexpr std::uint32_t kUsage = 2;
constexpr std::uint32_t kNoSuchObject = 5;
constexpr std::uint32_t kRefused = 6;
constexpr std::uint32_t kInternal = 70;
constexpr std::size_t kLargestPart = 48UL * 1024;

CtlReply last_reply(std::uint32_t status, const std::string& message = "") {
    CtlReply reply;
    reply.set_last(true);
    reply.set_exit_status(status);
    if (!message.empty()) reply.set_message(message);
    return reply;
}

/// The real user of a process; /proc/PID itself belongs to root for one that is not dumpable.
unsigned uid_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/status", pid));
    for (std::string line; std::getline(file, line);) {
        unsigned uid = 0;
        if (std::sscanf(line.c_str(), "Uid: %u", &uid) == 1) return uid;
    }
    return 0;
}

void describe(const RoleReport& report, const messages::v1::SandboxStatus* sandbox,
              ProcessesStatus::Process& process) {
    process.set_name(std::string(report.role->name));
    process.set_state(report.state);
    process.set_restarts(report.restarts);
    if (report.pid != 0) {
        process.set_pid(report.pid);
        process.set_uid(uid_of(report.pid));
        process.set_started_timestamp_seconds(report.started);
        process.set_scheduling(scheduling_text(report.pid));
    }
    if (sandbox != nullptr) {
        *process.mutable_sandbox_present() = sandbox->present();
        *process.mutable_sandbox_missing() = sandbox->missing();
    }
    for (const std::string& what : report.missing) process.add_sandbox_missing(what);
}

}  // namespace

void Supervisor::answer(const messages::v1::CtlRequest& request, const Caller&, Reply reply) {
    switch (request.verb()) {
        case messages::v1::VERB_SHOW_PROCESSES:
            return show_processes(reply);
        case messages::v1::VERB_SHOW_VRRP:
            return show({{Peer::vrrpd, messages::v1::STATUS_VRRP},
                         {Peer::ipvsd, messages::v1::STATUS_ADDRESSES}},
                        reply);
        case messages::v1::VERB_SHOW_SERVICES:
            return show({{Peer::ipvsd, messages::v1::STATUS_SERVICES},
                         {Peer::checkerd, messages::v1::STATUS_CHECKS}},
                        reply);
        case messages::v1::VERB_SHOW_CONFIG:
            return show_config(reply);
        case messages::v1::VERB_RELOAD:
            return reload_for(request.wait(), reply);
        case messages::v1::VERB_RESTART:
            return restart(request.argument(), reply);
    }
    reply(last_reply(kUsage, "unknown request"));
}

void Supervisor::show(std::initializer_list<std::pair<Peer, messages::v1::StatusTopic>> questions,
                      const Reply& reply) {
    auto open = std::make_shared<std::size_t>(1);
    const auto one_ended = [open, reply] {
        if (--*open == 0) reply(last_reply(0));
    };
    for (const auto& [peer, topic] : questions) {
        if (!fleet_.wanted(peer)) continue;
        ++*open;
        const auto kind = topic;
        broker_.ask(peer, kind,
                    {[reply, kind](const std::string& payload) {
                         CtlReply part;
                         part.set_topic(kind);
                         part.set_payload(payload);
                         reply(part);
                     },
                     [reply, kind, one_ended](bool stale) {
                         if (stale) {
                             CtlReply part;
                             part.set_topic(kind);
                             part.set_stale(true);
                             reply(part);
                         }
                         one_ended();
                     }});
    }
    one_ended();
}

void Supervisor::show_processes(const Reply& reply) {
    ProcessesStatus status;
    ProcessesStatus::Process& own = *status.add_processes();
    own.set_name("holdfast");
    own.set_pid(::getpid());
    own.set_state(shutdown_ ? "stopping" : ready_ ? "running" : "starting");
    own.set_restarts(0);
    own.set_uid(::geteuid());
    own.set_started_timestamp_seconds(started_);
    for (const RoleReport& report : fleet_.report()) {
        const auto sandbox = sandboxes_.find(report.role->peer);
        describe(report, sandbox == sandboxes_.end() ? nullptr : &sandbox->second,
                 *status.add_processes());
    }
    status.set_version(HOLDFAST_VERSION);
    if (fleet_.config()) status.set_generation(fleet_.config()->generation);
    status.set_configuration_file(with_.paths.config_file);
    if (last_reload_.when != 0) {
        status.set_last_reload_ok(last_reload_.accepted);
        status.set_last_reload_timestamp_seconds(last_reload_.when);
        if (fleet_.config()) status.set_last_reload_generation(fleet_.config()->generation);
        status.set_last_reload_message(last_reload_.line);
        for (const std::string& text : last_reload_.messages) status.add_last_reload_messages(text);
    }
    CtlReply answer = last_reply(0);
    answer.set_processes(status.SerializeAsString());
    reply(answer);
}

/// The octets as the parser wrote them, in parts; nothing of them is read here.
void Supervisor::show_config(const Reply& reply) {
    const ConfigPtr& running = fleet_.config();
    if (!running) return reply(last_reply(kRefused, "not running yet"));
    const core::Result<std::string> bytes =
        ipc::read_sealed(running->written.memory.get(), running->written.digest);
    if (!bytes) return reply(last_reply(kInternal, bytes.error().text()));
    for (std::size_t at = 0; at < bytes->size(); at += kLargestPart) {
        CtlReply part;
        part.set_config(bytes->substr(at, kLargestPart));
        reply(part);
    }
    reply(last_reply(0));
}

void Supervisor::restart(const std::string& name, const Reply& reply) {
    if (shutdown_) return reply(last_reply(kRefused, "stopping"));
    const RoleSpec* role = daemon_named(name);
    if (role == nullptr) return reply(last_reply(kNoSuchObject, "no daemon named " + name));
    if (!fleet_.wanted(role->peer)) {
        return reply(last_reply(kNoSuchObject, name + " is not needed by the configuration"));
    }
    // A successor must not be born between two generations.
    if (reload_->in_transaction()) {
        return reply(last_reply(kRefused, "a reload is under way; try again when it has ended"));
    }
    fleet_.restart(role->peer, [this, reply, name](const core::Status& done) {
        if (!done) reload_->settled();
        reply(done ? last_reply(0, name + " restarted")
                   : last_reply(kRefused, done.error().text()));
    });
}

void Supervisor::reload_for(bool wait, const Reply& reply) {
    if (!ready_ || shutdown_) return reply(last_reply(kRefused, "not running yet"));
    with_.service_manager.reloading(with_.loop.now());
    if (!wait) {
        reload_->request(nullptr);
        return reply(last_reply(0, "reload begun"));
    }
    reload_->request([reply](const ReloadReport& report) {
        for (const std::string& text : report.messages) {
            CtlReply part;
            part.set_message(text);
            reply(part);
        }
        reply(report.accepted ? last_reply(0, "reloaded")
                              : last_reply(kRefused, "refused; the running configuration stays"));
    });
}

}  // namespace holdfast::supervisor
