#pragma once

#include <cstdint>
#include <functional>
#include <set>

#include "lib/core/result.hpp"
#include "lib/netlink/route_codec.hpp"
#include "lib/netlink/rule_codec.hpp"
#include "lib/netlink/socket.hpp"

namespace holdfast::netlink {

/// Hears what happens to routes and policy rules, on a socket of its own: thousands of events in a
/// second, as a BGP daemon causes them, hold up nothing else. Joins the kernel's groups only while
/// something is followed, and reads of a foreign route no more than its prefix.
class PathMonitor {
  public:
    struct Handlers {
        std::function<void(const Route& route, bool gone)> route;
        std::function<void(const Rule& rule, bool gone)> rule;
        std::function<void()> lost;  // events were lost: look again
    };
    /// Before the system call filter; afterwards it uses recvmsg and setsockopt of SOL_NETLINK.
    [[nodiscard]] static core::Result<PathMonitor> open(Handlers handlers);

    /// Routes of these tables and prefixes; rules all or none.
    core::Status follow(std::set<RouteHead> routes, bool rules);
    /// Reads until nothing is left, or for a while; level-triggered.
    void readable();
    [[nodiscard]] int fd() const { return socket_.fd(); }

  private:
    PathMonitor(Socket socket, Handlers handlers)
        : socket_(std::move(socket)), handlers_(std::move(handlers)) {}
    core::Status join(bool& member, bool wanted, int ipv4_group, int ipv6_group);
    void take(const Reply& reply);

    Socket socket_;
    Handlers handlers_;
    std::set<RouteHead> routes_;
    bool hears_routes_ = false;
    bool hears_rules_ = false;
};

}  // namespace holdfast::netlink
