#include "lib/config/yaml/defaults.hpp"

#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

/// False for firewall marks, which have none.
bool has_protocol(const v1::Config& config, const v1::VirtualServer& service) {
    if (service.key().has_fwmark()) return false;
    if (!service.has_group()) return true;
    for (const auto& group : config.service_groups()) {
        if (group.name() != service.group()) continue;
        for (const auto& entry : group.entries()) {
            if (!entry.has_fwmark()) return true;
        }
        return group.entries_size() == 0;
    }
    return true;
}

}  // namespace

void complete(v1::Config& config) {
    for (auto& service : *config.mutable_virtual_servers()) {
        if (service.key().has_protocol() || !has_protocol(config, service)) continue;
        service.mutable_key()->set_protocol(v1::TCP);
    }
    for (auto& instance : *config.mutable_vrrp_instances()) {
        // A map that says how the interface is made asks for it.
        if (instance.has_vmac() && !instance.vmac().has_enabled()) {
            instance.mutable_vmac()->set_enabled(true);
        }
        if (instance.has_ipvlan() && !instance.ipvlan().has_enabled()) {
            instance.mutable_ipvlan()->set_enabled(true);
        }
    }
}

}  // namespace holdfast::config::yaml
