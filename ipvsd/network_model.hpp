#pragma once

#include <string>

#include "ipvsd/plan.hpp"
#include "ipvsd/routes.hpp"
#include "ipvsd/rules.hpp"
#include "lib/core/result.hpp"

namespace holdfast::config::v1 {
class VirtualAddress;
class Route;
class Rule;
}  // namespace holdfast::config::v1

/// Pure: addresses, routes and rules of the configuration to the kernel's values. Refuses what
/// cannot be asked of any kernel, with `owner` in the error.
namespace holdfast::ipvsd {

/// One address of one instance, or a static one; `value` has no interface index.
struct ConfiguredAddress {
    core::ObjectId id;
    AddressName name;
    netlink::InterfaceAddress value;
    bool restored = true;  // put back when somebody else removes it
    std::string device{};  // as configured; what stands in for it is in `name`
    friend bool operator==(const ConfiguredAddress&, const ConfiguredAddress&) = default;
};

/// `interface` is used where the address names none.
[[nodiscard]] core::Result<ConfiguredAddress> configured_address(
    const config::v1::VirtualAddress& from, const std::string& owner, const std::string& interface);
[[nodiscard]] core::Result<ConfiguredRoute> configured_route(const config::v1::Route& from,
                                                             const std::string& owner);
[[nodiscard]] core::Result<ConfiguredRule> configured_rule(const config::v1::Rule& from,
                                                           const std::string& owner);

}  // namespace holdfast::ipvsd
