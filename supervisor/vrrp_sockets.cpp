#include "supervisor/vrrp_sockets.hpp"

#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "supervisor/vrrp_filter.hpp"

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

namespace holdfast::supervisor {
namespace {

constexpr int kVrrpProtocol = 112;
constexpr int kVrrpTtl = 255;
constexpr int kInternetworkControl = 0xC0;  // precedence 6
constexpr int kNetworkPriority = 6;         // TC_PRIO_INTERACTIVE, the highest without a right
constexpr int kColdBuffer = 32 * 1024;
constexpr int kMonitorBuffer = 1024 * 1024;

/// Sets options one after the other and remembers the first that failed.
class Options {
  public:
    explicit Options(int socket) : socket_(socket) {}

    template <class Value>
    Options& set(int level, int name, const Value& value, std::string_view task) {
        return set_bytes(level, name, &value, sizeof value, task);
    }
    Options& set_bytes(int level, int name, const void* value, std::size_t size,
                       std::string_view task) {
        if (result_.ok() &&
            ::setsockopt(socket_, level, name, value, static_cast<socklen_t>(size)) != 0) {
            result_ = core::Error::last(task);
        }
        return *this;
    }
    /// As set, but its failure changes nothing.
    template <class Value>
    Options& try_set(int level, int name, const Value& value) {
        (void)::setsockopt(socket_, level, name, &value, sizeof value);
        return *this;
    }
    [[nodiscard]] core::Status result() const { return result_; }

  private:
    int socket_;
    core::Status result_ = core::Done{};
};

core::Result<core::UniqueFd> open_raw(const WireKey& key) {
    core::UniqueFd socket(::socket(core::to_af(key.family), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                   key.authentication_header ? int{IPPROTO_AH} : kVrrpProtocol));
    if (!socket) return core::Error::last("open a raw VRRP socket");
    return socket;
}

void attach_filter(Options& options, std::vector<sock_filter> program) {
    const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
    options.set(SOL_SOCKET, SO_ATTACH_FILTER, whole, "SO_ATTACH_FILTER");
    options.set(SOL_SOCKET, SO_LOCK_FILTER, 1, "SO_LOCK_FILTER");
}

/// By number, since the device may have another name than the one it is known by.
void bind_to_device(Options& options, int ifindex) {
    options.set(SOL_SOCKET, SO_BINDTOIFINDEX, ifindex, "SO_BINDTOIFINDEX");
}

void bind_to_interface(Options& options, const WireKey& key) {
    options.set_bytes(SOL_SOCKET, SO_BINDTODEVICE, key.interface.c_str(), key.interface.size() + 1,
                      "SO_BINDTODEVICE " + key.interface);
}

void join(Options& options, const core::Address& group, int ifindex) {
    const std::string task = "join " + group.text();
    if (group.family() == core::Family::ipv4) {
        const ip_mreqn membership{group.to_in_addr(), in_addr{}, ifindex};
        options.set(IPPROTO_IP, IP_ADD_MEMBERSHIP, membership, task);
    } else {
        const ipv6_mreq membership{group.to_in6_addr(), static_cast<unsigned>(ifindex)};
        options.set(IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, membership, task);
    }
}

void prepare_receiving(Options& options, core::Family family, int buffer) {
    if (family == core::Family::ipv4) {
        options.set(IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL")
            .set(IPPROTO_IP, IP_RECVTTL, 1, "IP_RECVTTL")
            .set(IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    } else {
        options.try_set(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
            .set(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
            .set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
            .set(IPPROTO_RAW, IPV6_CHECKSUM, -1, "IPV6_CHECKSUM");
    }
    options.set(SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS")
        .try_set(SOL_SOCKET, SO_RCVBUF, buffer)
        .try_set(SOL_SOCKET, SO_RCVBUFFORCE, buffer);
}

/// A raw socket receives from the moment it exists: what came before its filter goes.
void drain(int socket) {
    std::array<char, 1> nothing{};
    while (::recv(socket, nothing.data(), nothing.size(), MSG_DONTWAIT | MSG_TRUNC) >= 0) {
    }
}

core::Result<core::UniqueFd> open_receiver(const WireKey& key, int ifindex, const SocketPlan& plan,
                                           VrrpFilter::Side side) {
    auto socket = open_raw(key);
    if (!socket) return socket.error();
    const bool hot = side == VrrpFilter::Side::hot;
    Options options(socket->get());
    attach_filter(options, build_filter({.family = key.family,
                                         .side = side,
                                         .unicast = key.unicast,
                                         .authentication_header = key.authentication_header,
                                         .any_destination = !hot && !plan.other_kind_present,
                                         .vrids = plan.vrids}));
    bind_to_interface(options, key);
    prepare_receiving(options, key.family, hot ? static_cast<int>(plan.buffer) : kColdBuffer);
    for (const core::Address& group : plan.groups) join(options, group, ifindex);
    if (auto set = options.result(); !set) return set.error().within(key.interface);
    drain(socket->get());
    return socket;
}

void prepare_sending_v4(Options& options, int ifindex, int time_to_live) {
    const ip_mreqn interface { in_addr{}, in_addr{}, ifindex };
    options.set(IPPROTO_IP, IP_MULTICAST_IF, interface, "IP_MULTICAST_IF")
        .set(IPPROTO_IP, IP_MULTICAST_TTL, kVrrpTtl, "IP_MULTICAST_TTL")
        .set(IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP")
        .set(IPPROTO_IP, IP_TTL, time_to_live, "IP_TTL")
        .set(IPPROTO_IP, IP_TOS, kInternetworkControl, "IP_TOS");
}

void prepare_sending_v6(Options& options, int ifindex, const SendKey& sender) {
    const int checksum_at = sender.own_checksum ? -1 : 6;
    const int hop_limit = sender.time_to_live;
    options.set(IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex, "IPV6_MULTICAST_IF")
        .set(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kVrrpTtl, "IPV6_MULTICAST_HOPS")
        .set(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP")
        .set(IPPROTO_IPV6, IPV6_UNICAST_HOPS, hop_limit, "IPV6_UNICAST_HOPS")
        .set(IPPROTO_IPV6, IPV6_TCLASS, kInternetworkControl, "IPV6_TCLASS")
        .set(IPPROTO_RAW, IPV6_CHECKSUM, checksum_at, "IPV6_CHECKSUM");
}

core::Status bind_source(int socket, const core::Address& source, int ifindex) {
    Options options(socket);
    if (source.family() == core::Family::ipv4) {
        options.try_set(IPPROTO_IP, IP_TRANSPARENT, 1);
    } else {
        options.try_set(IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
    }
    sockaddr_storage where{};
    const auto scope = source.is_link_local() ? static_cast<std::uint32_t>(ifindex) : 0U;
    const socklen_t size = source.to_sockaddr(0, where, scope);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&where), size) != 0) {
        return core::Error::last("bind to source address " + source.text());
    }
    return core::Done{};
}

}  // namespace

core::Result<ReceivePair> open_receive_pair(const WireKey& key, int ifindex,
                                            const SocketPlan& plan) {
    auto hot = open_receiver(key, ifindex, plan, VrrpFilter::Side::hot);
    if (!hot) return hot.error();
    auto cold = open_receiver(key, ifindex, plan, VrrpFilter::Side::cold);
    if (!cold) return cold.error();
    return ReceivePair{std::move(*hot), std::move(*cold)};
}

core::Result<core::UniqueFd> open_send_socket(const WireKey& key, int ifindex,
                                              const SendKey& sender) {
    auto socket = open_raw(key);
    if (!socket) return socket.error();
    Options options(socket->get());
    attach_filter(options, build_drop_all());
    if (sender.interface.empty()) {
        bind_to_interface(options, key);
    } else {
        bind_to_device(options, ifindex);
        // Its source is an address of the interface underneath.
        if (key.family == core::Family::ipv6) {
            options.set(IPPROTO_IPV6, IPV6_FREEBIND, 1, "IPV6_FREEBIND");
        }
    }
    if (key.family == core::Family::ipv4) {
        prepare_sending_v4(options, ifindex, sender.time_to_live);
        if (key.authentication_header) options.set(IPPROTO_IP, IP_HDRINCL, 1, "IP_HDRINCL");
    } else {
        prepare_sending_v6(options, ifindex, sender);
    }
    options.try_set(SOL_SOCKET, SO_PRIORITY, kNetworkPriority);
    if (auto set = options.result(); !set) return set.error().within(key.interface);
    if (sender.source) {
        if (auto bound = bind_source(socket->get(), *sender.source, ifindex); !bound) {
            return bound.error().within(key.interface);
        }
    }
    drain(socket->get());
    return socket;
}

core::Result<core::UniqueFd> open_netlink_monitor() {
    core::UniqueFd socket(
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    if (!socket) return core::Error::last("open a netlink monitor");
    sockaddr_nl where{};
    where.nl_family = AF_NETLINK;
    where.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        return core::Error::last("join the groups of a netlink monitor");
    }
    Options(socket.get())
        .try_set(SOL_SOCKET, SO_RCVBUF, kMonitorBuffer)
        .try_set(SOL_SOCKET, SO_RCVBUFFORCE, kMonitorBuffer);
    return socket;
}

}  // namespace holdfast::supervisor
