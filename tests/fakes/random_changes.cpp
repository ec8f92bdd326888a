#include "tests/fakes/random_changes.hpp"

#include <fmt/format.h>
#include <linux/if_addr.h>

#include <algorithm>
#include <array>

namespace holdfast::tests {
namespace {

using core::Address;
using core::Family;
using ipvsd::Change;

Address address_of(std::string_view text) {
    return *Address::from_text(text);
}

}  // namespace

std::uint32_t RandomChanges::below(std::uint32_t limit) {
    // Not a std distribution: those may give other numbers with another library.
    return static_cast<std::uint32_t>(random_() % limit);
}

netlink::InterfaceAddress RandomChanges::some_address(
    const std::vector<std::uint32_t>& interfaces) {
    constexpr std::array kV4 = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.130",
                                "198.51.100.1"};
    constexpr std::array kV6 = {"2001:db8::1", "2001:db8::2", "2001:db8:1::1"};
    constexpr std::array<std::uint8_t, 3> kV4Lengths = {24, 25, 32};
    constexpr std::array<std::uint8_t, 2> kV6Lengths = {64, 128};
    const bool v4 = !one_in(3);
    netlink::InterfaceAddress address;
    address.interface_index = interfaces[below(static_cast<std::uint32_t>(interfaces.size()))];
    address.address = address_of(v4 ? kV4[below(kV4.size())] : kV6[below(kV6.size())]);
    address.prefix_length = v4 ? kV4Lengths[below(3)] : kV6Lengths[below(2)];
    address.flags = v4 ? 0U : IFA_F_NODAD;
    address.protocol = one_in(4) ? std::uint8_t{0} : ipvsd::kOurProtocol;
    if (one_in(5)) address.preferred_lifetime = 0;
    if (v4 && one_in(6)) address.broadcast = address_of("192.0.2.255");
    if (v4 && one_in(6)) address.label = "vip:1";
    if (v4 && one_in(8)) address.scope = 253;
    if (v4 && one_in(8)) address.peer = address_of("198.51.100.77");
    if (one_in(40)) address.prefix_length = 129;
    if (one_in(40)) address.label = "longer-than-a-name-may-be";
    return address;
}

Change RandomChanges::address(const std::vector<std::uint32_t>& interfaces) {
    netlink::InterfaceAddress address = some_address(interfaces);
    switch (below(5)) {
        case 0:
            return ipvsd::ReplaceAddress{address};
        case 1:
        case 2:
            address.label.clear();
            return ipvsd::RemoveAddress{address};
        default:
            return ipvsd::AddAddress{address};
    }
}

ipvsd::ServiceKey RandomChanges::some_key() {
    using ipvsd::Protocol;
    using ipvsd::ServiceKey;
    switch (below(6)) {
        case 0:
            return ServiceKey::marked(Family::ipv4, 1 + below(2));
        case 1:
            return ServiceKey::marked(Family::ipv6, 1 + below(2));
        case 2:
            return ServiceKey::at(Protocol::tcp, {address_of("2001:db8::80"), 80});
        case 3:
            return ServiceKey::at(Protocol::udp, {address_of("192.0.2.80"), 53});
        default:
            return ServiceKey::at(Protocol::tcp, {address_of("192.0.2.80"), 80});
    }
}

ipvsd::Service RandomChanges::some_service() {
    constexpr std::array kSchedulers = {"rr", "wrr", "lc", "wlc", "sh", "dh", "sed", "nq", "mh"};
    ipvsd::Service service{.key = some_key(), .scheduler = kSchedulers[below(kSchedulers.size())]};
    if (one_in(30)) service.scheduler = "no-such-sched";
    if (one_in(30)) service.scheduler = "longer-than-a-name-may-be";
    service.one_packet = one_in(5);
    if (one_in(4)) service.scheduler_flags = ipvsd::kSchedulerFlag1;
    if (one_in(4)) {
        ipvsd::Persistence persistence{.timeout = std::chrono::seconds(1 + below(300))};
        const bool v4 = service.key.family == Family::ipv4;
        persistence.netmask = v4 ? 0xffffff00U : 64U;
        if (!v4 && one_in(5)) persistence.netmask = 129;
        service.persistence = persistence;
    }
    return service;
}

ipvsd::Destination RandomChanges::some_destination() {
    constexpr std::array kServers = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8:5::1",
                                     "2001:db8:5::2"};
    ipvsd::Destination destination{
        .endpoint = {address_of(kServers[below(kServers.size())]), 8080}};
    constexpr std::array kMethods = {ipvsd::ForwardingMethod::nat, ipvsd::ForwardingMethod::tunnel,
                                     ipvsd::ForwardingMethod::direct_routing};
    destination.forwarding = kMethods[below(3)];
    destination.weight = below(200);
    if (one_in(30)) destination.weight = 0x80000000U;
    if (one_in(5)) destination.upper_threshold = below(100);
    if (one_in(5)) destination.lower_threshold = below(100);
    if (one_in(5)) {
        destination.tunnel.type = one_in(2) ? ipvsd::TunnelType::gue : ipvsd::TunnelType::gre;
        if (!one_in(3)) destination.tunnel.port = 6080;
    }
    if (one_in(30)) destination.endpoint.address = address_of("224.0.0.1");
    return destination;
}

Change RandomChanges::ipvs() {
    switch (below(10)) {
        case 0:
        case 1:
            return ipvsd::AddService{some_service()};
        case 2:
            return ipvsd::EditService{some_service()};
        case 3:
            // Rarely, so that services get destinations.
            if (one_in(2)) return ipvsd::RemoveService{some_key()};
            return ipvsd::EditService{some_service()};
        case 4:
            return ipvsd::RemoveDestination{some_key(), some_destination().endpoint};
        case 5:
        case 6:
            return ipvsd::EditDestination{some_key(), some_destination()};
        default:
            return ipvsd::AddDestination{some_key(), some_destination()};
    }
}

std::map<std::size_t, int> codes(const ipvsd::Report& report) {
    std::map<std::size_t, int> all;
    for (const auto& refusal : report.refusals) all[refusal.change] = refusal.error.code();
    return all;
}

std::map<netlink::AddressKey, netlink::InterfaceAddress> comparable(
    const std::vector<netlink::InterfaceAddress>& dump,
    const std::vector<std::uint32_t>& interfaces) {
    std::map<netlink::AddressKey, netlink::InterfaceAddress> all;
    for (netlink::InterfaceAddress address : dump) {
        const bool here = std::find(interfaces.begin(), interfaces.end(),
                                    address.interface_index) != interfaces.end();
        if (!here || address.address.is_link_local()) continue;
        address.flags &= ~std::uint32_t{IFA_F_TENTATIVE};
        all[netlink::key_of(address)] = address;
    }
    return all;
}

std::map<ipvsd::ServiceKey, ComparableService> comparable(const ipvsd::IpvsTable& table) {
    std::map<ipvsd::ServiceKey, ComparableService> all;
    for (const auto& entry : table.services) {
        ComparableService& service = all[entry.service.key];
        service.service = entry.service;
        for (const auto& destination : entry.destinations) {
            service.destinations[destination.destination.endpoint] = destination.destination;
        }
    }
    return all;
}

std::string to_text(const std::map<netlink::AddressKey, netlink::InterfaceAddress>& addresses) {
    std::string text;
    for (const auto& [key, address] : addresses) {
        text += fmt::format(
            "{} {}/{} peer {} brd {} label '{}' scope {} flags {:#x} proto {} {}/{}\n",
            address.interface_index, address.address.text(), address.prefix_length,
            address.peer ? address.peer->text() : "-",
            address.broadcast ? address.broadcast->text() : "-", address.label, address.scope,
            address.flags, address.protocol, address.preferred_lifetime, address.valid_lifetime);
    }
    return text;
}

std::string to_text(const std::map<ipvsd::ServiceKey, ComparableService>& services) {
    std::string text;
    for (const auto& [key, entry] : services) {
        const auto& service = entry.service;
        text += fmt::format("{} {} flags {:#x} ops {}", ipvsd::to_text(key), service.scheduler,
                            service.scheduler_flags, service.one_packet);
        if (service.persistence) {
            text += fmt::format(" persistent {} mask {:#x}", service.persistence->timeout.count(),
                                service.persistence->netmask);
        }
        text += '\n';
        for (const auto& [endpoint, destination] : entry.destinations) {
            text +=
                fmt::format("  {} {} weight {} thresholds {} {} tunnel {} {} {}\n", endpoint.text(),
                            ipvsd::to_text(destination.forwarding), destination.weight,
                            destination.upper_threshold, destination.lower_threshold,
                            static_cast<int>(destination.tunnel.type), destination.tunnel.port,
                            destination.tunnel.flags);
        }
    }
    return text;
}

}  // namespace holdfast::tests
