#include "supervisor/notifications.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor {
namespace {

using config::v1::Notify;
using config::v1::Script;

const Script* specific_script(const Notify& notify, NotifyState state) {
    const auto if_set = [](bool set, const Script& script) { return set ? &script : nullptr; };
    switch (state) {
        case NotifyState::active:
            return if_set(notify.has_to_active(), notify.to_active());
        case NotifyState::backup:
            return if_set(notify.has_to_backup(), notify.to_backup());
        case NotifyState::fault:
            return if_set(notify.has_to_fault(), notify.to_fault());
        case NotifyState::stop:
            return if_set(notify.has_to_stop(), notify.to_stop());
        case NotifyState::deleted:
            return if_set(notify.has_deleted(), notify.deleted());
        case NotifyState::lower_priority_heard:
            return if_set(notify.has_lower_priority_heard(), notify.lower_priority_heard());
        case NotifyState::active_priority:
        case NotifyState::backup_priority:
            break;
    }
    return nullptr;
}

std::vector<Notification> all_of(const Notify& notify, NotifyState state, std::string_view kind,
                                 const std::string& name, unsigned priority) {
    std::vector<Notification> scripts;
    if (const Script* script = specific_script(notify, state)) scripts.push_back({*script, {}});
    if (notify.has_any() && is_state(state)) {
        scripts.push_back({notify.any(),
                           {std::string(kind), name, std::string(keepalived_word(state)),
                            fmt::format("{}", priority)}});
    }
    return scripts;
}

}  // namespace

bool is_state(NotifyState state) {
    return state < NotifyState::lower_priority_heard;
}

std::string_view keepalived_word(NotifyState state) {
    switch (state) {
        case NotifyState::active:
            return "MASTER";
        case NotifyState::backup:
            return "BACKUP";
        case NotifyState::fault:
            return "FAULT";
        case NotifyState::stop:
            return "STOP";
        case NotifyState::deleted:
            return "DELETED";
        case NotifyState::lower_priority_heard:
            return "MASTER_RX_LOWER_PRI";
        case NotifyState::active_priority:
            return "MASTER_PRIORITY";
        case NotifyState::backup_priority:
            return "BACKUP_PRIORITY";
    }
    return "FAULT";
}

NotifyState notify_state(messages::v1::VrrpState state) {
    switch (state) {
        case messages::v1::VRRP_ACTIVE:
            return NotifyState::active;
        case messages::v1::VRRP_BACKUP:
            return NotifyState::backup;
        case messages::v1::VRRP_FAULT:
            return NotifyState::fault;
        case messages::v1::VRRP_INITIALIZE:
        case messages::v1::VRRP_STATE_UNSPECIFIED:
            break;
    }
    return NotifyState::stop;
}

NotifyState removal_state(const Notify& notify) {
    return notify.has_deleted() ? NotifyState::deleted : NotifyState::fault;
}

std::vector<Notification> notifications_of(const config::v1::VrrpInstance& instance,
                                           NotifyState state, unsigned priority) {
    return all_of(instance.notify(), state, "INSTANCE", instance.name(), priority);
}

std::vector<Notification> notifications_of(const config::v1::VrrpSyncGroup& group,
                                           NotifyState state) {
    return all_of(group.notify(), state, "GROUP", group.name(), 0);
}

}  // namespace holdfast::supervisor
