#pragma once

#include <string>
#include <string_view>

#include "supervisor/notifications.hpp"

namespace holdfast::supervisor {

/// A mail before it has a sender and recipients.
struct MailText {
    std::string subject;  // one line
    std::string body;
    friend bool operator==(const MailText&, const MailText&) = default;
};

/// keepalived's words, which filters of mailboxes know. `router_id` is the node's name; `state` is
/// one that an instance can be in.
[[nodiscard]] MailText instance_mail(std::string_view router_id, std::string_view name,
                                     NotifyState state);
[[nodiscard]] MailText group_mail(std::string_view router_id, std::string_view name,
                                  NotifyState state);
[[nodiscard]] MailText service_mail(std::string_view router_id, std::string_view service, bool up);
[[nodiscard]] MailText server_mail(std::string_view router_id, std::string_view server,
                                   std::string_view service, bool up);

}  // namespace holdfast::supervisor
