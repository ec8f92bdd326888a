#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/netlink/codec.hpp"
#include "lib/netlink/message.hpp"
#include "lib/netlink/values.hpp"

/// Pure: requests that make, change and remove interfaces, and what a dump of links says beyond
/// netlink::Link.
namespace holdfast::netlink {

/// Makes the interface and gives it everything before it is up: RTM_NEWLINK, then by its name (its
/// index is not known yet) alias, settings, no IPv6 addresses of the kernel's own making, then up.
/// Where the first is refused (EEXIST, ENODEV), what follows must not be sent.
[[nodiscard]] Message encode_make(const NewLink& link);
[[nodiscard]] std::vector<Message> encode_after_make(const NewLink& link);

/// What is changed of an interface that is there; absent values stay.
struct LinkEdit {
    std::uint32_t index = 0;
    std::string kind;                   // with `mode`
    std::optional<std::uint32_t> mode;  // MACVLAN_MODE_*
    std::optional<std::uint32_t> mtu;
    std::optional<std::uint32_t> master;  // 0: leaves the VRF that it is in
    std::optional<bool> up;
    std::optional<std::string> alias;
    bool no_ipv6_addresses = false;  // IFLA_INET6_ADDR_GEN_MODE none
    Ipv4Settings ipv4;
    friend bool operator==(const LinkEdit&, const LinkEdit&) = default;
};
[[nodiscard]] Message encode(const LinkEdit& edit);

[[nodiscard]] Message encode_link_removal(std::uint32_t index);

/// All interfaces with their settings, and what each answer says.
[[nodiscard]] Message encode_link_details_dump();
[[nodiscard]] std::optional<LinkDetails> decode_link_details(const Reply& reply);

}  // namespace holdfast::netlink
