#include "supervisor/loaded_config.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <set>
#include <utility>

#include "proto/options.pb.h"

namespace holdfast::supervisor {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr int kMostWords = 1024;

core::Error wrong(std::string_view what, std::string_view where) {
    return core::Error(fmt::format("{} of {} is out of range", what, where), EBADMSG);
}

bool is_interface(const std::string& name) {
    return name.size() < IFNAMSIZ && name.find('/') == std::string::npos &&
           name.find('\0') == std::string::npos;
}

bool is_address(const std::string& octets) {
    return octets.empty() || octets.size() == 4 || octets.size() == 16;
}

bool is_script(const config::v1::Script& script) {
    if (script.argv_size() == 0 || script.argv_size() > kMostWords) return false;
    for (const std::string& word : script.argv()) {
        if (word.find('\0') != std::string::npos) return false;
    }
    return !script.argv(0).empty();
}

bool scripts_fit(const config::v1::Notify& notify) {
    return (!notify.has_to_active() || is_script(notify.to_active())) &&
           (!notify.has_to_backup() || is_script(notify.to_backup())) &&
           (!notify.has_to_fault() || is_script(notify.to_fault())) &&
           (!notify.has_to_stop() || is_script(notify.to_stop())) &&
           (!notify.has_any() || is_script(notify.any())) &&
           (!notify.has_deleted() || is_script(notify.deleted())) &&
           (!notify.has_lower_priority_heard() || is_script(notify.lower_priority_heard()));
}

core::Status check_instance(const config::v1::VrrpInstance& instance) {
    const std::string where = "vrrp_instance " + instance.name();
    if (instance.name().empty() || instance.name().size() > kLongestName)
        return wrong("name", where);
    if (!is_interface(instance.interface()) || !is_interface(instance.vrf())) {
        return wrong("interface", where);
    }
    if (instance.interface().empty() && instance.unicast_peers_size() == 0) {
        return wrong("interface", where);
    }
    if (instance.virtual_router_id() < 1 || instance.virtual_router_id() > 255) {
        return wrong("virtual_router_id", where);
    }
    if (!is_address(instance.source_address()) || !is_address(instance.multicast_group())) {
        return wrong("address", where);
    }
    if (!scripts_fit(instance.notify())) return wrong("script", where);
    return core::Done{};
}

core::Status check_service(const config::v1::VirtualServer& service) {
    const std::string where = "virtual_server " + service.name();
    if ((service.has_quorum_up() && !is_script(service.quorum_up())) ||
        (service.has_quorum_down() && !is_script(service.quorum_down()))) {
        return wrong("script", where);
    }
    for (const config::v1::RealServer& server : service.servers()) {
        if ((server.has_notify_up() && !is_script(server.notify_up())) ||
            (server.has_notify_down() && !is_script(server.notify_down()))) {
            return wrong("script", where + " real_server " + server.name());
        }
    }
    return core::Done{};
}

core::Status check_globals(const config::v1::GlobalDefs& global) {
    const auto fits = [](bool set, const config::v1::Script& script) {
        return !set || is_script(script);
    };
    if (!fits(global.has_startup_script(), global.startup_script()) ||
        !fits(global.has_shutdown_script(), global.shutdown_script()) ||
        !fits(global.has_notify_fifo_script(), global.notify_fifo_script()) ||
        !fits(global.has_vrrp_notify_fifo_script(), global.vrrp_notify_fifo_script()) ||
        !fits(global.has_lvs_notify_fifo_script(), global.lvs_notify_fifo_script())) {
        return wrong("script", "global_defs");
    }
    for (const std::string& octets : global.smtp_addresses()) {
        if (octets.empty() || !is_address(octets)) return wrong("smtp_server", "global_defs");
    }
    constexpr std::uint32_t kHighestPort = 65535;
    if (global.smtp_port() > kHighestPort) return wrong("smtp_server", "global_defs");
    return core::Done{};
}

/// Clears every field whose setting is marked secret.
void hide_secrets(google::protobuf::Message& message) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const auto* field : fields) {
        if (field->options().GetExtension(config::v1::setting).secret()) {
            reflection.ClearField(&message, field);
        } else if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
            continue;
        } else if (!field->is_repeated()) {
            hide_secrets(*reflection.MutableMessage(&message, field));
        } else {
            for (int at = 0; at < reflection.FieldSize(message, field); ++at) {
                hide_secrets(*reflection.MutableRepeatedMessage(&message, field, at));
            }
        }
    }
}

/// Ids of one kind name one object each, and 0 is "no object".
class Ids {
  public:
    bool take(std::uint64_t id) { return id != 0 && seen_.insert(id).second; }

  private:
    std::set<std::uint64_t> seen_;
};

}  // namespace

const ConfigMemory& LoadedConfig::part_of(ipc::Peer role) const {
    switch (role) {
        case ipc::Peer::vrrpd:
            return vrrpd;
        case ipc::Peer::checkerd:
            return checkerd;
        default:
            return ipvsd;
    }
}

std::size_t LoadedConfig::objects() const {
    int count = own.vrrp_instances_size() + own.vrrp_sync_groups_size() + own.vrrp_scripts_size();
    for (const config::v1::VirtualServer& service : own.virtual_servers()) {
        count += 1 + service.servers_size();
    }
    return static_cast<std::size_t>(count);
}

bool LoadedConfig::needs(ipc::Peer role) const {
    const bool vrrp = own.vrrp_instances_size() != 0;
    const bool services = own.virtual_servers_size() != 0;
    const bool statics = own.static_addresses_size() != 0 || own.static_routes_size() != 0 ||
                         own.static_rules_size() != 0;
    switch (role) {
        case ipc::Peer::vrrpd:
            return vrrp;
        case ipc::Peer::checkerd:
            return services;
        case ipc::Peer::ipvsd:
            return vrrp || services || statics;
        default:
            return false;
    }
}

core::Status check_ranges(const config::v1::Config& config) {
    if (core::Status fits = check_globals(config.global()); !fits) return fits;
    Ids instances;
    for (const config::v1::VrrpInstance& instance : config.vrrp_instances()) {
        if (core::Status fits = check_instance(instance); !fits) return fits;
        if (!instances.take(instance.id())) return wrong("id", "vrrp_instance " + instance.name());
    }
    Ids groups;
    for (const config::v1::VrrpSyncGroup& group : config.vrrp_sync_groups()) {
        const std::string where = "vrrp_sync_group " + group.name();
        if (!groups.take(group.id())) return wrong("id", where);
        if (!scripts_fit(group.notify())) return wrong("script", where);
    }
    Ids scripts;
    for (const config::v1::VrrpScript& script : config.vrrp_scripts()) {
        const std::string where = "vrrp_script " + script.name();
        if (!scripts.take(script.id())) return wrong("id", where);
        if (script.has_script() && !is_script(script.script())) return wrong("script", where);
    }
    Ids services;
    for (const config::v1::VirtualServer& service : config.virtual_servers()) {
        if (core::Status fits = check_service(service); !fits) return fits;
        if (!services.take(service.id())) return wrong("id", "virtual_server " + service.name());
    }
    return core::Done{};
}

std::string dump_of(config::v1::Config config) {
    hide_secrets(config);
    return config.DebugString();
}

void keep_only(bool vrrp, bool services, config::v1::Config& config) {
    if (!vrrp) {
        config.clear_vrrp_instances();
        config.clear_vrrp_sync_groups();
        config.clear_vrrp_scripts();
    }
    if (!services) config.clear_virtual_servers();
}

}  // namespace holdfast::supervisor
