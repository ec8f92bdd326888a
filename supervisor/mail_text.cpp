#include "supervisor/mail_text.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor {
namespace {

std::string what_happens(NotifyState state) {
    if (state == NotifyState::stop) return "Stopping";
    if (state == NotifyState::deleted) return "Deleted";
    return fmt::format("Entering {} state", keepalived_word(state));
}

std::string_view body_of_instance(NotifyState state) {
    switch (state) {
        case NotifyState::active:
            return "=> VRRP Instance is now owning VRRP VIPs <=";
        case NotifyState::stop:
            return "=> VRRP Instance stopping <=";
        case NotifyState::deleted:
            return "=> VRRP Deleted at reload <=";
        default:
            return "=> VRRP Instance is no longer owning VRRP VIPs <=";
    }
}

std::string body_of_group(NotifyState state) {
    if (state == NotifyState::stop) return "=> All VRRP group instances are now stopping <=";
    if (state == NotifyState::deleted) return "=> VRRP Deleted at reload <=";
    return fmt::format("=> All VRRP group instances are now in {} state <=",
                       keepalived_word(state));
}

std::string_view word(bool up) {
    return up ? "UP" : "DOWN";
}

}  // namespace

MailText instance_mail(std::string_view router_id, std::string_view name, NotifyState state) {
    return {fmt::format("[{}] VRRP Instance {} - {}", router_id, name, what_happens(state)),
            std::string(body_of_instance(state))};
}

MailText group_mail(std::string_view router_id, std::string_view name, NotifyState state) {
    return {fmt::format("[{}] VRRP Group {} - {}", router_id, name, what_happens(state)),
            body_of_group(state)};
}

MailText service_mail(std::string_view router_id, std::string_view service, bool up) {
    return {fmt::format("[{}] Virtualserver {} - {}", router_id, service, word(up)),
            fmt::format("=> {} quorum <=", up ? "Gained" : "Lost")};
}

MailText server_mail(std::string_view router_id, std::string_view server, std::string_view service,
                     bool up) {
    return {fmt::format("[{}] Realserver {} of virtual server {} - {}", router_id, server, service,
                        word(up)),
            fmt::format("=> CHECK {} on service <=", up ? "succeed" : "failed")};
}

}  // namespace holdfast::supervisor
