#include "ipvsd/status.hpp"

#include "proto/status.pb.h"

namespace holdfast::ipvsd {

namespace messages = holdfast::messages::v1;

std::string address_status_of(const Network& network, const Interfaces& interfaces,
                              std::span<const Instance* const> instances) {
    messages::AddressStatus status;
    for (const Interfaces::Changed& each : interfaces.changed_settings()) {
        messages::AddressStatus::Setting& one = *status.add_changed_settings();
        one.set_name("net.ipv4.conf." + each.name.interface + "." +
                     std::string(netlink::to_text(each.name.setting)));
        one.set_was(each.old_value);
    }
    for (const auto& [name, why] : interfaces.conflicts()) {
        messages::AddressStatus::Failure& one = *status.add_failed_interfaces();
        one.set_interface(name);
        one.set_why(why);
    }
    for (const Instance* instance : instances) {
        const Addresses::Count count = network.count(instance->id);
        messages::AddressStatus::Instance& one = *status.add_instances();
        one.set_id(instance->id.value);
        one.set_name(instance->name);
        one.set_wanted(count.wanted);
        one.set_installed(count.installed);
        for (const std::string& each : count.missing) one.add_address_failures(each);
        const Paths::Count paths = network.count_paths(instance->id);
        one.set_paths_wanted(paths.wanted);
        one.set_paths_installed(paths.installed);
        for (const std::string& each : paths.missing) one.add_path_failures(each);
    }
    return status.SerializeAsString();
}

std::string service_status_of(const std::vector<Services::ServiceView>& services) {
    messages::ServiceStatus status;
    for (const Services::ServiceView& each : services) {
        const Service& service = each.service->service;
        messages::ServiceStatus::Service& one = *status.add_services();
        one.set_id(each.service->id.value);
        if (service.key.firewall_mark == 0) {
            one.set_address(service.key.endpoint.address.text());
            one.set_port(service.key.endpoint.port);
            one.set_protocol(std::string(to_text(service.key.protocol)));
        } else {
            one.set_fwmark(service.key.firewall_mark);
        }
        one.set_scheduler(service.scheduler);
        one.set_quorum(each.service->rules.quorum);
        one.set_quorum_met(each.quorum_met);
        one.set_programmed(each.programmed);
        if (!each.not_programmed_reason.empty()) {
            one.set_not_programmed_reason(each.not_programmed_reason);
        }
        for (const Services::ServerView& server : each.servers) {
            messages::ServiceStatus::Server& to = *one.add_servers();
            to.set_id(server.rules->id.value);
            to.set_address(server.rules->destination.endpoint.address.text());
            to.set_port(server.rules->destination.endpoint.port);
            to.set_weight(server.weight);
            to.set_alive(server.alive);
            if (!server.last_error.empty()) to.set_last_error(server.last_error);
            to.set_forwarding(std::string(to_text(server.rules->destination.forwarding)));
            to.set_sorry(server.sorry);
            to.set_programmed(server.programmed);
        }
    }
    return status.SerializeAsString();
}

}  // namespace holdfast::ipvsd
