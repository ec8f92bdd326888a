#include "supervisor/socket_sets.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "lib/netlink/frame_sender.hpp"
#include "lib/netlink/requester.hpp"
#include "proto/config.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/vrrp.pb.h"

namespace holdfast::supervisor {
namespace {

using messages::v1::SocketGrant;
using messages::v1::ToVrrpd;

/// Octets of queue that an instance asks for. What several ask for adds up.
std::uint64_t buffer_for(const config::v1::VrrpInstance& instance,
                         const config::v1::GlobalDefs& global) {
    constexpr std::uint64_t kJumboFrame = 9000;
    constexpr std::uint64_t kLargestHeader = 60 + 24;  // IPv4 with options, authentication header
    constexpr std::uint64_t kFixed = 8 + 8 + 28;       // of a message, with password and trailer
    if (instance.has_receive_buffer_size()) return instance.receive_buffer_size();
    if (global.has_rx_bufs_size()) return global.rx_bufs_size();
    const std::uint64_t times = global.has_rx_bufs_multiplier() ? global.rx_bufs_multiplier() : 3;
    const auto addresses = static_cast<std::uint64_t>(instance.addresses_size());
    switch (global.rx_bufs_policy()) {
        case config::v1::RECEIVE_BUFFER_MTU:
            return times * kJumboFrame;
        case config::v1::RECEIVE_BUFFER_ADVERT:
            return times * (kLargestHeader + kFixed + addresses * (instance.ipv6() ? 16 : 4));
        case config::v1::RECEIVE_BUFFER_UNSPECIFIED:
            break;
    }
    return 0;
}

void add_instance(const config::v1::VrrpInstance& instance, SetWish& wish) {
    wish.plan.vrids.insert(static_cast<std::uint8_t>(instance.virtual_router_id()));
    if (instance.unicast_peers_size() == 0) {
        if (const auto group = core::Address::from_bytes(instance.multicast_group())) {
            wish.plan.groups.insert(*group);
        }
    }
    wish.plan.senders.insert(send_key_of(instance));
}

int errno_of(const core::Error& error) {
    return error.code() != 0 ? error.code() : EIO;
}

/// The virtual interfaces on top of one; read when one is first asked for.
class InterfacesAbove {
  public:
    explicit InterfacesAbove(unsigned parent) : parent_(parent) {}

    /// 0 when there is none: ipvsd makes it, and vrrpd asks again when it sees it.
    unsigned find(const SendKey& sender) {
        if (sender.hardware_address.empty()) return ::if_nametoindex(sender.interface.c_str());
        // By what it is: it may have another name, and something else this one.
        if (!links_) {
            links_.emplace();
            auto requests = netlink::Requester::open(NETLINK_ROUTE);
            if (requests) {
                if (auto links = requests->links()) links_ = std::move(*links);
            }
        }
        const auto mac = std::as_bytes(std::span(sender.hardware_address));
        const auto found = std::ranges::find_if(*links_, [&](const netlink::Link& each) {
            return each.parent_index == parent_ && each.kind == "macvlan" &&
                   std::ranges::equal(each.hardware_address.bytes(), mac);
        });
        return found == links_->end() ? 0 : found->index;
    }

  private:
    unsigned parent_;
    std::optional<std::vector<netlink::Link>> links_;
};

void open_senders(const SocketKey& key, SocketSet& set) {
    InterfacesAbove above(set.ifindex);
    for (const SendKey& sender : set.wish.plan.senders) {
        const unsigned own = sender.interface.empty() ? 0 : above.find(sender);
        if (!sender.interface.empty() && own == 0) {
            set.send.push_back({sender, {}, ENODEV});
            continue;
        }
        const unsigned device = own != 0 ? own : set.ifindex;
        auto socket = open_send_socket(key, static_cast<int>(device), sender);
        if (socket) {
            set.send.push_back({sender, std::move(*socket), 0, own});
        } else {
            set.send.push_back({sender, {}, errno_of(socket.error())});
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
        for (const SendKey& sender : wish.plan.senders) set.send.push_back({sender, {}, set.error});
    } else {
        open_senders(key, set);
    }
    return set;
}

bool has_vanished(const SocketKey& key, const SocketSet& set) {
    if (set.error != 0) return true;
    if (key.interface.empty()) return false;
    if (::if_nametoindex(key.interface.c_str()) != set.ifindex) return true;
    InterfacesAbove above(set.ifindex);
    return std::ranges::any_of(set.send, [&](const SendSocket& each) {
        return !each.key.interface.empty() && above.find(each.key) != each.ifindex;
    });
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
    grant.set_authentication_header(key.authentication_header);
    grant.set_kind(kind);
    grant.set_opened_at_ns(static_cast<std::uint64_t>(set.opened_at * 1e9));
    if (error != 0) grant.set_error(static_cast<std::uint32_t>(error));
    return message;
}

}  // namespace

std::string to_text(const SocketKey& key) {
    return fmt::format("{} {}{}{}", key.interface.empty() ? "any interface" : key.interface,
                       key.family == core::Family::ipv6 ? "IPv6" : "IPv4",
                       key.unicast ? " unicast" : "",
                       key.authentication_header ? " with authentication headers" : "");
}

SocketKey key_of(const config::v1::VrrpInstance& instance) {
    return {
        .interface = instance.interface().empty() ? instance.vrf() : instance.interface(),
        .family = instance.ipv6() ? core::Family::ipv6 : core::Family::ipv4,
        .unicast = instance.unicast_peers_size() != 0,
        .authentication_header = !instance.ipv6() && instance.version() == 2 &&
                                 instance.authentication().type() == config::v1::AUTHENTICATION_AH};
}

SendKey send_key_of(const config::v1::VrrpInstance& instance) {
    SendKey key{.source = core::Address::from_bytes(instance.source_address())};
    key.own_checksum = instance.ipv6() && instance.has_auth_hmac() &&
                       instance.auth_hmac().mode() != config::v1::HMAC_RECEIVE_ONLY;
    if (instance.unicast_peers_size() != 0 && instance.unicast_ttl() != 0)
        key.time_to_live = static_cast<std::uint8_t>(std::min(instance.unicast_ttl(), 255U));
    if (instance.virtual_interfaces_size() != 0 && !instance.vmac().transmit_from_base()) {
        const auto& own = instance.virtual_interfaces(0);
        if (own.own()) key.interface = own.name();
        if (own.own()) key.hardware_address = own.hardware_address();
    }
    return key;
}

SetWishes wishes_of(const config::v1::Config& config) {
    constexpr std::uint64_t kLargestBuffer = 1U << 30U;  // the kernel doubles it, into an int
    SetWishes wishes;
    std::map<SocketKey, std::uint64_t> buffers;
    for (const config::v1::VrrpInstance& instance : config.vrrp_instances()) {
        const SocketKey key = key_of(instance);
        add_instance(instance, wishes[key]);
        auto& buffer = buffers[key];
        buffer = std::min(kLargestBuffer, buffer + buffer_for(instance, config.global()));
    }
    for (auto& [key, wish] : wishes) {
        wish.plan.buffer = std::max(kHotBuffer, static_cast<std::uint32_t>(buffers[key]));
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
        SocketGrant& grant = *message.mutable_socket_grant();
        if (sender.key.source) grant.set_source_address(sender.key.source->octets());
        grant.set_time_to_live(sender.key.time_to_live);
        grant.set_own_checksum(sender.key.own_checksum);
        if (!sender.key.interface.empty()) {
            grant.set_send_interface(sender.key.interface);
            grant.set_send_ifindex(sender.ifindex);
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
