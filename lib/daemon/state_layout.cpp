#include "lib/daemon/state_layout.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/core/result.hpp"
#include "proto/config.pb.h"

namespace holdfast::daemon {

namespace {

using config::v1::Config;

std::size_t size(int count) {
    return static_cast<std::size_t>(count);
}

std::size_t objects_of_vrrpd(const Config& config) {
    return size(config.vrrp_instances_size()) + size(config.vrrp_sync_groups_size()) +
           size(config.vrrp_scripts_size());
}

std::size_t objects_of_checkerd(const Config& config) {
    std::size_t checks = 0;
    for (const auto& service : config.virtual_servers()) {
        for (const auto& server : service.servers()) checks += server.check_count();
    }
    return checks;
}

/// Addresses, routes, rules, services, destinations (the sorry server is one).
std::size_t objects_of_ipvsd(const Config& config) {
    std::size_t objects = size(config.static_addresses_size()) + size(config.static_routes_size()) +
                          size(config.static_rules_size());
    for (const auto& instance : config.vrrp_instances()) {
        objects += size(instance.addresses_size()) + size(instance.virtual_routes_size()) +
                   size(instance.virtual_rules_size()) +
                   // Their parents' settings, too.
                   5 * size(instance.virtual_interfaces_size());
    }
    for (const auto& service : config.virtual_servers()) {
        objects += 2 + size(service.servers_size());
    }
    return objects;
}

std::size_t with_slack(std::size_t objects) {
    constexpr std::size_t kSlack = 256;
    return 2 * objects + kSlack;
}

state::Identity identity_of(const messages::v1::Welcome& welcome, const StateLayout& layout) {
    state::Identity identity{.role = static_cast<std::uint32_t>(welcome.role()),
                             .layout = layout.version,
                             .netns_cookie = welcome.netns_cookie(),
                             .believe = welcome.start() != messages::v1::START_COLD};
    const std::string& boot_id = welcome.boot_id();
    std::memcpy(identity.boot_id.data(), boot_id.data(),
                std::min(boot_id.size(), identity.boot_id.size()));
    return identity;
}

}  // namespace

StateLayout state_layout(messages::v1::Role role, const Config& config) {
    switch (role) {
        case messages::v1::ROLE_VRRPD:
            return {kVrrpdLayout, kVrrpdRecord, with_slack(objects_of_vrrpd(config))};
        case messages::v1::ROLE_CHECKERD:
            return {kCheckerdLayout, kCheckerdRecord, with_slack(objects_of_checkerd(config))};
        case messages::v1::ROLE_IPVSD:
            return {kIpvsdLayout, kIpvsdRecord, with_slack(objects_of_ipvsd(config))};
        default:
            core::broken_invariant("state layout of a role without state");
    }
}

state::StateFile open_state(core::UniqueFd file, const messages::v1::Welcome& welcome,
                            const StateLayout& layout, log::Logger& log) {
    auto mapped =
        state::StateFile::map(std::move(file), identity_of(welcome, layout), layout.record_size);
    if (mapped) return std::move(mapped).value();
    log.warning("STATE_PRIVATE", "a restart will begin cold: " + mapped.error().text());
    return state::StateFile::private_memory(layout.records, layout.record_size);
}

}  // namespace holdfast::daemon
