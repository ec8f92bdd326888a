// How the fleet starts one process; what happens to it afterwards is in fleet.cpp, its end in
// fleet_losses.cpp.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "supervisor/fleet.hpp"
#include "supervisor/fleet_slot.hpp"
#include "supervisor/state_size.hpp"

namespace holdfast::supervisor {
namespace {

/// Two variables at most reach a daemon.
std::vector<std::string> role_environment() {
    std::vector<std::string> environment;
    for (const char* name : {"PATH", "HOLDFAST_SANDBOX"}) {
        if (const char* value = ::getenv(name)) {
            environment.push_back(fmt::format("{}={}", name, value));
        }
    }
    return environment;
}

}  // namespace

/// A written limit of real time may be shorter than the reading of a configuration: it begins with
/// the work.
Scheduling Fleet::scheduling_at_start(const Slot& slot) const {
    if (!config_) return {};
    Scheduling made = scheduling_of(slot.role.peer, config_->own.global(), slot.raised);
    made.real_time_limit =
        std::max(made.real_time_limit,
                 scheduling_of(slot.role.peer, config::v1::GlobalDefs()).real_time_limit);
    return made;
}

void Fleet::schedule(Slot& slot) {
    if (!slot.current || !config_) return;
    const Scheduling wanted = scheduling_of(slot.role.peer, config_->own.global(), slot.raised);
    if (wanted == slot.scheduled) return;
    if (wanted.lock_memory && !slot.scheduled.lock_memory)
        with_.log.notice(
            "PROCESS_MEMORY",
            fmt::format("{} locks its memory when it starts the next time", slot.role.name));
    slot.scheduled = wanted;
    for (const std::string& what : apply(wanted, slot.current->pid()))
        with_.log.warning("PROTECTION_MISSING", fmt::format("{}: {}", slot.role.name, what));
}

void Fleet::ran_late(ipc::Peer role, core::Interval late) {
    Slot& slot = slot_of(role);
    const int raised = raised_after(slot.raised, role, config_->own.global(), late);
    if (raised == slot.raised) return;
    slot.raised = raised;
    schedule(slot);
    with_.log.notice("PROCESS_RAISED",
                     fmt::format("{} ran {} late: real-time priority {}", slot.role.name,
                                 core::to_text(late), slot.scheduled.real_time_priority));
}

core::UniqueFd Fleet::open_state(const RoleSpec& role) {
    if (with_.state_files == nullptr || !config_) return {};
    auto file = with_.state_files->open(role.name, state_size(role.peer, config_->own));
    if (file) return std::move(*file);
    with_.log.warning("STATE_FILE",
                      fmt::format("{} runs without state: {}", role.name, file.error().text()));
    return {};
}

core::Status Fleet::offer(Incarnation& who, const ConfigPtr& config) {
    if (with_.state_files == nullptr) return who.offer(config);
    const RoleSpec& role = who.role();
    auto larger = with_.state_files->open_larger(role.name, state_size(role.peer, config->own));
    if (!larger) {
        with_.log.warning("STATE_FILE", fmt::format("{} keeps its state in a file that may become "
                                                    "full: {}",
                                                    role.name, larger.error().text()));
        return who.offer(config);
    }
    return who.offer(config, larger->get());
}

void Fleet::settle_state(ipc::Peer role, bool committed) {
    if (with_.state_files == nullptr) return;
    const std::string_view name = role_of(role).name;
    if (committed) {
        with_.state_files->replace_by_larger(name);
    } else {
        with_.state_files->drop_larger(name);
    }
}

core::Result<Launched> Fleet::launch_role(const RoleSpec& role, int channel,
                                          std::vector<std::string>& missing) {
    auto program = open_program(role);
    if (!program) return program.error();
    auto log = with_.sinks.open_one();
    const core::UniqueFd state = open_state(role);
    LaunchPlan plan;
    plan.program = program->file.get();
    plan.name = program->path;
    plan.arguments = {"--"};
    plan.arguments.insert(plan.arguments.end(), settings_.arguments.begin(),
                          settings_.arguments.end());
    plan.environment = role_environment();
    plan.channel = channel;
    plan.lock = with_.run_dir.lock();
    plan.state = state.get();
    plan.log = log ? log->get() : -1;
    plan.empty_folder = with_.run_dir.empty_folder();
    plan.keep_standard_error = with_.sinks.kind() == LogSinks::Kind::console;
    plan.scheduling = slot_of(role.peer).scheduled = scheduling_at_start(slot_of(role.peer));
    if (::geteuid() == 0) {
        const sandbox::Account account = sandbox::account_of(role.user);
        if (!account.warning.empty()) missing.push_back(account.warning);
        plan.descent = sandbox::descent_of(role.user, account);
    }
    return launch(plan);
}

core::Result<std::unique_ptr<Incarnation>> Fleet::spawn(Slot& slot) {
    auto pair = ipc::make_pair();
    if (!pair) return pair.error();
    std::vector<std::string> missing;
    auto launched = launch_role(slot.role, pair->second.get(), missing);
    if (!launched) return launched.error();
    missing.insert(missing.end(), launched->missing.begin(), launched->missing.end());
    if (missing != slot.missing) {
        for (const std::string& what : missing) {
            with_.log.warning("PROTECTION_MISSING", fmt::format("{}: {}", slot.role.name, what));
        }
        slot.missing = missing;
    }
    const pid_t pid = launched->pid;
    auto process =
        std::make_unique<Incarnation>(with_.loop, slot.role, ++last_incarnation_,
                                      std::move(*launched), std::move(pair->first), *this);
    with_.log.info("PROCESS_START", fmt::format("{} pid={}", slot.role.name, pid));
    listener_.role_started(slot.role, pid);
    return process;
}

}  // namespace holdfast::supervisor
