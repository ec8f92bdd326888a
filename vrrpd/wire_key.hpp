#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/core/address.hpp"

namespace holdfast::vrrp {

/// Routers that share raw sockets.
struct WireKey {
    std::string interface;  // or the VRF's device, or empty: any
    core::Family family = core::Family::ipv4;
    bool unicast = false;
    bool authentication_header = false;
    friend auto operator<=>(const WireKey&, const WireKey&) = default;
};

/// How a router sends. The supervisor made a socket for each such key.
struct SendKey {
    std::optional<core::Address> source;  // configured, and bound to; it need not be ours
    std::uint8_t time_to_live = 255;      // or hop limit, of unicast advertisements
    std::string interface;                // the device, when it is not the WireKey's
    /// Over IPv6 the kernel's checksum would cover a keyed trailer as well.
    bool own_checksum = false;
    friend auto operator<=>(const SendKey&, const SendKey&) = default;
};

}  // namespace holdfast::vrrp
