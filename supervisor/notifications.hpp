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

/// What is over when an instance or a group stops, in keepalived's words.
enum class NotifyState : std::uint8_t { active, backup, fault, stop, deleted };
/// MASTER, BACKUP, FAULT, STOP, DELETED
[[nodiscard]] std::string_view keepalived_word(NotifyState state);
[[nodiscard]] NotifyState notify_state(messages::v1::VrrpState state);

/// The scripts for one change of state, the specific one first. The specific script gets nothing
/// added; `notify` gets INSTANCE or GROUP, the name, the state, and the priority (0 for groups). A
/// deletion is told as FAULT by the specific script.
[[nodiscard]] std::vector<Notification> notifications_of(const config::v1::VrrpInstance& instance,
                                                         NotifyState state, unsigned priority);
[[nodiscard]] std::vector<Notification> notifications_of(const config::v1::VrrpSyncGroup& group,
                                                         NotifyState state);

}  // namespace holdfast::supervisor
