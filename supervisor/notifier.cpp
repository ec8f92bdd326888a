#include "supervisor/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::supervisor {
namespace {

using config::v1::Config;
using messages::v1::TrackResult;

core::Error unknown_id(std::uint64_t id) {
    return core::Error::from_errno(ENOENT,
                                   "object " + core::to_text(core::ObjectId{id}) + " of an event");
}

/// What a finished router or group has become: gone from the configuration, or stopped.
NotifyState told_state(messages::v1::VrrpState state, bool still_configured, bool stopping) {
    if (state == messages::v1::VRRP_INITIALIZE && !still_configured && !stopping) {
        return NotifyState::deleted;
    }
    return notify_state(state);
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
        case ScriptResult::Kind::not_run:
            result.set_exit_class(messages::v1::EXIT_NOT_RUN);
            break;
    }
    return result;
}

}  // namespace

template <class Object, class Select>
Notifier::Found<Object> Notifier::find(std::uint64_t id, Select select) const {
    for (const Known* known : {&current_, &previous_}) {
        if (!known->config) continue;
        const auto& objects = select(known->config->own);
        const auto object =
            std::ranges::find_if(objects, [&](const Object& one) { return one.id() == id; });
        if (object != objects.end()) return {&*object, known, known == &current_};
    }
    return {};
}

void Notifier::use(const ConfigPtr& config) {
    previous_ = std::move(current_);
    current_ = {config, ScriptBook(config->own, log_)};
}

void Notifier::run(std::uint64_t object, std::string subject, const Known& in,
                   const std::vector<Notification>& notifications) {
    std::vector<ScriptCommand> commands;
    for (const Notification& one : notifications) {
        // A disabled script was named when the configuration was loaded.
        if (auto command = in.book.command(one.script, one.added)) {
            commands.push_back(std::move(*command));
        }
    }
    scripts_.notify(core::ObjectId{object}, std::move(subject), std::move(commands));
}

core::Status Notifier::take(const messages::v1::InstanceEvent& event) {
    const auto found = find<config::v1::VrrpInstance>(
        event.instance_id(), [](const Config& config) -> auto& { return config.vrrp_instances(); });
    if (found.object == nullptr) return unknown_id(event.instance_id());
    if (event.priority() > 255) return core::Error::from_errno(ERANGE, "priority of an event");
    if (event.what() != messages::v1::InstanceEvent::STATE_CHANGED) return core::Done{};
    const NotifyState state = told_state(event.new_state(), found.current, stopping_);
    run(event.instance_id(), fmt::format("{} {}", found.object->name(), keepalived_word(state)),
        *found.in, notifications_of(*found.object, state, event.priority()));
    return core::Done{};
}

core::Status Notifier::take(const messages::v1::GroupEvent& event) {
    const auto found = find<config::v1::VrrpSyncGroup>(
        event.group_id(), [](const Config& config) -> auto& { return config.vrrp_sync_groups(); });
    if (found.object == nullptr) return unknown_id(event.group_id());
    const NotifyState state = told_state(event.new_state(), found.current, stopping_);
    run(event.group_id(), fmt::format("{} {}", found.object->name(), keepalived_word(state)),
        *found.in, notifications_of(*found.object, state));
    return core::Done{};
}

core::Status Notifier::take(const messages::v1::ServiceEvent& event) {
    const auto found = find<config::v1::VirtualServer>(
        event.service_id(), [](const Config& config) -> auto& { return config.virtual_servers(); });
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
    const auto found = find<config::v1::VirtualServer>(
        event.service_id(), [](const Config& config) -> auto& { return config.virtual_servers(); });
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
    const auto found = find<config::v1::VrrpScript>(
        id, [](const Config& config) -> auto& { return config.vrrp_scripts(); });
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
