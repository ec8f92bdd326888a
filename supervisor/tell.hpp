#pragma once

#include <span>

#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"
#include "proto/checker.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/vrrp.pb.h"

namespace holdfast::supervisor {

/// Sends one of the messages that every daemon understands, in the type of that daemon: `fill` sets
/// the body, e.g. `tell(channel, [](auto& to) { to.mutable_activate(); })`.
template <class Fill>
core::Status tell(ipc::Channel& channel, Fill fill, std::span<const int> descriptors = {}) {
    const auto send = [&](auto message) {
        fill(message);
        return channel.send(message, descriptors);
    };
    switch (channel.peer()) {
        case ipc::Peer::vrrpd:
            return send(messages::v1::ToVrrpd());
        case ipc::Peer::checkerd:
            return send(messages::v1::ToCheckerd());
        case ipc::Peer::ipvsd:
            return send(messages::v1::ToIpvsd());
        default:
            return core::Error::from_errno(EINVAL, "no daemon at this channel");
    }
}

}  // namespace holdfast::supervisor
