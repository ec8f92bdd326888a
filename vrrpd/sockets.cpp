#include "vrrpd/sockets.hpp"

#include <netinet/in.h>
#include <netinet/ip6.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "proto/vrrp.pb.h"
#include "vrrpd/packet_batch.hpp"

namespace holdfast::vrrp {

namespace {

using messages::v1::SocketGrant;

/// Read in one go: more than a hot socket's buffer holds.
constexpr unsigned kAtOnce = 8192;
/// A cold socket: 10 packets each 100 ms.
constexpr unsigned kColdAtOnce = 10;
constexpr core::Interval kColdRest = std::chrono::milliseconds{100};
/// A hot socket that was read so short a time ago is not watched for a while, but read each time
/// this is over until nothing has come: of a thousand routers that speak one after the other many
/// are read in one go, and nobody hears a packet later than that.
constexpr core::Interval kHotRest = std::chrono::milliseconds{1};

/// Kinds of lines that the network can provoke.
constexpr unsigned kBrokenPackets = 0;
constexpr unsigned kReceiveErrors = 1;

core::Result<WireKey> key_of(const SocketGrant& grant) {
    if (grant.interface().size() >= 16 || (grant.interface().empty() && !grant.unicast()))
        return core::Error::from_errno(EBADMSG, "SocketGrant without an interface");
    return WireKey{.interface = grant.interface(),
                   .family = grant.ipv6() ? core::Family::ipv6 : core::Family::ipv4,
                   .unicast = grant.unicast(),
                   .authentication_header = grant.authentication_header()};
}

SendKey send_key_of(const SocketGrant& grant) {
    SendKey key{.source = core::Address::from_bytes(grant.source_address()),
                .interface = grant.send_interface(),
                .own_checksum = grant.own_checksum()};
    if (grant.has_time_to_live())
        key.time_to_live = static_cast<std::uint8_t>(grant.time_to_live());
    return key;
}

}  // namespace

/// A socket that is read. Its watch goes before its descriptor.
struct Sockets::Receiver {
    core::UniqueFd socket;
    bool cold = false;
    std::uint64_t drop_until_ns = 0;  // the replaced socket had these too
    std::unique_ptr<loop::FdWatch> watch;
    core::Instant read_at{};
    std::unique_ptr<loop::Timer> rest;  // of a cold one
};

Sockets::Sockets(loop::Loop& loop, log::Logger& log, Handlers handlers)
    : loop_(loop),
      log_(log),
      handlers_(std::move(handlers)),
      limit_({.every = std::chrono::seconds{60}, .burst = 1}),
      round_(loop, [this] { read_busy(); }) {}

Sockets::~Sockets() = default;

core::Status Sockets::grant(const SocketGrant& grant, core::UniqueFd socket) {
    const auto where = key_of(grant);
    if (!where) return where.error();
    Set& set = sets_[*where];
    int error = static_cast<int>(grant.error());
    if (error == 0 && !socket) error = EBADF;
    if (error == 0) set.index = grant.ifindex();
    switch (grant.kind()) {
        case messages::v1::SOCKET_SEND:
            set.senders[send_key_of(grant)] = {.socket = std::move(socket),
                                               .error = error,
                                               .bound = {},
                                               .index = error == 0 ? grant.send_ifindex() : 0};
            return core::Done{};
        case messages::v1::SOCKET_HOT:
        case messages::v1::SOCKET_COLD:
            grant_receiver(*where, set, grant.kind() == messages::v1::SOCKET_COLD, error,
                           std::move(socket));
            return core::Done{};
        case messages::v1::SOCKET_NETLINK_MONITOR:
            break;
    }
    return core::Error::from_errno(EBADMSG, "SocketGrant of an odd kind");
}

void Sockets::grant_receiver(const WireKey& where, Set& set, bool cold, int error,
                             core::UniqueFd socket) {
    auto& receiver = cold ? set.cold : set.hot;
    if (!cold) set.error = error;
    if (error == 0)
        replace(where, receiver, std::move(socket), cold);
    else
        receiver.reset();
}

void Sockets::replace(const WireKey& where, std::unique_ptr<Receiver>& receiver,
                      core::UniqueFd socket, bool cold) {
    auto fresh = std::make_unique<Receiver>();
    fresh->socket = std::move(socket);
    fresh->cold = cold;
    const bool replaces = receiver && begun_;
    if (replaces) {
        fresh->drop_until_ns = static_cast<std::uint64_t>(loop_.wall_clock_seconds() * 1e9);
        // Nothing that comes later counts twice, and nothing that came before is lost.
        read(where, *receiver, kAtOnce);
    }
    receiver = std::move(fresh);
    if (begun_) watch(where, *receiver);
    if (replaces) {
        // What both had is in its queue by now. Later the stamps say nothing: somebody may set the
        // clock back, and whoever believed them would be deaf until it has caught up.
        read(where, *receiver, kAtOnce);
        receiver->drop_until_ns = 0;
    }
}

void Sockets::begin() {
    begun_ = true;
    for (auto& [where, set] : sets_)
        for (const auto& receiver : {set.hot.get(), set.cold.get()})
            if (receiver != nullptr) watch(where, *receiver);
    for (auto& [where, set] : sets_)
        if (set.hot) read(where, *set.hot, kAtOnce);
}

void Sockets::watch(const WireKey& where, Receiver& receiver) {
    if (receiver.cold)
        receiver.rest =
            std::make_unique<loop::Timer>(loop_, [&receiver] { receiver.watch->want_read(true); });
    receiver.watch = std::make_unique<loop::FdWatch>(loop_, receiver.socket.get(),
                                                     [this, key = where, &receiver] {
                                                         if (receiver.cold)
                                                             cold_readable(key, receiver);
                                                         else
                                                             hot_readable(key, receiver);
                                                     });
}

void Sockets::cold_readable(const WireKey& where, Receiver& receiver) {
    const unsigned count = read(where, receiver, kColdAtOnce);
    receiver.watch->want_read(false);
    receiver.rest->after(kColdRest * std::max(count, 1U) / kColdAtOnce);
}

void Sockets::hot_readable(const WireKey& where, Receiver& receiver) {
    const core::Instant now = loop_.now();
    const bool busy = now < receiver.read_at + kHotRest;
    receiver.read_at = now;
    read(where, receiver, kAtOnce);
    if (!busy) return;
    receiver.watch->want_read(false);
    if (std::ranges::find(busy_, where) == busy_.end()) busy_.push_back(where);
    if (!round_.pending()) round_.after(kHotRest);
}

void Sockets::read_busy() {
    const auto is_quiet = [&](const WireKey& where) {
        const auto found = sets_.find(where);
        if (found == sets_.end() || !found->second.hot || !found->second.hot->watch) return true;
        Receiver& receiver = *found->second.hot;
        if (read(where, receiver, kAtOnce) != 0) return false;
        receiver.watch->want_read(true);
        return true;
    };
    std::erase_if(busy_, is_quiet);
    if (!busy_.empty()) round_.after(kHotRest);
}

unsigned Sockets::read(const WireKey& where, Receiver& receiver, unsigned limit) {
    PacketBatch batch;
    unsigned count = 0;
    while (count < limit) {
        const auto received = batch.receive(receiver.socket.get(), limit - count);
        if (!received) note_receive_error(where, received.error());
        const unsigned taken = received ? *received : 0;
        if (taken == 0) break;
        count += taken;
        hand_on(where, batch, taken, receiver.drop_until_ns);
        if (taken < std::min(PacketBatch::kSize, limit - (count - taken))) break;
    }
    return count;
}

void Sockets::note_receive_error(const WireKey& where, const core::Error& error) {
    const auto left_out = limit_.admit(kReceiveErrors, loop_.now());
    if (!left_out) return;
    log_.warning("VRRP_RECEIVE", fmt::format("{}: {} ({} more like this)", where.interface,
                                             error.text(), *left_out));
}

void Sockets::hand_on(const WireKey& where, const PacketBatch& batch, unsigned count,
                      std::uint64_t drop_until_ns) {
    std::array<Datagram, PacketBatch::kSize> datagrams;
    std::size_t good = 0;
    for (unsigned each = 0; each < count; ++each) {
        const std::uint64_t stamp = drop_until_ns == 0 ? 0 : batch.stamp_ns(each);
        if (stamp != 0 && stamp < drop_until_ns) continue;
        if (const auto datagram = batch.datagram(each, where.family))
            datagrams[good++] = *datagram;
        else
            refuse(where, batch.source(each));
    }
    if (good != 0) handlers_.arrived(where, std::span(datagrams).first(good));
}

void Sockets::refuse(const WireKey& where, const core::Address& source) {
    handlers_.garbage(where, source);
    const auto left_out = limit_.admit(kBrokenPackets, loop_.now());
    if (!left_out) return;
    log_.warning("VRRP_PACKET",
                 fmt::format("refused on {} from {}: {}; {} ({} more like this)", where.interface,
                             source.text(), to_text(Rejection::ip_header),
                             advice_for(Rejection::ip_header), *left_out));
}

void Sockets::read_all(const WireKey& where) {
    const auto found = sets_.find(where);
    if (begun_ && found != sets_.end() && found->second.hot)
        read(where, *found->second.hot, kAtOnce);
}

void Sockets::interface_gone(std::uint32_t index) {
    for (auto& [where, set] : sets_) {
        if (set.index == index) set.index = 0;
        for (auto& [key, sender] : set.senders)
            if (sender.index == index) sender.index = 0;
    }
}

void Sockets::keep_only(const WiresInUse& used) {
    for (auto set = sets_.begin(); set != sets_.end();) {
        const auto kept = used.find(set->first);
        if (kept == used.end()) {
            set = sets_.erase(set);
            continue;
        }
        std::erase_if(set->second.senders,
                      [&](const auto& sender) { return !kept->second.contains(sender.first); });
        ++set;
    }
}

int Sockets::problem(const WireKey& where, const SendKey& key) const {
    const auto found = sets_.find(where);
    if (found == sets_.end()) return ENODEV;
    const Set& set = found->second;
    if (set.error != 0) return set.error;
    const auto sender = set.senders.find(key);
    if (sender == set.senders.end() || !set.hot) return ENODEV;
    const bool awaited = !key.interface.empty() && sender->second.error == ENODEV;
    return awaited ? 0 : sender->second.error;
}

std::uint32_t Sockets::sender_index(const WireKey& where, const SendKey& key) const {
    const auto found = sets_.find(where);
    if (found == sets_.end()) return 0;
    const auto sender = found->second.senders.find(key);
    return sender == found->second.senders.end() ? 0 : sender->second.index;
}

std::uint32_t Sockets::interface_index(const WireKey& where) const {
    const auto found = sets_.find(where);
    return found == sets_.end() ? 0 : found->second.index;
}

/// The kernel's own choice may be a virtual address, which is not how other routers know us, and
/// decides nothing between equal priorities. Where binding fails, that choice has to do.
void Sockets::bind(Sender& sender, const core::Address& source, std::uint32_t index) {
    sockaddr_storage from{};
    const socklen_t size = source.to_sockaddr(0, from, source.is_link_local() ? index : 0);
    if (::bind(sender.socket.get(), reinterpret_cast<const sockaddr*>(&from), size) == 0)
        sender.bound = source;
}

core::Status Sockets::send(const WireKey& where, const Source& source,
                           std::span<const std::byte> message, const core::Address& destination) {
    const auto found = sets_.find(where);
    if (found == sets_.end()) return core::Error::from_errno(ENODEV, "send");
    Set& set = found->second;
    const auto sender = set.senders.find(source.key);
    if (sender == set.senders.end() || !sender->second.socket)
        return core::Error::from_errno(ENODEV, "send");
    const std::uint32_t index = sender->second.index != 0 ? sender->second.index : set.index;
    const bool chosen = !source.key.source && !source.address.is_unspecified();
    if (chosen && sender->second.bound != source.address)
        bind(sender->second, source.address, index);
    if (chosen && source.key.own_checksum && sender->second.bound != source.address)
        return core::Error::from_errno(EADDRNOTAVAIL, "send from " + source.address.text());
    sockaddr_storage to{};
    const bool scoped = destination.is_multicast() || destination.is_link_local();
    const socklen_t size = destination.to_sockaddr(0, to, scoped ? index : 0);
    ssize_t sent = 0;
    do {
        sent = ::sendto(sender->second.socket.get(), message.data(), message.size(),
                        MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return core::Error::last("send to " + destination.text());
    return core::Done{};
}

}  // namespace holdfast::vrrp
