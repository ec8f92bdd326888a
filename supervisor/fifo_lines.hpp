#pragma once

#include <string>
#include <string_view>

#include "supervisor/notifications.hpp"

namespace holdfast::supervisor {

/// The lines that a notification pipe gets, as keepalived writes them, with the newline: others
/// parse them. Names have no escapes; a control character in one becomes '?', since a name must not
/// make a second line.

/// INSTANCE "web" MASTER 150
[[nodiscard]] std::string instance_line(std::string_view name, NotifyState state,
                                        unsigned priority);
/// GROUP "all" BACKUP 0
[[nodiscard]] std::string group_line(std::string_view name, NotifyState state);
/// VS [10.0.0.1]:tcp:80 UP
[[nodiscard]] std::string service_line(std::string_view service, bool up);
/// RS [10.0.0.2]:tcp:80 [10.0.0.1]:tcp:80 DOWN
[[nodiscard]] std::string server_line(std::string_view server, std::string_view service, bool up);

}  // namespace holdfast::supervisor
