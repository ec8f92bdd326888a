#pragma once

#include <span>
#include <string>
#include <vector>

#include "ipvsd/interfaces.hpp"
#include "ipvsd/network.hpp"
#include "ipvsd/services.hpp"

namespace holdfast::ipvsd {

/// Serialised AddressStatus of `instances`.
[[nodiscard]] std::string address_status_of(const Network& network, const Interfaces& interfaces,
                                            std::span<const Instance* const> instances);
/// Serialised ServiceStatus.
[[nodiscard]] std::string service_status_of(const std::vector<Services::ServiceView>& services);

}  // namespace holdfast::ipvsd
