#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ipvsd/kernel.hpp"
#include "ipvsd/service.hpp"
#include "lib/netlink/values.hpp"

/// (wished, kernel, ledger) -> ordered list of changes. Pure and level-triggered: the same list for
/// the same values, empty when the kernel is as wished. Never touches what is not ours: ours is
/// what the wish names, and what the ledger names.
namespace holdfast::ipvsd {

/// Whether an object should be in the kernel; unknown: leave it as found.
enum class Wish : std::uint8_t { unknown, absent, present };

// ---- Services -------------------------------------------------------------------------------

/// One configured service. All destinations in a service of ours are ours.
struct ServiceWish {
    Service service;
    Wish wish = Wish::present;
    std::vector<Destination> destinations;  // endpoints differ; order is the order of adding
};

/// The kernel's services without counters, by their keys.
struct ServiceInKernel {
    Service service;
    std::map<core::Endpoint, Destination> destinations;
    friend bool operator==(const ServiceInKernel&, const ServiceInKernel&) = default;
};
using ServicesInKernel = std::map<ServiceKey, ServiceInKernel>;

[[nodiscard]] ServicesInKernel services_in(const IpvsTable& table);

/// Makes the kernel's services as wished. Within a service: it itself, then destinations that come
/// or change upwards, then those that go to weight 0, then those that go: at no moment is there no
/// destination for traffic if there was one before and is to be one after. Edits keep
/// connections. Services of the ledger that nobody wishes go last.
[[nodiscard]] std::vector<Change> plan_services(std::span<const ServiceWish> wished,
                                                const ServicesInKernel& kernel,
                                                const std::set<ServiceKey>& ledger);

/// What `change` makes of `kernel` when the kernel does not refuse it.
void take_over(ServicesInKernel& kernel, const Change& change);

// ---- Addresses ------------------------------------------------------------------------------

/// An address by the name of its interface, which lives longer than its index.
struct AddressName {
    std::string interface;
    core::Address address;
    std::uint8_t prefix_length = 0;  // 0 for IPv6: an IPv6 address is on an interface once
    core::Address network;           // as netlink::AddressKey
    friend auto operator<=>(const AddressName&, const AddressName&) = default;
};
[[nodiscard]] std::string to_text(const AddressName& name);
[[nodiscard]] AddressName name_of(const std::string& interface,
                                  const netlink::InterfaceAddress& address);

/// `value.interface_index` is that of the interface now, 0 if there is none.
struct AddressWish {
    AddressName name;
    netlink::InterfaceAddress value;
    Wish wish = Wish::present;
};

using AddressesInKernel = std::map<AddressName, netlink::InterfaceAddress>;

/// Makes addresses as wished: removals of what must not be here first and in reverse order
/// (removing a primary IPv4 address takes its secondaries along), then additions in the order of
/// the wish. Addresses without interface are left out.
[[nodiscard]] std::vector<Change> plan_addresses(std::span<const AddressWish> wished,
                                                 const AddressesInKernel& kernel,
                                                 const std::set<AddressName>& ledger);

/// True when the kernel's address is the wished one in all that can be wished.
[[nodiscard]] bool fits(const netlink::InterfaceAddress& wished,
                        const netlink::InterfaceAddress& found, std::string_view interface);

}  // namespace holdfast::ipvsd
