#pragma once

#include <algorithm>
#include <cerrno>
#include <span>

#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"

namespace holdfast::ipc {

/// One row of a daemon's table of what may be asked of it: kind of message, who may ask, which
/// member serves. Whoever asks for anything else loses the channel and is restarted.
template <class Message, class Server>
struct Route {
    typename Message::BodyCase body;
    Peer allowed_sender;
    core::Status (Server::*serve)(const Message&);
};

template <class Message, class Server>
core::Status dispatch(std::span<const Route<Message, Server>> routes, Server& server, Peer sender,
                      const Message& request) {
    const auto fits = [&](const Route<Message, Server>& route) {
        return route.body == request.body_case() && route.allowed_sender == sender;
    };
    const auto route = std::ranges::find_if(routes, fits);
    if (route == routes.end()) {
        return core::Error::from_errno(EPERM, "request not open to this peer");
    }
    return (server.*route->serve)(request);
}

}  // namespace holdfast::ipc
