#include "lib/netlink/path_monitor.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <utility>

namespace holdfast::netlink {
namespace {

constexpr int kBuffer = 8 * 1024 * 1024;
// Datagrams read in one call, so that an event storm does not keep the loop from its timers.
constexpr int kDatagramsAtOnce = 256;

}  // namespace

core::Result<PathMonitor> PathMonitor::open(Handlers handlers) {
    auto socket = Socket::open(NETLINK_ROUTE, 0, kBuffer);
    if (!socket) return socket.error();
    return PathMonitor(std::move(socket).value(), std::move(handlers));
}

core::Status PathMonitor::join(bool& member, bool wanted, int ipv4_group, int ipv6_group) {
    if (member == wanted) return core::Done{};
    const int option = wanted ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
    for (const int group : {ipv4_group, ipv6_group}) {
        if (setsockopt(socket_.fd(), SOL_NETLINK, option, &group, sizeof group) != 0) {
            return core::Error::last("follow routes and rules");
        }
    }
    member = wanted;
    return core::Done{};
}

core::Status PathMonitor::follow(std::set<RouteHead> routes, bool rules) {
    routes_ = std::move(routes);
    core::Status joined =
        join(hears_routes_, !routes_.empty(), RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE);
    if (!joined) return joined;
    return join(hears_rules_, rules, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE);
}

void PathMonitor::take(const Reply& reply) {
    if (const auto head = decode_route_head(reply)) {
        if (!routes_.contains(*head)) return;
        const auto route = decode_route(reply);
        if (route && !route->cloned) handlers_.route(*route, reply.type == RTM_DELROUTE);
    } else if (const auto rule = decode_rule(reply)) {
        handlers_.rule(*rule, reply.type == RTM_DELRULE);
    }
}

void PathMonitor::readable() {
    for (int left = kDatagramsAtOnce; left > 0; --left) {
        switch (socket_.receive()) {
            case Socket::Received::datagram:
                for (const Reply& reply : split(socket_.datagram())) take(reply);
                break;
            case Socket::Received::lost:
                handlers_.lost();
                break;
            case Socket::Received::nothing:
            case Socket::Received::failed:
                return;
        }
    }
}

}  // namespace holdfast::netlink
