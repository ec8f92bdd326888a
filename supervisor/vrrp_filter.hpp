#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <set>
#include <vector>

#include "lib/core/address.hpp"

namespace holdfast::supervisor {

/// Which packets a raw VRRP socket takes from the kernel. Two sockets share each (interface,
/// family, destination type): the hot one takes well-formed advertisements of known VRIDs, the cold
/// one all the rest, so that garbage cannot disturb the hot path and is still named.
struct VrrpFilter {
    enum class Side : std::uint8_t { hot, cold };

    core::Family family = core::Family::ipv4;
    Side side = Side::hot;
    /// Unicast advertisements may have any TTL; multicast ones must have 255 (RFC 9568 7.1).
    bool unicast = false;
    /// Behind the IP header lies an authentication header (RFC 4302), then the message. IPv4 only.
    bool authentication_header = false;
    /// The cold socket takes packets of the other destination type too: nobody else is there to
    /// count them.
    bool any_destination = false;
    std::set<std::uint8_t> vrids;
};

/// The classic BPF program for SO_ATTACH_FILTER. A raw IPv4 socket shows its filter the packet from
/// the IP header on, a raw IPv6 socket from the VRRP header on (the IPv6 header at SKF_NET_OFF).
[[nodiscard]] std::vector<sock_filter> build_filter(const VrrpFilter& wanted);

/// Takes nothing: for sockets that only send.
[[nodiscard]] std::vector<sock_filter> build_drop_all();

}  // namespace holdfast::supervisor
