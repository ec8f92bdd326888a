#include "lib/config/yaml/defaults.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

/// Names of groups that are made of firewall marks alone.
std::unordered_set<std::string_view> groups_of_marks(const v1::Config& config) {
    std::unordered_set<std::string_view> names;
    for (const auto& group : config.service_groups()) {
        const auto& entries = group.entries();
        const bool marks = std::all_of(entries.begin(), entries.end(),
                                       [](const auto& entry) { return entry.has_fwmark(); });
        if (marks && !entries.empty()) names.insert(group.name());
    }
    return names;
}

/// A map that says how the interface is made asks for it. False is what keepalived.conf says by
/// leaving the keyword out.
template <class Interface>
void settle_enabled(Interface& interface) {
    if (!interface.has_enabled()) {
        interface.set_enabled(true);
    } else if (!interface.enabled()) {
        interface.clear_enabled();
    }
}

}  // namespace

void complete(v1::Config& config) {
    const auto without_protocol = groups_of_marks(config);
    for (auto& service : *config.mutable_virtual_servers()) {
        const bool is_mark = service.key().has_fwmark() ||
                             (service.has_group() && without_protocol.contains(service.group()));
        if (!service.key().has_protocol() && !is_mark) {
            service.mutable_key()->set_protocol(v1::TCP);
        }
    }
    for (auto& instance : *config.mutable_vrrp_instances()) {
        if (instance.has_vmac()) settle_enabled(*instance.mutable_vmac());
        if (instance.has_ipvlan()) settle_enabled(*instance.mutable_ipvlan());
        if (instance.vmac().ByteSizeLong() == 0) instance.clear_vmac();
        if (instance.ipvlan().ByteSizeLong() == 0) instance.clear_ipvlan();
    }
}

}  // namespace holdfast::config::yaml
