#include "supervisor/socket_sets.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

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
    wish.plan.senders.insert(sender_of(instance));
}

int errno_of(const core::Error& error) {
    return error.code() != 0 ? error.code() : EIO;
}

/// The interfaces of this moment, read when a virtual one is first looked for.
class Devices {
  public:
    /// The device that `sender` sends from on top of `parent`. 0 when there is none: ipvsd makes
    /// it, and vrrpd asks again when it sees it.
    unsigned find(unsigned parent, const Sender& sender) {
        if (sender.hardware_address.empty()) return ::if_nametoindex(sender.key.interface.c_str());
        // By what it is: it may have another name, and something else this one.
        if (!macvlans_) read();
        const auto found = macvlans_->find({parent, sender.hardware_address});
        return found == macvlans_->end() ? 0 : found->second;
    }

  private:
    void read() {
        macvlans_.emplace();
        auto requests = netlink::Requester::open(NETLINK_ROUTE);
        if (!requests) return;
        const auto links = requests->links();
        if (!links) return;
        for (const netlink::Link& each : *links) {
            if (each.kind != "macvlan") continue;
            const auto mac = each.hardware_address.bytes();
            std::string octets(reinterpret_cast<const char*>(mac.data()), mac.size());
            macvlans_->emplace(std::pair(each.parent_index, std::move(octets)), each.index);
        }
    }

    std::optional<std::map<std::pair<unsigned, std::string>, unsigned>> macvlans_;
};

void open_senders(const WireKey& key, Devices& devices, SocketSet& set) {
    for (const Sender& sender : set.wish.plan.senders) {
        const bool apart = !sender.key.interface.empty();
        const unsigned own = apart ? devices.find(set.ifindex, sender) : 0;
        if (apart && own == 0) {
            set.send.push_back({sender, {}, ENODEV});
            continue;
        }
        const unsigned device = own != 0 ? own : set.ifindex;
        auto socket = open_send_socket(key, static_cast<int>(device), sender.key);
        if (socket) {
            set.send.push_back({sender, std::move(*socket), 0, own});
        } else {
            set.send.push_back({sender, {}, errno_of(socket.error())});
            set.error_text = socket.error().text();
        }
    }
}

SocketSet open_set(const WireKey& key, const SetWish& wish, Devices& devices, double wall_clock) {
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
        for (const Sender& sender : wish.plan.senders) set.send.push_back({sender, {}, set.error});
    } else {
        open_senders(key, devices, set);
    }
    return set;
}

bool has_vanished(const WireKey& key, Devices& devices, const SocketSet& set) {
    if (set.error != 0) return true;
    if (key.interface.empty()) return false;
    if (::if_nametoindex(key.interface.c_str()) != set.ifindex) return true;
    return std::ranges::any_of(set.send, [&](const SendSocket& each) {
        return !each.sender.key.interface.empty() &&
               devices.find(set.ifindex, each.sender) != each.ifindex;
    });
}

core::Status send(ipc::Channel& vrrpd, const ToVrrpd& message, int descriptor) {
    if (descriptor < 0) return vrrpd.send(message);
    return vrrpd.send(message, {&descriptor, 1});
}

ToVrrpd describe(const WireKey& key, const SocketSet& set, messages::v1::SocketKind kind,
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

std::string to_text(const WireKey& key) {
    return fmt::format("{} {}{}{}", key.interface.empty() ? "any interface" : key.interface,
                       key.family == core::Family::ipv6 ? "IPv6" : "IPv4",
                       key.unicast ? " unicast" : "",
                       key.authentication_header ? " with authentication headers" : "");
}

WireKey key_of(const config::v1::VrrpInstance& instance) {
    return {
        .interface = instance.interface().empty() ? instance.vrf() : instance.interface(),
        .family = instance.ipv6() ? core::Family::ipv6 : core::Family::ipv4,
        .unicast = instance.unicast_peers_size() != 0,
        .authentication_header = !instance.ipv6() && instance.version() == 2 &&
                                 instance.authentication().type() == config::v1::AUTHENTICATION_AH};
}

Sender sender_of(const config::v1::VrrpInstance& instance) {
    Sender sender{.key = {.source = core::Address::from_bytes(instance.source_address())}};
    SendKey& key = sender.key;
    key.own_checksum = instance.ipv6() && instance.has_auth_hmac() &&
                       instance.auth_hmac().mode() != config::v1::HMAC_RECEIVE_ONLY;
    if (instance.unicast_peers_size() != 0 && instance.unicast_ttl() != 0)
        key.time_to_live = static_cast<std::uint8_t>(std::min(instance.unicast_ttl(), 255U));
    if (instance.virtual_interfaces_size() != 0 && !instance.vmac().transmit_from_base()) {
        const auto& own = instance.virtual_interfaces(0);
        if (own.own()) key.interface = own.name();
        if (own.own()) sender.hardware_address = own.hardware_address();
    }
    return sender;
}

SetWishes wishes_of(const config::v1::Config& config) {
    constexpr std::uint64_t kLargestBuffer = 1U << 30U;  // the kernel doubles it, into an int
    SetWishes wishes;
    std::map<WireKey, std::uint64_t> buffers;
    for (const config::v1::VrrpInstance& instance : config.vrrp_instances()) {
        const WireKey key = key_of(instance);
        add_instance(instance, wishes[key]);
        auto& buffer = buffers[key];
        buffer = std::min(kLargestBuffer, buffer + buffer_for(instance, config.global()));
    }
    for (auto& [key, wish] : wishes) {
        wish.plan.buffer = std::max(kHotBuffer, static_cast<std::uint32_t>(buffers[key]));
        WireKey other = key;
        other.unicast = !key.unicast;
        wish.plan.other_kind_present = wishes.contains(other);
    }
    return wishes;
}

std::vector<WireKey> SocketSets::adapt(const SetWishes& wishes, double wall_clock) {
    std::vector<WireKey> opened;
    Devices devices;
    for (const auto& [key, wish] : wishes) {
        const auto known = sets_.find(key);
        if (known != sets_.end() && known->second.wish == wish && known->second.error == 0) {
            continue;
        }
        sets_[key] = open_set(key, wish, devices, wall_clock);
        opened.push_back(key);
    }
    return opened;
}

void SocketSets::forget_unwished(const SetWishes& wishes) {
    std::erase_if(sets_, [&](const auto& entry) { return !wishes.contains(entry.first); });
}

std::vector<WireKey> SocketSets::reopen(const std::set<WireKey>& keys, double wall_clock) {
    std::vector<WireKey> failed;
    Devices devices;
    for (const WireKey& key : keys) {
        const auto known = sets_.find(key);
        if (known == sets_.end()) continue;
        SocketSet& set = known->second;
        const std::string before = set.error_text;
        set = open_set(key, SetWish(set.wish), devices, wall_clock);
        if (!set.error_text.empty() && set.error_text != before) failed.push_back(key);
    }
    return failed;
}

void SocketSets::refresh(double wall_clock) {
    Devices devices;
    for (auto& [key, set] : sets_) {
        if (!has_vanished(key, devices, set)) continue;
        set = open_set(key, SetWish(set.wish), devices, wall_clock);
    }
}

core::Status grant(ipc::Channel& vrrpd, const WireKey& key, const SocketSet& set) {
    for (const SendSocket& each : set.send) {
        const SendKey& how = each.sender.key;
        ToVrrpd message = describe(key, set, messages::v1::SOCKET_SEND, each.error);
        SocketGrant& grant = *message.mutable_socket_grant();
        if (how.source) grant.set_source_address(how.source->octets());
        grant.set_time_to_live(how.time_to_live);
        grant.set_own_checksum(how.own_checksum);
        if (!how.interface.empty()) {
            grant.set_send_interface(how.interface);
            grant.set_send_ifindex(each.ifindex);
        }
        if (core::Status sent = send(vrrpd, message, each.socket.get()); !sent) return sent;
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
