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

void say(v1::Config& config, v1::Protocol protocol, bool script_security) {
    for (auto& service : *config.mutable_virtual_servers()) {
        if (service.key().has_protocol() || !has_protocol(config, service)) continue;
        service.mutable_key()->set_protocol(protocol);
    }
    if (!config.global().has_enable_script_security()) {
        config.mutable_global()->set_enable_script_security(script_security);
    }
}

}  // namespace

void complete(v1::Config& config) {
    say(config, v1::TCP, true);
}

void spell_out(v1::Config& config) {
    say(config, v1::UDP, false);
}

}  // namespace holdfast::config::yaml
