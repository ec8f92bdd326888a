#include "supervisor/socket_sets.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "lib/netlink/frame_sender.hpp"
#include "proto/config.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/vrrp.pb.h"

namespace holdfast::supervisor {
namespace {

using messages::v1::SocketGrant;
using messages::v1::ToVrrpd;

void add_instance(const config::v1::VrrpInstance& instance, SetWish& wish) {
    wish.plan.vrids.insert(static_cast<std::uint8_t>(instance.virtual_router_id()));
    if (instance.unicast_peers_size() == 0) {
        if (const auto group = core::Address::from_bytes(instance.multicast_group())) {
            wish.plan.groups.insert(*group);
        }
    }
    if (const auto source = core::Address::from_bytes(instance.source_address())) {
        wish.plan.sources.insert(*source);
    } else {
        wish.kernel_chooses_source = true;
    }
}

int errno_of(const core::Error& error) {
    return error.code() != 0 ? error.code() : EIO;
}

void open_senders(const SocketKey& key, SocketSet& set) {
    std::vector<std::optional<core::Address>> sources(set.wish.plan.sources.begin(),
                                                      set.wish.plan.sources.end());
    if (set.wish.kernel_chooses_source) sources.emplace_back();
    for (const auto& source : sources) {
        auto socket = open_send_socket(key, static_cast<int>(set.ifindex), source);
        if (socket) {
            set.send.push_back({source, std::move(*socket), 0});
        } else {
            set.send.push_back({source, {}, errno_of(socket.error())});
            set.error_text = socket.error().text();
        }
    }
}

SocketSet open_set(const SocketKey& key, const SetWish& wish, double wall_clock) {
    SocketSet set;
    set.wish = wish;
    set.opened_at = wall_clock;
    set.ifindex = key.interface.empty() ? 0 : ::if_nametoindex(key.interface.c_str());
    if (set.ifindex == 0 && !key.interface.empty()) {
        set.error = ENODEV;
        set.error_text = "there is no interface " + key.interface;
    } else if (auto pair = open_receive_pair(key, static_cast<int>(set.ifindex), wish.plan)) {
        set.receive = std::move(*pair);
    } else {
        set.error = errno_of(pair.error());
        set.error_text = pair.error().text();
    }
    if (set.error != 0) {
        for (const auto& source : wish.plan.sources) set.send.push_back({source, {}, set.error});
        if (wish.kernel_chooses_source) set.send.push_back({{}, {}, set.error});
    } else {
        open_senders(key, set);
    }
    return set;
}

bool has_vanished(const SocketKey& key, const SocketSet& set) {
    if (set.error != 0) return true;
    return !key.interface.empty() && ::if_nametoindex(key.interface.c_str()) != set.ifindex;
}

core::Status send(ipc::Channel& vrrpd, const ToVrrpd& message, int descriptor) {
    if (descriptor < 0) return vrrpd.send(message);
    return vrrpd.send(message, {&descriptor, 1});
}

ToVrrpd describe(const SocketKey& key, const SocketSet& set, messages::v1::SocketKind kind,
                 int error) {
    ToVrrpd message;
    SocketGrant& grant = *message.mutable_socket_grant();
    grant.set_interface(key.interface);
    grant.set_ifindex(set.ifindex);
    grant.set_ipv6(key.family == core::Family::ipv6);
    grant.set_unicast(key.unicast);
    grant.set_kind(kind);
    grant.set_opened_at_ns(static_cast<std::uint64_t>(set.opened_at * 1e9));
    if (error != 0) grant.set_error(static_cast<std::uint32_t>(error));
    return message;
}

}  // namespace

std::string to_text(const SocketKey& key) {
    return fmt::format("{} {}{}", key.interface.empty() ? "any interface" : key.interface,
                       key.family == core::Family::ipv6 ? "IPv6" : "IPv4",
                       key.unicast ? " unicast" : "");
}

SocketKey key_of(const config::v1::VrrpInstance& instance) {
    return {instance.interface(), instance.ipv6() ? core::Family::ipv6 : core::Family::ipv4,
            instance.unicast_peers_size() != 0};
}

SetWishes wishes_of(const config::v1::Config& config) {
    SetWishes wishes;
    for (const config::v1::VrrpInstance& instance : config.vrrp_instances()) {
        add_instance(instance, wishes[key_of(instance)]);
    }
    for (auto& [key, wish] : wishes) {
        SocketKey other = key;
        other.unicast = !key.unicast;
        wish.plan.other_kind_present = wishes.contains(other);
    }
    return wishes;
}

std::vector<SocketKey> SocketSets::adapt(const SetWishes& wishes, double wall_clock) {
    std::vector<SocketKey> opened;
    for (const auto& [key, wish] : wishes) {
        const auto known = sets_.find(key);
        if (known != sets_.end() && known->second.wish == wish && known->second.error == 0) {
            continue;
        }
        sets_[key] = open_set(key, wish, wall_clock);
        opened.push_back(key);
    }
    return opened;
}

void SocketSets::forget_unwished(const SetWishes& wishes) {
    std::erase_if(sets_, [&](const auto& entry) { return !wishes.contains(entry.first); });
}

const SocketSet* SocketSets::reopen(const SocketKey& key, double wall_clock) {
    const auto known = sets_.find(key);
    if (known == sets_.end()) return nullptr;
    known->second = open_set(key, SetWish(known->second.wish), wall_clock);
    return &known->second;
}

void SocketSets::refresh(double wall_clock) {
    for (auto& [key, set] : sets_) {
        if (has_vanished(key, set)) set = open_set(key, SetWish(set.wish), wall_clock);
    }
}

core::Status grant(ipc::Channel& vrrpd, const SocketKey& key, const SocketSet& set) {
    for (const SendSocket& sender : set.send) {
        ToVrrpd message = describe(key, set, messages::v1::SOCKET_SEND, sender.error);
        if (sender.source) {
            message.mutable_socket_grant()->set_source_address(sender.source->octets());
        }
        if (core::Status sent = send(vrrpd, message, sender.socket.get()); !sent) return sent;
    }
    const ToVrrpd hot = describe(key, set, messages::v1::SOCKET_HOT, set.error);
    if (core::Status sent = send(vrrpd, hot, set.receive.hot.get()); !sent) return sent;
    const ToVrrpd cold = describe(key, set, messages::v1::SOCKET_COLD, set.error);
    return send(vrrpd, cold, set.receive.cold.get());
}

core::Status grant_netlink_monitor(ipc::Channel& vrrpd) {
    ToVrrpd message;
    message.mutable_socket_grant()->set_kind(messages::v1::SOCKET_NETLINK_MONITOR);
    auto monitor = open_netlink_monitor();
    if (!monitor) {
        message.mutable_socket_grant()->set_error(
            static_cast<std::uint32_t>(errno_of(monitor.error())));
        return vrrpd.send(message);
    }
    return send(vrrpd, message, monitor->get());
}

core::Status grant_frame_socket(ipc::Channel& ipvsd) {
    messages::v1::ToIpvsd message;
    messages::v1::FrameSocket& grant = *message.mutable_frame_socket();
    auto socket = netlink::open_frame_socket();
    if (!socket) {
        grant.set_error(static_cast<std::uint32_t>(errno_of(socket.error())));
        return ipvsd.send(message);
    }
    const int descriptor = socket->get();
    return ipvsd.send(message, {&descriptor, 1});
}

}  // namespace holdfast::supervisor
