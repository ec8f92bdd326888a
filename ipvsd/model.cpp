#include "ipvsd/model.hpp"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/ip_vs.h>
#include <net/if.h>

#include <cerrno>
#include <set>
#include <span>

#include "ipvsd/written_values.hpp"
#include "proto/config.pb.h"
#include "proto/options.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace config = holdfast::config::v1;

constexpr std::uint32_t kMaxWeight = 2147483647;

core::Interval interval_of(std::uint64_t microseconds) {
    return core::Interval(static_cast<std::int64_t>(microseconds));
}

// ---- Instances ------------------------------------------------------------------------------

AnnouncementRules announcement_rules(const config::VrrpInstance& from) {
    AnnouncementRules rules;
    if (from.has_garp_master_delay_us()) rules.delay = interval_of(from.garp_master_delay_us());
    if (from.has_garp_master_repeat()) rules.repeat = from.garp_master_repeat();
    rules.refresh = interval_of(from.garp_master_refresh_us());
    if (from.has_garp_master_refresh_repeat()) {
        rules.refresh_repeat = from.garp_master_refresh_repeat();
    }
    rules.lower_priority_delay = from.has_garp_lower_priority_delay_us()
                                     ? interval_of(from.garp_lower_priority_delay_us())
                                     : rules.delay;
    rules.lower_priority_repeat =
        from.has_garp_lower_priority_repeat() ? from.garp_lower_priority_repeat() : rules.repeat;
    return rules;
}

/// Addresses, routes and rules, each in the order in which they are written.
template <class Addresses, class Routes, class Rules>
core::Status add_objects(const Addresses& addresses, const Routes& routes, const Rules& rules,
                         const std::string& interface, Instance& to) {
    for (const config::VirtualAddress& each : addresses) {
        auto address = configured_address(each, to.name, interface);
        if (!address) return address.error();
        to.addresses.push_back(std::move(*address));
    }
    for (const config::Route& each : routes) {
        auto route = configured_route(each, to.name);
        if (!route) return route.error();
        to.routes.push_back(std::move(*route));
    }
    for (const config::Rule& each : rules) {
        auto rule = configured_rule(each, to.name);
        if (!rule) return rule.error();
        to.rules.push_back(std::move(*rule));
    }
    return core::Done{};
}

/// Those of its addresses that stand on an interface that we make, or, where all are asked for, on
/// any but its own.
void add_extra(const config::VrrpInstance& from, Instance& instance) {
    instance.announcement.extra = interval_of(from.garp_extra_interval_us());
    if (instance.announcement.extra.count() == 0) return;
    std::set<std::string>& some = instance.extra_interfaces;
    for (const VirtualInterface& each : instance.interfaces) some.insert(each.name);
    for (const ConfiguredAddress& each : instance.addresses) {
        const bool elsewhere = each.name.interface != from.interface();
        if (from.garp_extra_all() && elsewhere) some.insert(each.name.interface);
    }
    instance.announcement.extra_interfaces = some;
}

Pacing pacing_of(const config::Config& config, const Model& model) {
    Pacing pacing;
    pacing.of_all = {.arp = interval_of(config.global().garp_interval_us()),
                     .neighbor = interval_of(config.global().gna_interval_us())};
    for (const config::GarpGroup& from : config.garp_groups()) {
        Pacing::Group group{.interfaces = {from.interfaces().begin(), from.interfaces().end()}};
        if (from.has_garp_interval_us()) group.arp = interval_of(from.garp_interval_us());
        if (from.has_gna_interval_us()) group.neighbor = interval_of(from.gna_interval_us());
        pacing.groups.push_back(std::move(group));
    }
    for (const auto& [id, instance] : model.instances) {
        for (const VirtualInterface& each : instance.interfaces) {
            pacing.parents[each.name] = each.parent;
        }
    }
    return pacing;
}

core::Result<VirtualInterface> interface_of(const config::VirtualInterface& from,
                                            const config::VrrpInstance& instance) {
    const auto fits = [](const std::string& name) {
        return !name.empty() && name.size() < IFNAMSIZ;
    };
    if (!fits(from.name()) || !fits(from.parent())) {
        return refused(instance.name(), "name of a virtual interface");
    }
    VirtualInterface made{.name = from.name(),
                          .parent = from.parent(),
                          .kind = from.ipvlan() ? "ipvlan" : "macvlan",
                          .group = from.group()};
    if (from.ipvlan()) {
        if (from.ipvlan_type() == config::IPVLAN_PRIVATE) made.flags = IPVLAN_F_PRIVATE;
        if (from.ipvlan_type() == config::IPVLAN_VEPA) made.flags = IPVLAN_F_VEPA;
        if (const auto address = core::Address::from_bytes(from.address())) {
            made.address = netlink::InterfaceAddress{
                .address = *address,
                .prefix_length = static_cast<std::uint8_t>(from.prefix_length()),
                .protocol = kOurProtocol};
        }
        return made;
    }
    const auto octets = std::as_bytes(std::span(from.hardware_address()));
    const auto mac = netlink::HardwareAddress::from_bytes(octets);
    if (!mac || !mac->is_ethernet()) return refused(instance.name(), "virtual MAC address");
    made.hardware_address = *mac;
    return made;
}

core::Result<Instance> instance_of(const config::VrrpInstance& from) {
    if (from.id() == 0) return refused(from.name(), "instance without id");
    Instance instance{.id = core::ObjectId{from.id()},
                      .name = from.name(),
                      .owner = from.priority() == 255,
                      .interface = from.interface(),
                      .source = core::Address::from_bytes(from.source_address()),
                      .ipv6 = from.ipv6(),
                      .announcement = announcement_rules(from)};
    // 3 intervals and a skew of less than one (RFC 9568 6.1), in case vrrpd never told better.
    const std::uint64_t adverts = from.has_down_timer_adverts() ? from.down_timer_adverts() : 3;
    const std::uint64_t advert_us =
        from.has_advert_interval_us() ? from.advert_interval_us() : 1000000;
    instance.down_interval = interval_of(advert_us * (adverts + 1));
    if (core::Status added = add_objects(from.addresses(), from.virtual_routes(),
                                         from.virtual_rules(), from.interface(), instance);
        !added) {
        return added.error();
    }
    instance.promote_secondaries = from.promote_secondaries();
    instance.accept = !from.has_accept() || from.accept();
    for (const config::VirtualInterface& each : from.virtual_interfaces()) {
        auto made = interface_of(each, from);
        if (!made) return made.error();
        instance.interfaces.push_back(std::move(*made));
    }
    add_extra(from, instance);
    return instance;
}

// ---- Services -------------------------------------------------------------------------------

ForwardingMethod forwarding_of(config::ForwardingMethod method) {
    switch (method) {
        case config::DR:
            return ForwardingMethod::direct_routing;
        case config::TUN:
            return ForwardingMethod::tunnel;
        case config::NAT:
        case config::FORWARDING_UNSPECIFIED:
            break;
    }
    return ForwardingMethod::nat;
}

std::uint16_t checksum_flag(config::TunnelChecksum checksum) {
    switch (checksum) {
        case config::CHECKSUM_FULL:
            return IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
        case config::CHECKSUM_REMOTE:
            return IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
        default:
            return IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM;
    }
}

Tunnel tunnel_of(const config::Tunnel& from) {
    Tunnel tunnel{.port = static_cast<std::uint16_t>(from.port()),
                  .flags = checksum_flag(from.checksum())};
    if (from.type() == config::TUNNEL_GUE) tunnel.type = TunnelType::gue;
    if (from.type() == config::TUNNEL_GRE) tunnel.type = TunnelType::gre;
    return tunnel;
}

core::Result<ServerRules> server_of(const config::RealServer& from,
                                    const config::VirtualServer& service) {
    const auto address = core::Address::from_bytes(from.address());
    if (!address) return refused(service.name(), "server without address");
    const std::uint32_t default_weight = service.has_weight() ? service.weight() : 1;
    const std::uint32_t weight = from.has_weight() ? from.weight() : default_weight;
    if (from.port() > 65535 || from.tunnel().port() > 65535 || weight > kMaxWeight) {
        return refused(service.name(), "port or weight of " + address->text());
    }
    ServerRules server{.id = core::ObjectId{from.id()}};
    server.destination = {.endpoint = {*address, static_cast<std::uint16_t>(from.port())},
                          .forwarding = forwarding_of(from.has_forwarding() ? from.forwarding()
                                                                            : service.forwarding()),
                          .weight = weight,
                          .upper_threshold = from.upper_threshold(),
                          .lower_threshold = from.lower_threshold()};
    if (server.destination.forwarding == ForwardingMethod::tunnel) {
        server.destination.tunnel = tunnel_of(from.tunnel());
    }
    server.inhibit_on_failure =
        from.has_inhibit_on_failure() ? from.inhibit_on_failure() : service.inhibit_on_failure();
    const bool alpha = from.has_alpha() ? from.alpha() : service.alpha();
    for (const config::Check& check : from.checks()) {
        if (check.id() == 0) return refused(service.name(), "check without id");
        server.checks.push_back(
            {core::ObjectId{check.id()}, check.has_alpha() ? check.alpha() : alpha});
    }
    return server;
}

core::Result<ServiceKey> key_of(const config::VirtualServer& from) {
    const config::ServiceKey& key = from.key();
    if (key.fwmark() != 0) {
        return ServiceKey::marked(key.ipv6() ? core::Family::ipv6 : core::Family::ipv4,
                                  key.fwmark());
    }
    const auto address = core::Address::from_bytes(key.address());
    const int protocol = key.protocol();
    if (!address || key.port() > 65535) return refused(from.name(), "no usable address and port");
    if (protocol == config::PROTOCOL_UNSPECIFIED) return refused(from.name(), "no protocol");
    return ServiceKey::at(static_cast<Protocol>(protocol),
                          {*address, static_cast<std::uint16_t>(key.port())});
}

/// The sorry server as one of the service's servers.
config::RealServer as_server(const config::SorryServer& sorry) {
    config::RealServer server;
    server.set_id(sorry.id());
    server.set_address(sorry.address());
    server.set_port(sorry.port());
    server.set_weight(1);
    if (sorry.has_forwarding()) server.set_forwarding(sorry.forwarding());
    if (sorry.has_tunnel()) *server.mutable_tunnel() = sorry.tunnel();
    return server;
}

/// The kernel's name of it, which is the word of the configuration.
std::string scheduler_of(config::Scheduler scheduler) {
    const auto* value = config::Scheduler_descriptor()->FindValueByNumber(scheduler);
    if (value == nullptr) return {};
    const auto& word = value->options().GetExtension(config::word);
    return word.text_size() > 0 ? word.text(0) : std::string();
}

std::uint32_t scheduler_flag(int flag) {
    switch (flag) {
        case config::SCHEDULER_FLAG_1:
        case config::SCHEDULER_FALLBACK:
            return kSchedulerFlag1;
        case config::SCHEDULER_FLAG_2:
        case config::SCHEDULER_PORT:
            return kSchedulerFlag2;
        case config::SCHEDULER_FLAG_3:
            return kSchedulerFlag3;
        default:
            return 0;
    }
}

core::Result<Service> service_of(const config::VirtualServer& from) {
    auto key = key_of(from);
    if (!key) return key.error();
    Service service{.key = *key, .one_packet = from.one_packet()};
    if (from.has_scheduler()) service.scheduler = scheduler_of(from.scheduler());
    if (service.scheduler.empty()) return refused(from.name(), "no such scheduler");
    for (const int flag : from.scheduler_flags()) {
        service.scheduler_flags |= scheduler_flag(flag);
    }
    if (from.persistence_timeout_us() != 0) {
        const std::uint32_t whole = key->family == core::Family::ipv6 ? 128U : 0xffffffffU;
        service.persistence = Persistence{
            .timeout = std::chrono::duration_cast<std::chrono::seconds>(
                interval_of(from.persistence_timeout_us())),
            .netmask = from.has_persistence_netmask() ? from.persistence_netmask() : whole,
            .engine = from.persistence_engine()};
    }
    return service;
}

core::Result<ConfiguredService> configured_service(const config::VirtualServer& from) {
    if (from.id() == 0) return refused(from.name(), "service without id");
    auto service = service_of(from);
    if (!service) return service.error();
    ConfiguredService result{
        .id = core::ObjectId{from.id()}, .name = from.name(), .service = std::move(*service)};
    result.rules = {.quorum = from.has_quorum() ? from.quorum() : 1,
                    .hysteresis = from.hysteresis(),
                    .alpha = from.alpha(),
                    .omega = from.omega(),
                    .sorry_server_inhibit = from.sorry_server().inhibit()};
    for (const config::RealServer& each : from.servers()) {
        auto server = server_of(each, from);
        if (!server) return server.error();
        if (!server->id) return refused(from.name(), "server without id");
        result.server_names[server->id] =
            each.name().empty() ? server->destination.endpoint.text() : each.name();
        result.rules.servers.push_back(std::move(*server));
    }
    if (from.has_sorry_server()) {
        auto server = server_of(as_server(from.sorry_server()), from);
        if (!server) return server.error();
        server->checks.clear();
        result.rules.sorry_server = std::move(*server);
    }
    return result;
}

core::Status add_service(Model& model, std::set<ServiceKey>& keys,
                         const config::VirtualServer& from) {
    auto service = configured_service(from);
    if (!service) return service.error();
    if (!keys.insert(service->service.key).second) {
        return refused(from.name(), "the service is there twice");
    }
    for (const ServerRules& server : service->rules.servers) {
        for (const CheckRules& check : server.checks) {
            model.checks[check.id] = {service->id, server.id};
        }
    }
    const core::ObjectId id = service->id;
    if (!model.services.emplace(id, std::move(*service)).second) {
        return refused(from.name(), "its id is there twice");
    }
    return core::Done{};
}

}  // namespace

core::Result<Model> build_model(std::uint64_t generation, const config::Config& config) {
    Model model{.generation = generation};
    const config::GlobalDefs& global = config.global();
    if (!global.nftables_table().empty()) model.firewall.table = global.nftables_table();
    if (global.has_nftables_priority()) model.firewall.priority = global.nftables_priority();
    model.firewall.counters = global.nftables_counters();
    model.tells_start_states = global.rs_init_notifies();
    for (const config::VrrpInstance& each : config.vrrp_instances()) {
        auto instance = instance_of(each);
        if (!instance) return instance.error();
        const core::ObjectId id = instance->id;
        if (!model.instances.emplace(id, std::move(*instance)).second) {
            return refused(each.name(), "its id is there twice");
        }
    }
    model.statics = {.id = core::object_id("static", ""), .name = "static", .announces = false};
    if (core::Status added = add_objects(config.static_addresses(), config.static_routes(),
                                         config.static_rules(), std::string(), model.statics);
        !added) {
        return added.error();
    }
    model.pacing = pacing_of(config, model);
    std::set<ServiceKey> keys;
    for (const config::VirtualServer& each : config.virtual_servers()) {
        // Groups are accepted and not carried out yet; the parser has said so.
        if (!each.group().empty() && !each.has_key()) continue;
        if (auto added = add_service(model, keys, each); !added) return added.error();
    }
    const auto note_tracked = [&](const auto& owners) {
        for (const auto& owner : owners)
            for (const config::TrackedObject& each : owner.track_services())
                model.tracked_services.insert(core::ObjectId{each.id()});
    };
    note_tracked(config.vrrp_instances());
    note_tracked(config.vrrp_sync_groups());
    return model;
}

}  // namespace holdfast::ipvsd
