#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/config.pb.h"
#include "proto/vrrp.pb.h"

namespace holdfast::supervisor {

/// A script of the configuration with the arguments that keepalived adds.
struct Notification {
    config::v1::Script script;
    std::vector<std::string> added;
};

/// What scripts, pipes and mails are told of an instance or a group. The last three are lines of a
/// pipe; only the first of them has a script as well.
enum class NotifyState : std::uint8_t {
    active,
    backup,
    fault,
    stop,
    deleted,
    lower_priority_heard,
    active_priority,
    backup_priority
};
/// MASTER, BACKUP, FAULT, STOP, DELETED, MASTER_RX_LOWER_PRI, MASTER_PRIORITY, BACKUP_PRIORITY
[[nodiscard]] std::string_view keepalived_word(NotifyState state);
/// False of the lines that tell something else.
[[nodiscard]] bool is_state(NotifyState state);
[[nodiscard]] NotifyState notify_state(messages::v1::VrrpState state);
/// How a removal by a reload is told: as FAULT to configurations that do not know notify_deleted.
[[nodiscard]] NotifyState removal_state(const config::v1::Notify& notify);

/// The scripts for one change of state, the specific one first. The specific script gets nothing
/// added; `notify` gets INSTANCE or GROUP, the name, the state, and the priority (0 for groups).
/// An advertisement of lower priority and a change of the priority are no change of state: `notify`
/// does not run.
[[nodiscard]] std::vector<Notification> notifications_of(const config::v1::VrrpInstance& instance,
                                                         NotifyState state, unsigned priority);
[[nodiscard]] std::vector<Notification> notifications_of(const config::v1::VrrpSyncGroup& group,
                                                         NotifyState state);

}  // namespace holdfast::supervisor
