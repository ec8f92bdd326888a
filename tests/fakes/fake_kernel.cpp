#include "tests/fakes/fake_kernel.hpp"

#include <linux/if_addr.h>
#include <linux/if_arp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "ipvsd/codec.hpp"

namespace holdfast::tests {
namespace {

using core::Family;
using ipvsd::Destination;
using netlink::InterfaceAddress;

constexpr std::uint32_t kOnlyIpv6 = IFA_F_NODAD | IFA_F_OPTIMISTIC | IFA_F_DADFAILED |
                                    IFA_F_HOMEADDRESS | IFA_F_TENTATIVE | IFA_F_MANAGETEMPADDR;
constexpr std::size_t kLongestScheduler = 15;
constexpr std::size_t kLongestLabel = 15;
constexpr std::uint32_t kLargestWeight = 0x7fffffff;

const core::Address& far_end(const InterfaceAddress& address) {
    return address.peer ? *address.peer : address.address;
}

/// The rule by which IPv4 addresses of an interface belong together: one is primary, the others
/// are its secondaries.
bool same_network(const InterfaceAddress& one, const InterfaceAddress& other) {
    return one.address.family() == Family::ipv4 && other.address.family() == Family::ipv4 &&
           one.prefix_length == other.prefix_length &&
           far_end(one).shares_prefix(far_end(other), one.prefix_length);
}

bool same_v4(const InterfaceAddress& one, const InterfaceAddress& other) {
    return same_network(one, other) && one.address == other.address;
}

/// Flags and lifetimes as the kernel shows them afterwards.
void settle_lifetime(InterfaceAddress& address) {
    address.flags &= ~std::uint32_t{IFA_F_PERMANENT | IFA_F_DEPRECATED};
    if (address.valid_lifetime == netlink::kForever) address.flags |= IFA_F_PERMANENT;
    if (address.preferred_lifetime == 0) address.flags |= IFA_F_DEPRECATED;
    const bool v4 = address.address.family() == Family::ipv4;
    if (v4 && address.valid_lifetime == netlink::kForever) {
        address.preferred_lifetime = netlink::kForever;
    }
}

int check_lifetime(const InterfaceAddress& address) {
    const bool fits =
        address.valid_lifetime != 0 && address.preferred_lifetime <= address.valid_lifetime;
    return fits ? 0 : EINVAL;
}

bool may_be_destination(const core::Address& address) {
    return !address.is_multicast() && !address.is_unspecified() && !address.is_link_local();
}

int check_numbers(const Destination& destination) {
    if (destination.weight > kLargestWeight) return ERANGE;
    if (destination.lower_threshold > destination.upper_threshold) return ERANGE;
    const bool tunnel = destination.forwarding == ipvsd::ForwardingMethod::tunnel;
    const bool gue = tunnel && destination.tunnel.type == ipvsd::TunnelType::gue;
    return gue && destination.tunnel.port == 0 ? EINVAL : 0;
}

/// Only tunnels lead from one family to the other.
int check_family(const ipvsd::ServiceKey& service, const Destination& destination) {
    const bool same = destination.endpoint.address.family() == service.family;
    return same || destination.forwarding == ipvsd::ForwardingMethod::tunnel ? 0 : EINVAL;
}

auto find(std::vector<ipvsd::DestinationEntry>& destinations, const core::Endpoint& endpoint) {
    return std::find_if(destinations.begin(), destinations.end(),
                        [&](const auto& entry) { return entry.destination.endpoint == endpoint; });
}

/// What the kernel forgets because it does not count.
Destination normalised(Destination destination) {
    if (destination.forwarding != ipvsd::ForwardingMethod::tunnel) destination.tunnel = {};
    return destination;
}

}  // namespace

FakeKernel::FakeKernel(ipvsd::KernelListener* listener)
    : listener_(listener),
      table_(listener),
      paths_(host()),
      timeouts_{.tcp = std::chrono::seconds(900),
                .tcp_fin = std::chrono::seconds(120),
                .udp = std::chrono::seconds(300)},
      schedulers_{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh",
                  "dh", "sed", "nq", "fo",  "ovf",  "mh",    "twos"} {}

FakePaths::Host FakeKernel::host() {
    return {.link =
                [this](std::uint32_t index) {
                    const auto found = interfaces_.find(index);
                    return found == interfaces_.end() ? nullptr : &found->second.link;
                },
            .addresses = [this] { return addresses(); },
            .tell_route =
                [this](const netlink::Route& route, bool gone) {
                    tell([this, route, gone] {
                        const netlink::RouteHead head{route.family, route.table, route.destination};
                        if (listener_ == nullptr || !following_.routes.contains(head)) return;
                        listener_->route_changed(route, gone);
                    });
                },
            .tell_rule =
                [this](const netlink::Rule& rule, bool gone) {
                    tell([this, rule, gone] {
                        if (listener_ == nullptr || !following_.rules) return;
                        listener_->rule_changed(rule, gone);
                    });
                }};
}

core::Result<std::vector<netlink::Route>> FakeKernel::dump_routes(
    std::span<const ipvsd::RouteTable> tables, const netlink::RouteFilter& wanted) {
    ++route_dumps_;
    if (dump_code_ != 0) return core::Error::from_errno(dump_code_, "dump routes");
    std::vector<netlink::Route> found;
    for (const netlink::Route& route : paths_.routes()) {
        const ipvsd::RouteTable place{route.family, route.table, route.protocol};
        if (std::ranges::find(tables, place) == tables.end() || !wanted(route)) continue;
        found.push_back(route);
    }
    return found;
}

core::Result<std::vector<netlink::Rule>> FakeKernel::dump_rules() {
    return paths_.rules();
}

ipvsd::Report FakeKernel::apply(std::span<const ipvsd::Change> changes) {
    ipvsd::Report report;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        asked_.push_back(changes[i]);
        const int code = carry_out(changes[i]);
        if (code == 0) continue;
        report.refusals.push_back(
            {i, core::Error::from_errno(code, "kernel").within(to_text(changes[i]))});
    }
    if (std::exchange(lose_answers_, false)) {
        report.refusals.clear();
        report.uncertain = true;
    }
    return report;
}

int FakeKernel::carry_out(const ipvsd::Change& change) {
    if (refuse_ && refuse_(change)) {
        refuse_ = nullptr;
        return refuse_code_;
    }
    if (ipvsd::concerns_ipvs(change) && !ipvs_) return EAFNOSUPPORT;
    return std::visit([this](const auto& what) { return carry_out(what); }, change);
}

void FakeKernel::refuse_next(std::function<bool(const ipvsd::Change&)> matches, int code) {
    refuse_ = std::move(matches);
    refuse_code_ = code;
}

// Addresses

int FakeKernel::put(const InterfaceAddress& address, bool replace) {
    const bool v4 = address.address.family() == Family::ipv4;
    if (v4 && address.label.size() > kLongestLabel) return ERANGE;
    if (v4 && address.prefix_length > 32) return EINVAL;
    const auto interface = interfaces_.find(address.interface_index);
    if (interface == interfaces_.end()) return ENODEV;
    if (const int code = check_lifetime(address); code != 0) return code;
    InterfaceAddress kept = address;
    if (!address_protocol_) kept.protocol = 0;
    if (kept.peer == kept.address) kept.peer.reset();
    return v4 ? put_v4(interface->second, std::move(kept), replace)
              : put_v6(interface->second, std::move(kept), replace);
}

int FakeKernel::put_v4(Interface& interface, InterfaceAddress address, bool replace) {
    address.flags &= ~kOnlyIpv6;
    if (address.label.empty()) address.label = interface.link.name;
    auto& addresses = interface.addresses;
    const auto there = std::find_if(addresses.begin(), addresses.end(),
                                    [&](const auto& other) { return same_v4(other, address); });
    if (there != addresses.end()) {
        if (!replace) return EEXIST;
        there->preferred_lifetime = address.preferred_lifetime;
        there->valid_lifetime = address.valid_lifetime;
        there->protocol = address.protocol;
        settle_lifetime(*there);
        tell_now(*there);
        return 0;
    }
    for (const InterfaceAddress& other : addresses) {
        if (!same_network(other, address)) continue;
        if (other.scope != address.scope) return EINVAL;
        address.flags |= IFA_F_SECONDARY;
    }
    settle_lifetime(address);
    interface.addresses.push_back(address);
    tell_now(address);
    return 0;
}

int FakeKernel::put_v6(Interface& interface, InterfaceAddress address, bool replace) {
    if (address.address.is_multicast()) return EADDRNOTAVAIL;
    address.label.clear();
    address.broadcast.reset();
    address.scope = address.address.is_link_local() ? 253 : 0;  // RT_SCOPE_LINK, _UNIVERSE
    settle_lifetime(address);
    const auto there = std::find_if(
        interface.addresses.begin(), interface.addresses.end(),
        [&](const InterfaceAddress& other) { return other.address == address.address; });
    if (there != interface.addresses.end()) {
        if (!replace) return EEXIST;
        there->preferred_lifetime = address.preferred_lifetime;
        there->valid_lifetime = address.valid_lifetime;
        there->flags = address.flags;
        there->protocol = address.protocol;
        tell_now(*there);
        return 0;
    }
    if (address.prefix_length > 128) return EINVAL;
    if ((address.flags & IFA_F_NODAD) == 0) address.flags |= IFA_F_TENTATIVE;
    interface.addresses.push_back(address);
    tell_now(address);
    return 0;
}

int FakeKernel::carry_out(const ipvsd::RemoveAddress& change) {
    const bool v4 = change.address.address.family() == Family::ipv4;
    if (!v4 && change.address.prefix_length > 128) return EINVAL;
    const auto interface = interfaces_.find(change.address.interface_index);
    if (interface == interfaces_.end()) return ENODEV;
    auto& addresses = interface->second.addresses;
    const auto there =
        std::find_if(addresses.begin(), addresses.end(), [&](const InterfaceAddress& other) {
            return v4 ? same_v4(other, change.address)
                      : other.address == change.address.address &&
                            other.prefix_length == change.address.prefix_length;
        });
    if (there == addresses.end()) return EADDRNOTAVAIL;
    drop(interface->second, static_cast<std::size_t>(there - addresses.begin()));
    return 0;
}

void FakeKernel::drop(Interface& interface, std::size_t position) {
    const InterfaceAddress gone = interface.addresses[position];
    interface.addresses.erase(interface.addresses.begin() + static_cast<std::ptrdiff_t>(position));
    if (gone.address.family() == Family::ipv4 && !gone.is_secondary()) {
        drop_secondaries(interface, gone);
    }
    tell_gone(gone);
}

void FakeKernel::drop_secondaries(Interface& interface, const InterfaceAddress& primary) {
    const auto belongs = [&](const InterfaceAddress& other) {
        return other.is_secondary() && same_network(primary, other);
    };
    auto& addresses = interface.addresses;
    if (promote_secondaries_) {
        const auto next = std::find_if(addresses.begin(), addresses.end(), belongs);
        if (next == addresses.end()) return;
        next->flags &= ~std::uint32_t{IFA_F_SECONDARY};
        tell_now(*next);
        return;
    }
    for (const InterfaceAddress& other : addresses) {
        if (belongs(other)) tell_gone(other);
    }
    std::erase_if(addresses, belongs);
}

core::Result<std::vector<InterfaceAddress>> FakeKernel::dump_addresses() {
    ++address_dumps_;
    if (dump_code_ != 0) return core::Error::from_errno(dump_code_, "dump addresses");
    return addresses();
}

std::vector<InterfaceAddress> FakeKernel::addresses() const {
    std::vector<InterfaceAddress> all;
    for (const auto& [index, interface] : interfaces_) {
        all.insert(all.end(), interface.addresses.begin(), interface.addresses.end());
    }
    return all;
}

// IPVS

int FakeKernel::check(const ipvsd::Service& service) const {
    if (service.scheduler != "none" && !schedulers_.contains(service.scheduler)) return ENOENT;
    if (service.persistence && !service.persistence->engine.empty() &&
        service.persistence->engine != "sip") {
        return ENOENT;
    }
    const std::uint32_t netmask = service.persistence ? service.persistence->netmask : 128;
    const bool v6 = service.key.family == Family::ipv6;
    return v6 && (netmask < 1 || netmask > 128) ? EINVAL : 0;
}

int FakeKernel::carry_out(const ipvsd::AddService& change) {
    if (change.service.scheduler.size() > kLongestScheduler) return EINVAL;
    if (services_.contains(change.service.key)) return EEXIST;
    if (const int code = check(change.service); code != 0) return code;
    services_[change.service.key].service = change.service;
    return 0;
}

int FakeKernel::carry_out(const ipvsd::EditService& change) {
    if (change.service.scheduler.size() > kLongestScheduler) return EINVAL;
    const auto there = services_.find(change.service.key);
    if (there == services_.end()) return ESRCH;
    if (const int code = check(change.service); code != 0) return code;
    there->second.service = change.service;
    return 0;
}

int FakeKernel::carry_out(const ipvsd::RemoveService& change) {
    return services_.erase(change.key) == 0 ? ESRCH : 0;
}

int FakeKernel::carry_out(const ipvsd::AddDestination& change) {
    const auto service = services_.find(change.service);
    if (service == services_.end()) return ESRCH;
    if (const int code = check_family(change.service, change.destination); code != 0) return code;
    if (const int code = check_numbers(change.destination); code != 0) return code;
    auto& destinations = service->second.destinations;
    if (find(destinations, change.destination.endpoint) != destinations.end()) return EEXIST;
    if (!may_be_destination(change.destination.endpoint.address)) return EINVAL;
    destinations.push_back({.destination = normalised(change.destination)});
    return 0;
}

int FakeKernel::carry_out(const ipvsd::EditDestination& change) {
    const auto service = services_.find(change.service);
    if (service == services_.end()) return ESRCH;
    if (const int code = check_family(change.service, change.destination); code != 0) return code;
    if (const int code = check_numbers(change.destination); code != 0) return code;
    auto& destinations = service->second.destinations;
    const auto there = find(destinations, change.destination.endpoint);
    if (there == destinations.end()) return ENOENT;
    there->destination = normalised(change.destination);
    return 0;
}

int FakeKernel::carry_out(const ipvsd::RemoveDestination& change) {
    const auto service = services_.find(change.service);
    if (service == services_.end()) return ESRCH;
    auto& destinations = service->second.destinations;
    const auto there = find(destinations, change.endpoint);
    if (there == destinations.end()) return ENOENT;
    destinations.erase(there);
    return 0;
}

int FakeKernel::carry_out(const ipvsd::SetTimeouts& change) {
    const auto set = [](std::chrono::seconds& kept, std::chrono::seconds wished) {
        if (wished.count() != 0) kept = wished;
    };
    set(timeouts_.tcp, change.timeouts.tcp);
    set(timeouts_.tcp_fin, change.timeouts.tcp_fin);
    set(timeouts_.udp, change.timeouts.udp);
    return 0;
}

core::Result<ipvsd::IpvsTable> FakeKernel::dump_services() {
    ipvsd::IpvsTable table{.present = ipvs_, .services = {}};
    for (const auto& [key, entry] : services_) table.services.push_back(entry);
    return table;
}

core::Result<ipvsd::Timeouts> FakeKernel::timeouts() {
    if (!ipvs_) return core::Error::from_errno(EAFNOSUPPORT, "no IPVS in this kernel");
    return timeouts_;
}

ipvsd::ServiceEntry* FakeKernel::service(const ipvsd::ServiceKey& key) {
    const auto found = services_.find(key);
    return found == services_.end() ? nullptr : &found->second;
}

void FakeKernel::set_ipvs(bool present) {
    if (ipvs_ == present) return;
    ipvs_ = present;
    if (!present) services_.clear();
    tell([this, present] {
        if (listener_ != nullptr) listener_->ipvs_changed(present);
    });
}

// Interfaces and frames

std::uint32_t FakeKernel::add_interface(std::string name) {
    const std::uint32_t index = next_index_++;
    netlink::Link link{.index = index,
                       .name = std::move(name),
                       .flags = IFF_UP | IFF_RUNNING | IFF_BROADCAST | IFF_MULTICAST,
                       .mtu = 1500,
                       .hardware_type = ARPHRD_ETHER};
    const std::byte octets[] = {std::byte{2}, std::byte{0}, std::byte{0},
                                std::byte{0}, std::byte{0}, static_cast<std::byte>(index)};
    link.hardware_address = *netlink::HardwareAddress::from_bytes(octets);
    interfaces_[index].link = link;
    tell_now(link);
    return index;
}

void FakeKernel::set_interface(std::uint32_t index,
                               const std::function<void(netlink::Link&)>& edit) {
    Interface& interface = interfaces_.at(index);
    const bool was_up = interface.link.is_up();
    edit(interface.link);
    interface.link.index = index;
    tell_now(interface.link);
    if (!was_up || interface.link.is_up()) return;
    paths_.interface_lost(index);
    const auto is_v6 = [](const InterfaceAddress& address) {
        return address.address.family() == Family::ipv6;
    };
    for (const InterfaceAddress& address : interface.addresses) {
        if (is_v6(address)) tell_gone(address);
    }
    std::erase_if(interface.addresses, is_v6);
}

void FakeKernel::remove_interface(std::uint32_t index) {
    // Macvlans go with the interface below them.
    std::vector<std::uint32_t> above;
    for (const auto& [other, interface] : interfaces_) {
        if (interface.link.kind == "macvlan" && interface.link.parent_index == index) {
            above.push_back(other);
        }
    }
    for (const std::uint32_t each : above) remove_interface(each);
    for (const InterfaceAddress& address : interfaces_.at(index).addresses) tell_gone(address);
    interfaces_.erase(index);
    paths_.interface_lost(index);
    tell([this, index] { table_.remove_link(index); });
}

void FakeKernel::finish_duplicate_address_detection() {
    for (auto& [index, interface] : interfaces_) {
        for (InterfaceAddress& address : interface.addresses) {
            if (!address.is_tentative()) continue;
            address.flags &= ~std::uint32_t{IFA_F_TENTATIVE};
            tell_now(address);
        }
    }
}

void FakeKernel::find_duplicates() {
    for (auto& [index, interface] : interfaces_) {
        for (InterfaceAddress& address : interface.addresses) {
            if (!address.is_tentative()) continue;
            address.flags |= IFA_F_DADFAILED;
            tell_now(address);
        }
    }
}

ipvsd::Report FakeKernel::send(std::span<const ipvsd::Frame> frames) {
    ipvsd::Report report;
    ++sends_;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const auto interface = interfaces_.find(frames[i].interface_index);
        const int code = interface == interfaces_.end()              ? ENXIO
                         : !interface->second.link.is_up()           ? ENETDOWN
                         : full_.contains(frames[i].interface_index) ? ENOBUFS
                                                                     : 0;
        if (code == 0) {
            frames_.push_back(frames[i]);
        } else {
            report.refusals.push_back({i, core::Error::from_errno(code, "send frame")});
            if (code == ENOBUFS) break;
        }
    }
    return report;
}

void FakeKernel::tell_now(const netlink::Link& link) {
    tell([this, link] { table_.put(link); });
}
void FakeKernel::tell_now(const InterfaceAddress& address) {
    tell([this, address] { table_.put(address); });
}
void FakeKernel::tell_gone(const InterfaceAddress& address) {
    tell([this, address] { table_.remove(netlink::key_of(address)); });
    const auto all = addresses();
    const bool elsewhere = std::ranges::any_of(all, [&](const InterfaceAddress& other) {
        return other.address == address.address &&
               netlink::key_of(other) != netlink::key_of(address);
    });
    if (!elsewhere) paths_.address_lost(address.address);
}

void FakeKernel::deliver() {
    while (!events_.empty()) {
        const auto event = std::move(events_.front());
        events_.pop_front();
        event();
    }
}

}  // namespace holdfast::tests
