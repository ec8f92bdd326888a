#pragma once

#include <cstdint>
#include <optional>

#include "ipvsd/kernel.hpp"
#include "ipvsd/service.hpp"
#include "lib/netlink/codec.hpp"
#include "lib/netlink/message.hpp"

/// Pure: the values of IPVS to and from the attributes of its generic netlink family
/// (<linux/ip_vs.h>).
namespace holdfast::ipvsd {

/// The request for one change. `ipvs_family` is the number that the family has in this kernel; it
/// does not count for changes of addresses.
[[nodiscard]] netlink::Message encode(const Change& change, std::uint16_t ipvs_family);

/// Whether the change goes to the IPVS family; the others go to rtnetlink.
[[nodiscard]] bool concerns_ipvs(const Change& change);

[[nodiscard]] netlink::Message encode_services_dump(std::uint16_t ipvs_family);
[[nodiscard]] netlink::Message encode_destinations_dump(std::uint16_t ipvs_family,
                                                        const ServiceKey& service);
[[nodiscard]] netlink::Message encode_timeouts_request(std::uint16_t ipvs_family);

/// A service without its destinations; nothing for malformed replies and unknown address families.
/// What does not count for the service is normalised, so that a service equals itself after a way
/// through the kernel: netmask and timeout without persistence, IP_VS_SVC_F_HASHED.
[[nodiscard]] std::optional<ServiceEntry> decode_service(const netlink::Reply& reply);
/// `service_family` counts where the kernel is too old to tell the destination's own.
[[nodiscard]] std::optional<DestinationEntry> decode_destination(const netlink::Reply& reply,
                                                                 core::Family service_family);
[[nodiscard]] std::optional<Timeouts> decode_timeouts(const netlink::Reply& reply);

}  // namespace holdfast::ipvsd
