#include "ipvsd/service.hpp"

#include <fmt/format.h>

namespace holdfast::ipvsd {

ServiceKey ServiceKey::at(Protocol protocol, const core::Endpoint& endpoint) {
    return {.family = endpoint.address.family(),
            .protocol = protocol,
            .endpoint = endpoint,
            .firewall_mark = 0};
}

ServiceKey ServiceKey::marked(core::Family family, std::uint32_t mark) {
    return {.family = family, .protocol = Protocol::none, .endpoint = {}, .firewall_mark = mark};
}

std::string to_text(const ServiceKey& key) {
    if (key.firewall_mark != 0) {
        const bool v4 = key.family == core::Family::ipv4;
        return fmt::format("mark {}/{}", key.firewall_mark, v4 ? "ipv4" : "ipv6");
    }
    return fmt::format("{}/{}", key.endpoint.text(), to_text(key.protocol));
}

std::string_view to_text(Protocol protocol) {
    switch (protocol) {
        case Protocol::none:
            return "none";
        case Protocol::tcp:
            return "tcp";
        case Protocol::udp:
            return "udp";
        case Protocol::sctp:
            return "sctp";
    }
    return "other";
}

std::string_view to_text(ForwardingMethod method) {
    switch (method) {
        case ForwardingMethod::nat:
            return "NAT";
        case ForwardingMethod::local_node:
            return "LOCAL";
        case ForwardingMethod::tunnel:
            return "TUN";
        case ForwardingMethod::direct_routing:
            return "DR";
        case ForwardingMethod::bypass:
            return "BYPASS";
    }
    return "other";
}

}  // namespace holdfast::ipvsd
