#pragma once

#include <functional>
#include <set>
#include <vector>

#include "ipvsd/kernel.hpp"

namespace holdfast::tests {

/// The routes and rules of a kernel in memory: the part of FakeKernel that refuses what the real
/// one refuses. Knows interfaces and addresses through `host`; prefix routes of addresses are not
/// kept, but gateways are looked for as if they were.
class FakePaths {
  public:
    struct Host {
        std::function<const netlink::Link*(std::uint32_t index)> link;
        std::function<std::vector<netlink::InterfaceAddress>()> addresses;
        std::function<void(const netlink::Route& route, bool gone)> tell_route;
        std::function<void(const netlink::Rule& rule, bool gone)> tell_rule;
    };
    explicit FakePaths(Host host) : host_(std::move(host)) {}

    int carry_out(const ipvsd::AddRoute& change);
    int carry_out(const ipvsd::RemoveRoute& change);
    int carry_out(const ipvsd::AddRule& change);
    int carry_out(const ipvsd::RemoveRule& change);

    /// Down or gone. Of IPv4 the kernel says nothing, of IPv6 it does.
    void interface_lost(std::uint32_t index);
    /// No interface has it any more.
    void address_lost(const core::Address& address);

    [[nodiscard]] const std::vector<netlink::Route>& routes() const { return routes_; }
    [[nodiscard]] const std::vector<netlink::Rule>& rules() const { return rules_; }
    /// A route as another program puts it, without any check.
    void put(const netlink::Route& route);

  private:
    int complete(netlink::Route& route) const;
    int complete(netlink::NextHop& hop, const netlink::Route& route) const;
    int join_siblings(const netlink::Route& route);

    Host host_;
    std::vector<netlink::Route> routes_;  // of one key in the kernel's order
    std::vector<netlink::Rule> rules_;
};

}  // namespace holdfast::tests
