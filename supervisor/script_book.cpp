#include "supervisor/script_book.hpp"

#include <fmt/format.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <functional>

namespace holdfast::supervisor {
namespace {

using config::v1::Script;

/// Thousands of routers may name one program, each with words of its own.
std::string key_of(const Script& script) {
    return script.user() + '\0' + script.group() + '\0' + script.argv(0);
}

void each_of(const config::v1::Notify& notify, const std::function<void(const Script&)>& visit) {
    if (notify.has_to_active()) visit(notify.to_active());
    if (notify.has_to_backup()) visit(notify.to_backup());
    if (notify.has_to_fault()) visit(notify.to_fault());
    if (notify.has_to_stop()) visit(notify.to_stop());
    if (notify.has_any()) visit(notify.any());
    if (notify.has_deleted()) visit(notify.deleted());
    if (notify.has_lower_priority_heard()) visit(notify.lower_priority_heard());
}

void each_of(const config::v1::VirtualServer& service,
             const std::function<void(const Script&)>& visit) {
    if (service.has_quorum_up()) visit(service.quorum_up());
    if (service.has_quorum_down()) visit(service.quorum_down());
    for (const config::v1::RealServer& server : service.servers()) {
        if (server.has_notify_up()) visit(server.notify_up());
        if (server.has_notify_down()) visit(server.notify_down());
    }
}

void each_of(const config::v1::GlobalDefs& global,
             const std::function<void(const Script&)>& visit) {
    if (global.has_startup_script()) visit(global.startup_script());
    if (global.has_shutdown_script()) visit(global.shutdown_script());
    if (global.has_notify_fifo_script()) visit(global.notify_fifo_script());
    if (global.has_vrrp_notify_fifo_script()) visit(global.vrrp_notify_fifo_script());
    if (global.has_lvs_notify_fifo_script()) visit(global.lvs_notify_fifo_script());
}

void each_of(const config::v1::Config& config, const std::function<void(const Script&)>& visit) {
    each_of(config.global(), visit);
    for (const auto& instance : config.vrrp_instances()) each_of(instance.notify(), visit);
    for (const auto& group : config.vrrp_sync_groups()) each_of(group.notify(), visit);
    for (const auto& service : config.virtual_servers()) each_of(service, visit);
    for (const auto& script : config.vrrp_scripts()) {
        if (script.has_script()) visit(script.script());
    }
}

/// Empty when there are no symbolic links on it.
std::string real_path(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    if (::realpath(path.c_str(), target.data()) == nullptr || path == target.data()) return {};
    return target.data();
}

/// "</path" is not run: it succeeds when the file can be opened.
bool is_file_test(const Script& script) {
    return script.argv_size() > 0 && script.argv(0).starts_with("</");
}

}  // namespace

ScriptBook::ScriptBook(const config::v1::Config& config, log::Logger& log, mode_t umask)
    : default_user_(config.global().script_user()),
      default_group_(config.global().script_group()),
      security_(config.global().enable_script_security()),
      keep_links_(config.global().use_symlink_paths()),
      all_groups_(config.global().set_supplementary_groups()),
      umask_(umask) {
    each_of(config, [&](const Script& script) { examine(script, log); });
    if (any_as_root_ && !security_) {
        log.warning("SCRIPT_SECURITY",
                    "scripts run as root and enable_script_security is not set: set it, and "
                    "script_user");
    }
}

void ScriptBook::examine(const Script& script, log::Logger& log) {
    if (script.argv_size() == 0) return;
    const std::string key = key_of(script);
    if (entries_.contains(key)) return;
    auto command = resolve(script, log);
    if (command) {
        any_as_root_ = any_as_root_ || command->user.uid == 0;
        entries_[key] = {std::move(*command), ""};
        return;
    }
    log.warning("SCRIPT_DISABLED", fmt::format("{}: {}", script.argv(0), command.error().text()));
    entries_[key] = {std::nullopt, command.error().text()};
}

core::Result<ScriptCommand> ScriptBook::resolve(const Script& script, log::Logger& log) {
    const bool own_user = !script.user().empty();
    auto user = find_script_user(own_user ? script.user() : default_user_,
                                 own_user ? script.group() : default_group_, security_);
    if (!user) return user.error();
    if (all_groups_) user->groups = groups_of(*user);
    ScriptCommand command{{script.argv(0)}, *user};
    command.umask = umask_;
    if (is_file_test(script)) {
        command.argv = {"/usr/bin/test", "-r", script.argv(0).substr(1)};
        return command;
    }
    auto program = find_program(script.argv(0));
    if (!program) return program.error();
    command.argv[0] = *program;
    if (!keep_links_) command.target = real_path(*program);
    if (user->uid != 0 && user->gid != 0 && !becomes_root(*program)) return command;
    const core::Status safe = check_root_script(*program);
    if (safe) return command;
    if (security_) return safe.error();
    log.warning("SCRIPT_UNSAFE", fmt::format("{} runs as root: {}", *program, safe.error().text()));
    return command;
}

core::Result<ScriptCommand> ScriptBook::command(const Script& script,
                                                const std::vector<std::string>& added) const {
    const auto found = script.argv_size() == 0 ? entries_.end() : entries_.find(key_of(script));
    if (found == entries_.end()) return core::Error("not a script of this configuration", ENOENT);
    if (!found->second.command) return core::Error(found->second.reason, EPERM);
    ScriptCommand command = *found->second.command;
    if (!is_file_test(script)) {
        command.argv.insert(command.argv.end(), script.argv().begin() + 1, script.argv().end());
    }
    command.argv.insert(command.argv.end(), added.begin(), added.end());
    return command;
}

}  // namespace holdfast::supervisor
