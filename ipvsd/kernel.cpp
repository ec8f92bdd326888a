#include "ipvsd/kernel.hpp"

#include <fmt/format.h>

#include "ipvsd/routes.hpp"
#include "ipvsd/rules.hpp"

namespace holdfast::ipvsd {
namespace {

std::string to_text(const netlink::InterfaceAddress& address) {
    return fmt::format("address {}/{} on {}", address.address.text(), address.prefix_length,
                       address.interface_index);
}

std::string describe(const AddAddress& change) {
    return "add " + to_text(change.address);
}
std::string describe(const ReplaceAddress& change) {
    return "replace " + to_text(change.address);
}
std::string describe(const RemoveAddress& change) {
    return "remove " + to_text(change.address);
}
std::string describe(const AddRoute& change) {
    return "add route " + name_of(change.route);
}
std::string describe(const RemoveRoute& change) {
    return "remove route " + name_of(change.route);
}
std::string describe(const AddRule& change) {
    return "add rule " + name_of(change.rule);
}
std::string describe(const RemoveRule& change) {
    return "remove rule " + name_of(change.rule);
}
std::string describe(const AddService& change) {
    return "add service " + to_text(change.service.key);
}
std::string describe(const EditService& change) {
    return "edit service " + to_text(change.service.key);
}
std::string describe(const RemoveService& change) {
    return "remove service " + to_text(change.key);
}
std::string describe(const AddDestination& change) {
    return fmt::format("add destination {} to {}", change.destination.endpoint.text(),
                       to_text(change.service));
}
std::string describe(const EditDestination& change) {
    return fmt::format("edit destination {} of {}", change.destination.endpoint.text(),
                       to_text(change.service));
}
std::string describe(const RemoveDestination& change) {
    return fmt::format("remove destination {} of {}", change.endpoint.text(),
                       to_text(change.service));
}
std::string describe(const SetTimeouts& change) {
    return fmt::format("set timeouts tcp={} tcp_fin={} udp={}", change.timeouts.tcp.count(),
                       change.timeouts.tcp_fin.count(), change.timeouts.udp.count());
}

}  // namespace

std::string to_text(const Change& change) {
    return std::visit([](const auto& what) { return describe(what); }, change);
}

}  // namespace holdfast::ipvsd
