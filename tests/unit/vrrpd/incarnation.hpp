#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lib/ipc/sealed_memory.hpp"
#include "proto/ipvs.pb.h"
#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"
#include "tests/unit/vrrpd/workshop.hpp"
#include "vrrpd/daemon.hpp"

/// The whole daemon in virtual time: the supervisor, ipvsd and the sockets are played by the test.
namespace holdfast::vrrp::testing {

using messages::v1::ToIpvsd;
using messages::v1::ToSupervisor;
using messages::v1::ToVrrpd;

/// The other end of one of vrrpd's channels: keeps what it is told.
template <class Message>
class Listener {
  public:
    Listener(loop::Loop& loop, ipc::Peer peer)
        : pair_(ipc::make_pair().value()),
          channel_(std::make_unique<ipc::Channel>(
              loop, std::move(pair_.first), peer, ipc::Channel::Limits{},
              ipc::Channel::Handlers{.received =
                                         [this](const ipc::Channel::Frame& frame) {
                                             Message message;
                                             const auto parsed = ipc::parse(frame.bytes, message);
                                             if (parsed) heard.push_back(message);
                                             return parsed;
                                         },
                                     .closed = [](const core::Error&) {}})) {}
    core::UniqueFd other_end() { return std::move(pair_.second); }
    void say(const ToVrrpd& message) { EXPECT_TRUE(channel_->send(message).ok()); }
    void close() { channel_.reset(); }
    std::vector<Message> heard;

  private:
    ipc::Pair pair_;
    std::unique_ptr<ipc::Channel> channel_;
};

/// Two ends of a datagram socket that stands for a raw one: what is written into one end arrives
/// whole at the other. (Sending with an address fails on it, which is counted and logged.)
struct FakeRaw {
    FakeRaw() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
            core::broken_invariant("socketpair");
        ours.reset(ends[0]);
        theirs.reset(ends[1]);
    }
    /// An IPv4 packet as a raw socket shows it.
    void arrive(const char* from, std::span<const std::byte> message) const {
        std::vector<std::byte> packet(20);
        packet[0] = std::byte{0x45};
        packet[2] = static_cast<std::byte>((20 + message.size()) >> 8U);
        packet[3] = static_cast<std::byte>((20 + message.size()) & 0xffU);
        packet[8] = std::byte{255};
        packet[9] = std::byte{112};
        std::ranges::copy(address(from).bytes(), packet.begin() + 12);
        std::ranges::copy(address("224.0.0.18").bytes(), packet.begin() + 16);
        packet.insert(packet.end(), message.begin(), message.end());
        EXPECT_EQ(::write(ours.get(), packet.data(), packet.size()),
                  static_cast<ssize_t>(packet.size()));
    }
    core::UniqueFd ours;
    core::UniqueFd theirs;
};

inline std::vector<std::byte> advertisement(std::uint8_t priority, std::uint8_t vrid = 51) {
    return encode({.version = Version::v3,
                   .vrid = vrid,
                   .priority = priority,
                   .addresses = {address("198.51.100.1")}},
                  {}, address("192.0.2.2"), address("224.0.0.18"));
}

inline messages::v1::Welcome welcome(messages::v1::StartKind start) {
    messages::v1::Welcome made;
    made.set_role(messages::v1::ROLE_VRRPD);
    made.set_start(start);
    made.set_boot_id(std::string(16, 'b'));
    made.set_netns_cookie(5);
    return made;
}

class StateMemory {
  public:
    StateMemory() : memory_(ipc::make_memory("state").value()) {
        const auto size = static_cast<off_t>(state::file_size(300, daemon::kVrrpdRecord));
        if (::posix_fallocate(memory_.get(), 0, size) != 0) core::broken_invariant("no memory");
    }
    [[nodiscard]] core::UniqueFd descriptor() const {
        return core::UniqueFd::duplicate_of(memory_.get());
    }

  private:
    core::UniqueFd memory_;
};

/// One incarnation with the supervisor and ipvsd played by the test.
struct Incarnation {
    Incarnation(loop::Loop& loop, messages::v1::StartKind start)
        : supervisor(loop, ipc::Peer::vrrpd),
          ipvsd(loop, ipc::Peer::vrrpd),
          channel(loop, supervisor.other_end(), ipc::Peer::supervisor, {},
                  {.received = [](const ipc::Channel::Frame&) { return core::Done{}; },
                   .closed = [](const core::Error&) {}}),
          daemon({.loop = loop, .log = pages, .supervisor = channel, .welcome = welcome(start)}) {}

    Pages pages;
    Listener<ToSupervisor> supervisor;
    Listener<ToIpvsd> ipvsd;
    ipc::Channel channel;
    Daemon daemon;
};

class VrrpDaemon : public ::testing::Test {
  protected:
    VrrpDaemon() {
        netlink::Link link;
        link.index = 2;
        link.name = "eth0";
        link.flags = IFF_UP | IFF_RUNNING;
        table.put(link);
        netlink::InterfaceAddress source;
        source.interface_index = 2;
        source.address = address("192.0.2.1");
        source.prefix_length = 24;
        table.put(source);
    }
    static config::v1::Config config(const std::string& text) {
        config::v1::Config made;
        EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &made)) << text;
        return made;
    }
    core::Status grant(messages::v1::SocketKind kind, const core::UniqueFd& socket, int error = 0) {
        ToVrrpd message;
        auto& made = *message.mutable_socket_grant();
        made.set_interface("eth0");
        made.set_ifindex(2);
        made.set_kind(kind);
        if (error != 0) made.set_error(static_cast<std::uint32_t>(error));
        ipc::Channel::Frame frame{.bytes = message.SerializeAsString()};
        if (socket) frame.descriptors.push_back(core::UniqueFd::duplicate_of(socket.get()));
        return running->daemon.message(std::move(frame));
    }
    void start(const std::string& text, messages::v1::StartKind kind = messages::v1::START_COLD) {
        running = std::make_unique<Incarnation>(loop, kind);
        running->daemon.links().use(table);
        EXPECT_TRUE(grant(messages::v1::SOCKET_SEND, send.theirs).ok());
        EXPECT_TRUE(grant(messages::v1::SOCKET_HOT, hot.theirs).ok());
        EXPECT_TRUE(grant(messages::v1::SOCKET_COLD, cold.theirs).ok());
        EXPECT_TRUE(running->daemon.prepare(1, config(text)).ok());
        EXPECT_TRUE(running->daemon.open(memory.descriptor()).ok());
        running->daemon.peer_connected(ipc::Peer::ipvsd, running->ipvsd.other_end());
        running->daemon.activate(1);
        loop.settle();
    }
    /// Answers every role with "applied".
    void ipvsd_answers() {
        ToVrrpd message;
        for (const ToIpvsd& each : running->ipvsd.heard)
            for (const auto& role : each.role_change().roles()) {
                auto& result = *message.mutable_instance_applied()->add_results();
                result.set_instance_id(role.instance_id());
                result.set_epoch(role.epoch());
            }
        message.mutable_instance_applied()->set_last(true);
        running->ipvsd.say(message);
        loop.settle();
    }
    [[nodiscard]] messages::v1::VrrpStatus::Instance status() const {
        messages::v1::VrrpStatus all;
        EXPECT_TRUE(all.ParseFromString(running->daemon.status(messages::v1::STATUS_VRRP).value()));
        return all.instances_size() > 0 ? all.instances(0) : messages::v1::VrrpStatus::Instance{};
    }

    loop::Loop loop{loop::Loop::VirtualTime{kNow}};
    netlink::InterfaceTable table;
    FakeRaw send;
    FakeRaw hot;
    FakeRaw cold;
    StateMemory memory;
    std::unique_ptr<Incarnation> running;
};

}  // namespace holdfast::vrrp::testing
