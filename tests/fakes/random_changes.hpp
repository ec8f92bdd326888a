#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ipvsd/kernel.hpp"

namespace holdfast::tests {

/// Random requests from small sets of keys, so that they often meet: what is there is added again,
/// what is not there is removed. The same seed gives the same requests.
class RandomChanges {
  public:
    explicit RandomChanges(std::uint32_t seed) : random_(seed) {}

    /// Of addresses on the interfaces given, one of which may have vanished.
    [[nodiscard]] ipvsd::Change address(const std::vector<std::uint32_t>& interfaces);
    /// Of services and destinations.
    [[nodiscard]] ipvsd::Change ipvs();

  private:
    [[nodiscard]] std::uint32_t below(std::uint32_t limit);
    [[nodiscard]] bool one_in(std::uint32_t many) { return below(many) == 0; }
    [[nodiscard]] netlink::InterfaceAddress some_address(
        const std::vector<std::uint32_t>& interfaces);
    [[nodiscard]] ipvsd::ServiceKey some_key();
    [[nodiscard]] ipvsd::Service some_service();
    [[nodiscard]] ipvsd::Destination some_destination();

    std::mt19937 random_;
};

/// The errno of each refused change, by its position.
[[nodiscard]] std::map<std::size_t, int> codes(const ipvsd::Report& report);

/// What can be compared between a real kernel and one in memory: addresses of the interfaces
/// given, by key, without what depends on time or on the kernel's own doing (tentative, link-local
/// addresses).
[[nodiscard]] std::map<netlink::AddressKey, netlink::InterfaceAddress> comparable(
    const std::vector<netlink::InterfaceAddress>& dump,
    const std::vector<std::uint32_t>& interfaces);

/// Services and their destinations by key, without counters.
struct ComparableService {
    ipvsd::Service service;
    std::map<core::Endpoint, ipvsd::Destination> destinations;
    friend bool operator==(const ComparableService&, const ComparableService&) = default;
};
[[nodiscard]] std::map<ipvsd::ServiceKey, ComparableService> comparable(
    const ipvsd::IpvsTable& table);

/// One line for each entry, for messages of failed tests.
[[nodiscard]] std::string to_text(
    const std::map<netlink::AddressKey, netlink::InterfaceAddress>& addresses);
[[nodiscard]] std::string to_text(const std::map<ipvsd::ServiceKey, ComparableService>& services);

}  // namespace holdfast::tests
