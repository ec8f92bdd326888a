#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/core/address.hpp"
#include "proto/config/services.pb.h"

namespace holdfast::config {

/// The address and port behind virtual_server, real_server or sorry_server.
struct WrittenEndpoint {
    core::Address address;
    std::optional<std::uint32_t> port;
};
/// Nothing, with a complaint that ends in `consequence`, when they are none.
[[nodiscard]] std::optional<WrittenEndpoint> read_endpoint(Binder& binder, const Node& node,
                                                           std::string_view consequence);

struct Forwarding {
    v1::ForwardingMethod method = v1::NAT;
    v1::Tunnel tunnel;
};
/// {NAT|DR|TUN} and the options of tunnels. What is wrong with the options is said; the method
/// counts nevertheless. Nothing when there is no such method.
[[nodiscard]] std::optional<Forwarding> read_forwarding(Binder& binder, const Node& node);
void write_forwarding(LegacyText& out, std::string_view keyword, v1::ForwardingMethod method,
                      const v1::Tunnel& tunnel);
/// What does not go together in a tunnel's options; empty when all is well.
[[nodiscard]] std::string_view problem_of(const v1::Tunnel& tunnel);

/// Puts method and options into a service, a real or a sorry server; the options of an earlier
/// statement are gone.
template <class Message>
void set_forwarding(Message& message, const Forwarding& forwarding) {
    message.set_forwarding(forwarding.method);
    message.clear_tunnel();
    if (forwarding.tunnel.ByteSizeLong() > 0) *message.mutable_tunnel() = forwarding.tunnel;
}

}  // namespace holdfast::config
