#include "supervisor/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

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

void Notifier::use(const ConfigPtr& config) {
    previous_ = std::move(current_);
    current_ = {config, ObjectIndex(config->own), ScriptBook(config->own, log_)};
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

core::Status Notifier::take(const messages::v1::InstanceEvent& event) {
    const auto found = find(event.instance_id(), &ObjectIndex::instance);
    if (found.object == nullptr) return unknown_id(event.instance_id());
    if (event.priority() > 255) return core::Error::from_errno(ERANGE, "priority of an event");
    const auto beside = told_beside_states(event);
    const NotifyState state = beside.value_or(told_state(event.new_state(), found));
    run(event.instance_id(), fmt::format("{} {}", found.object->name(), keepalived_word(state)),
        *found.in, notifications_of(*found.object, state, event.priority()),
        beside ? Scripts::Kind::remark : Scripts::Kind::state);
    return core::Done{};
}

core::Status Notifier::take(const messages::v1::GroupEvent& event) {
    const auto found = find(event.group_id(), &ObjectIndex::group);
    if (found.object == nullptr) return unknown_id(event.group_id());
    const NotifyState state = told_state(event.new_state(), found);
    run(event.group_id(), fmt::format("{} {}", found.object->name(), keepalived_word(state)),
        *found.in, notifications_of(*found.object, state));
    return core::Done{};
}

core::Status Notifier::take(const messages::v1::ServiceEvent& event) {
    const auto found = find(event.service_id(), &ObjectIndex::service);
    if (found.object == nullptr) return unknown_id(event.service_id());
    const config::v1::VirtualServer& service = *found.object;
    std::vector<Notification> scripts;
    if (event.up() && service.has_quorum_up()) scripts.push_back({service.quorum_up(), {}});
    if (!event.up() && service.has_quorum_down()) scripts.push_back({service.quorum_down(), {}});
    run(event.service_id(), fmt::format("{} quorum {}", service.name(), event.up() ? "up" : "down"),
        *found.in, scripts);
    return core::Done{};
}

core::Status Notifier::take(const messages::v1::ServerEvent& event) {
    const auto found = find(event.service_id(), &ObjectIndex::service);
    if (found.object == nullptr) return unknown_id(event.service_id());
    const auto& servers = found.object->servers();
    const auto server = std::ranges::find_if(
        servers, [&](const auto& one) { return one.id() == event.server_id(); });
    if (server == servers.end()) return unknown_id(event.server_id());
    std::vector<Notification> scripts;
    if (event.up() && server->has_notify_up()) scripts.push_back({server->notify_up(), {}});
    if (!event.up() && server->has_notify_down()) scripts.push_back({server->notify_down(), {}});
    run(event.server_id(), fmt::format("{} {}", server->name(), event.up() ? "up" : "down"),
        *found.in, scripts);
    return core::Done{};
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
