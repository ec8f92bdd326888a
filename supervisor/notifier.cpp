#include "supervisor/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "supervisor/fifo_lines.hpp"

namespace holdfast::supervisor {
namespace {

using messages::v1::TrackResult;

core::Error unknown_id(std::uint64_t id) {
    return core::Error::from_errno(ENOENT,
                                   "object " + core::to_text(core::ObjectId{id}) + " of an event");
}

/// What an event of an instance is told as; nothing for a state, which is looked at further.
std::optional<NotifyState> told_beside_states(const messages::v1::InstanceEvent& event) {
    using messages::v1::InstanceEvent;
    switch (event.what()) {
        case InstanceEvent::PRIORITY_CHANGED:
            return event.new_state() == messages::v1::VRRP_ACTIVE ? NotifyState::active_priority
                                                                  : NotifyState::backup_priority;
        case InstanceEvent::LOWER_PRIORITY_HEARD:
            return NotifyState::lower_priority_heard;
        case InstanceEvent::STATE_CHANGED:
        case InstanceEvent::REASSERTED:  // the state is told once more
            break;
    }
    return std::nullopt;
}

TrackResult result_of(std::uint64_t id, const ScriptResult& run) {
    TrackResult result;
    result.set_script_id(id);
    result.set_code(run.code);
    result.set_milliseconds(static_cast<std::uint32_t>(run.duration.count() / 1000));
    switch (run.kind) {
        case ScriptResult::Kind::exited:
            result.set_exit_class(messages::v1::EXIT_CODE);
            break;
        case ScriptResult::Kind::signalled:
            result.set_exit_class(messages::v1::EXIT_SIGNAL);
            break;
        case ScriptResult::Kind::timed_out:
            result.set_exit_class(messages::v1::EXIT_TIMEOUT);
            break;
        case ScriptResult::Kind::starved:  // as if it had not been run: code is 0
        case ScriptResult::Kind::not_run:
            result.set_exit_class(messages::v1::EXIT_NOT_RUN);
            break;
    }
    return result;
}

}  // namespace

template <class Object>
Notifier::Found<Object> Notifier::find(std::uint64_t id,
                                       const Object* (ObjectIndex::*look_up)(std::uint64_t)
                                           const) const {
    for (const Known* known : {&current_, &previous_}) {
        const Object* object = (known->objects.*look_up)(id);
        if (object != nullptr) return {object, known, known == &current_};
    }
    return {};
}

/// A router or group that is over is gone from the configuration, or stopped.
template <class Object>
NotifyState Notifier::told_state(messages::v1::VrrpState state, const Found<Object>& found) const {
    if (state == messages::v1::VRRP_INITIALIZE && !found.current && !stopping_) {
        return removal_state(found.object->notify());
    }
    return notify_state(state);
}

void Notifier::use(const ConfigPtr& config, const FileRights& rights) {
    previous_ = std::move(current_);
    current_ = {config, ObjectIndex(config->own),
                ScriptBook(config->own, log_, rights.script_umask)};
    fifos_.use(config->own.global(), current_.book, rights.pipe);
}

void Notifier::run(std::uint64_t object, std::string subject, const Known& in,
                   const std::vector<Notification>& notifications, Scripts::Kind kind) {
    std::vector<ScriptCommand> commands;
    for (const Notification& one : notifications) {
        // A disabled script was named when the configuration was loaded.
        if (auto command = in.book.command(one.script, one.added)) {
            commands.push_back(std::move(*command));
        }
    }
    scripts_.notify(core::ObjectId{object}, kind, std::move(subject), std::move(commands));
}

void Notifier::remember(std::uint64_t id, NotifyState state, unsigned priority) {
    Told& told = told_.try_emplace(id, Told{state, priority}).first->second;
    told.priority = priority;
    if (is_state(state)) told.state = state;
}

bool Notifier::may_mail(NotifyState state) const {
    if (!is_state(state)) return false;
    return state != NotifyState::fault || !current_.config->own.global().no_email_faults();
}

void Notifier::mail(std::uint64_t id, MailText text) {
    std::string& last = mailed_[id];
    if (last == text.subject) return;
    last = text.subject;
    post_(core::ObjectId{id}, std::move(text));
}

void Notifier::forget(std::uint64_t id) {
    told_.erase(id);
    mailed_.erase(id);
}

const std::string& Notifier::router_id() const {
    return current_.config->own.global().router_id();
}

core::Status Notifier::take(const messages::v1::InstanceEvent& event) {
    const std::uint64_t id = event.instance_id();
    const unsigned priority = event.priority();
    const auto found = find(id, &ObjectIndex::instance);
    if (found.object == nullptr) return unknown_id(id);
    if (priority > 255) return core::Error::from_errno(ERANGE, "priority of an event");
    const config::v1::VrrpInstance& instance = *found.object;
    const auto beside = told_beside_states(event);
    const NotifyState state = beside.value_or(told_state(event.new_state(), found));
    remember(id, state, priority);
    const bool silent = event.what() == messages::v1::InstanceEvent::PRIORITY_CHANGED &&
                        !instance.notify_priority_changes();
    if (silent) return core::Done{};
    fifos_.say(NotifyFifos::Topic::vrrp, instance_line(instance.name(), state, priority));
    run(id, fmt::format("{} {}", instance.name(), keepalived_word(state)), *found.in,
        notifications_of(instance, state, priority),
        beside ? Scripts::Kind::remark : Scripts::Kind::state);
    if (instance.smtp_alert() && may_mail(state)) {
        mail(id, instance_mail(router_id(), instance.name(), state));
    }
    if (!found.current) forget(id);
    return core::Done{};
}

core::Status Notifier::take(const messages::v1::GroupEvent& event) {
    const std::uint64_t id = event.group_id();
    const auto found = find(id, &ObjectIndex::group);
    if (found.object == nullptr) return unknown_id(id);
    const config::v1::VrrpSyncGroup& group = *found.object;
    const NotifyState state = told_state(event.new_state(), found);
    remember(id, state, 0);
    fifos_.say(NotifyFifos::Topic::vrrp, group_line(group.name(), state));
    run(id, fmt::format("{} {}", group.name(), keepalived_word(state)), *found.in,
        notifications_of(group, state));
    if (group.smtp_alert() && may_mail(state)) {
        mail(id, group_mail(router_id(), group.name(), state));
    }
    if (!found.current) forget(id);
    return core::Done{};
}

void Notifier::reloaded() {
    const config::v1::Config& config = current_.config->own;
    if (!config.global().fifo_write_vrrp_states_on_reload()) return;
    const auto say = [this](std::uint64_t id, const auto& line_of) {
        const auto told = told_.find(id);
        if (told != told_.end()) fifos_.say(NotifyFifos::Topic::vrrp, line_of(told->second));
    };
    for (const auto& group : config.vrrp_sync_groups()) {
        say(group.id(), [&](const Told& told) { return group_line(group.name(), told.state); });
    }
    for (const auto& instance : config.vrrp_instances()) {
        say(instance.id(), [&](const Told& told) {
            return instance_line(instance.name(), told.state, told.priority);
        });
    }
}

core::Status Notifier::take(const messages::v1::ServiceEvent& event) {
    const auto found = find(event.service_id(), &ObjectIndex::service);
    if (found.object == nullptr) return unknown_id(event.service_id());
    const config::v1::VirtualServer& service = *found.object;
    fifos_.say(NotifyFifos::Topic::services, service_line(service.name(), event.up()));
    std::vector<Notification> scripts;
    if (event.up() && service.has_quorum_up()) scripts.push_back({service.quorum_up(), {}});
    if (!event.up() && service.has_quorum_down()) scripts.push_back({service.quorum_down(), {}});
    run(event.service_id(), fmt::format("{} quorum {}", service.name(), event.up() ? "up" : "down"),
        *found.in, scripts);
    if (service.smtp_alert()) {
        mail(event.service_id(), service_mail(router_id(), service.name(), event.up()));
    }
    return core::Done{};
}

core::Status Notifier::take(const messages::v1::ServerEvent& event) {
    const auto found = find(event.service_id(), &ObjectIndex::service);
    if (found.object == nullptr) return unknown_id(event.service_id());
    const auto& servers = found.object->servers();
    const auto server = std::ranges::find_if(
        servers, [&](const auto& one) { return one.id() == event.server_id(); });
    if (server == servers.end()) return unknown_id(event.server_id());
    const std::string& service = found.object->name();
    fifos_.say(NotifyFifos::Topic::services, server_line(server->name(), service, event.up()));
    std::vector<Notification> scripts;
    if (event.up() && server->has_notify_up()) scripts.push_back({server->notify_up(), {}});
    if (!event.up() && server->has_notify_down()) scripts.push_back({server->notify_down(), {}});
    run(event.server_id(), fmt::format("{} {}", server->name(), event.up() ? "up" : "down"),
        *found.in, scripts);
    if (server->smtp_alert() && !event.at_start()) {
        mail(event.server_id(), server_mail(router_id(), server->name(), service, event.up()));
    }
    return core::Done{};
}

void Notifier::run_hook(const std::string& keyword, const config::v1::Script* script,
                        core::Interval limit, std::function<void()> then) {
    if (script == nullptr) return then();
    auto command = current_.book.command(*script, {});
    if (!command) return then();  // it was named when the configuration was loaded
    scripts_.poll(core::object_id("hook", keyword), std::move(*command), limit,
                  [this, keyword, then = std::move(then)](const ScriptResult& result) {
                      const auto level =
                          result.succeeded() ? log::Level::info : log::Level::warning;
                      log_.write(level, "SCRIPT", keyword + ": " + result.text());
                      then();
                  });
}

core::Status Notifier::poll(const messages::v1::TrackPoll& poll,
                            std::function<void(const TrackResult&)> answer) {
    const std::uint64_t id = poll.script_id();
    const auto found = find(id, &ObjectIndex::script);
    if (found.object == nullptr) return unknown_id(id);
    auto command = found.in->book.command(found.object->script(), {});
    if (!command) {
        answer(result_of(id, {ScriptResult::Kind::not_run, command.error().code(), {}}));
        return core::Done{};
    }
    const core::Interval timeout(static_cast<core::Interval::rep>(found.object->timeout_us()));
    scripts_.poll(
        core::ObjectId{id}, std::move(*command), timeout,
        [id, answer = std::move(answer)](const ScriptResult& run) { answer(result_of(id, run)); });
    return core::Done{};
}

}  // namespace holdfast::supervisor
