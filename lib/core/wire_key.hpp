#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/core/address.hpp"

namespace holdfast::core {

/// Virtual routers that share raw sockets: same device, family, kind of destination, and IP
/// protocol. The supervisor opens a set for each such key, vrrpd finds it by the same key.
struct WireKey {
    std::string interface;  // or the VRF's device, or empty: any
    Family family = Family::ipv4;
    bool unicast = false;
    bool authentication_header = false;  // IP protocol 51 instead of 112 (RFC 4302)
    friend auto operator<=>(const WireKey&, const WireKey&) = default;
};

/// How a virtual router sends; those that send alike share a socket of their set.
struct SendKey {
    std::optional<Address> source;    // configured, and bound to; it need not be ours
    std::uint8_t time_to_live = 255;  // or hop limit, of unicast advertisements
    std::string interface;            // the device, when it is not the WireKey's (VMAC, ipvlan)
    /// Over IPv6 the kernel's checksum would cover a keyed trailer as well.
    bool own_checksum = false;
    friend auto operator<=>(const SendKey&, const SendKey&) = default;
};

}  // namespace holdfast::core
