#pragma once

#include <string>
#include <unordered_map>

#include "lib/config/resolve.hpp"
#include "lib/config/service_groups.hpp"

namespace holdfast::config {

/// A group and what it holds, looked at once for all services that name it.
struct KnownGroup {
    const v1::ServiceGroup* group = nullptr;
    GroupFacts facts;
};
using Groups = std::unordered_map<std::string, KnownGroup>;

/// Where a service listens, as far as it decides other settings.
struct Listening {
    const v1::ServiceGroup* group = nullptr;  // null: one address or mark
    GroupFacts facts;                         // of the group
    bool marks_only = false;                  // no address anywhere
};

/// Decides protocol, family and name of a service. False when it must be dropped, which has been
/// said then.
[[nodiscard]] bool resolve_listening(Resolution& all, v1::VirtualServer& service,
                                     const ObjectPlaces& places, const Groups& groups,
                                     Listening& listening);

/// Defaults and corrections of one service, and what is found about it. False when it must be
/// dropped.
[[nodiscard]] bool resolve_service(Resolution& all, v1::VirtualServer& service,
                                   ObjectPlaces& places, const Groups& groups);

/// "[192.0.2.1]:tcp:80", as keepalived's logs and fifos write it.
[[nodiscard]] std::string endpoint_text(const std::string& address, v1::Protocol protocol,
                                        std::uint32_t port);

}  // namespace holdfast::config
