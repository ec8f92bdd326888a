#include "vrrpd/daemon.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "lib/ipc/sealed_memory.hpp"
#include "proto/ipvs.pb.h"
#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"
#include "tests/unit/vrrpd/workshop.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;
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

std::vector<std::byte> advertisement(std::uint8_t priority, std::uint8_t vrid = 51) {
    return encode({.version = Version::v3,
                   .vrid = vrid,
                   .priority = priority,
                   .addresses = {address("198.51.100.1")}},
                  {}, address("192.0.2.2"), address("224.0.0.18"));
}

messages::v1::Welcome welcome(messages::v1::StartKind start) {
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

TEST_F(VrrpDaemon, TellsIpvsdEverythingBetweenBeginAndEnd) {
    start(one_instance());
    const auto& heard = running->ipvsd.heard;
    ASSERT_EQ(heard.size(), 3U);
    EXPECT_TRUE(heard[0].has_state_begin());
    ASSERT_TRUE(heard[1].has_role_change());
    EXPECT_TRUE(heard[1].role_change().last());
    ASSERT_EQ(heard[1].role_change().roles_size(), 1);
    EXPECT_EQ(heard[1].role_change().roles(0).state(), messages::v1::VRRP_BACKUP);
    EXPECT_EQ(heard[1].role_change().roles(0).down_interval_us(), 3609375U);
    EXPECT_EQ(heard[2].state_end().count(), 1U);
}

TEST_F(VrrpDaemon, TellsRolesAndEventsWhenItBecomesActive) {
    start(one_instance());
    running->ipvsd.heard.clear();
    running->supervisor.heard.clear();
    loop.advance(3700ms);
    ASSERT_EQ(running->ipvsd.heard.size(), 1U);
    EXPECT_EQ(running->ipvsd.heard[0].role_change().roles(0).state(), messages::v1::VRRP_ACTIVE);
    ASSERT_EQ(running->supervisor.heard.size(), 1U);
    const auto& event = running->supervisor.heard[0].instance_event();
    EXPECT_EQ(event.old_state(), messages::v1::VRRP_BACKUP);
    EXPECT_EQ(event.new_state(), messages::v1::VRRP_ACTIVE);
    EXPECT_EQ(event.priority(), 100U);
    EXPECT_EQ(running->pages.count(
                  "VRRP_STATE VI_1 backup->active: no advertisement for 3.61 s priority=100"),
              1U);
    EXPECT_EQ(status().state(), messages::v1::VRRP_ACTIVE);
    EXPECT_EQ(status().active_address(), "192.0.2.1");
}

TEST_F(VrrpDaemon, TheGroupIsToldBeforeItsMembersAtTheStartAndAfterThemLater) {
    start(one_instance() + one_instance("", 2, 52) +
          "vrrp_sync_groups { id: 100 name: 'G' member_ids: 1 member_ids: 2 }");
    loop.advance(3700ms);
    std::string order;
    for (const ToSupervisor& each : running->supervisor.heard)
        order += each.has_group_event() ? 'G' : 'i';
    EXPECT_EQ(order, "GiiiiG");
}

TEST_F(VrrpDaemon, HearsAnActiveRouterOnItsHotSocket) {
    start(one_instance());
    for (int second = 0; second < 8; ++second) {
        hot.arrive("192.0.2.2", advertisement(150));
        loop.advance(1s);
    }
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
    EXPECT_EQ(status().advertisements_received(), 8U);
    EXPECT_EQ(status().active_address(), "192.0.2.2");
    EXPECT_EQ(status().active_priority(), 150U);
}

TEST_F(VrrpDaemon, ReadsItsColdSocketAHundredTimesASecondAtMost) {
    start(one_instance());
    auto broken = advertisement(150);
    broken[6] ^= std::byte{1};
    for (int round = 0; round < 10; ++round)
        for (int packet = 0; packet < 10; ++packet) cold.arrive("192.0.2.66", broken);
    loop.settle();
    EXPECT_EQ(status().errors_received(), 10U);
    loop.advance(500ms);
    EXPECT_EQ(status().errors_received(), 60U);
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

TEST_F(VrrpDaemon, TellsWhomItHeardWhatItRefusedAndWhyItChanged) {
    start(one_instance("interface: 'eth0' track_interfaces { interface: 'eth0' weight: 10 } "));
    hot.arrive("192.0.2.2", advertisement(50));
    auto broken = advertisement(150);
    broken[6] ^= std::byte{1};
    cold.arrive("192.0.2.66", broken);
    loop.advance(3700ms);
    const auto row = status();
    ASSERT_EQ(row.heard_size(), 1);
    EXPECT_EQ(row.heard(0).address(), "192.0.2.2");
    EXPECT_EQ(row.heard(0).priority(), 50U);
    ASSERT_EQ(row.refused_size(), 1);
    EXPECT_EQ(row.refused(0).reason(), to_text(Rejection::checksum));
    EXPECT_EQ(row.refused(0).last_source(), "192.0.2.66");
    EXPECT_EQ(row.last_transition().new_state(), messages::v1::VRRP_ACTIVE);
    EXPECT_EQ(row.last_transition().reason(), "no advertisement for 3.57 s");
    ASSERT_EQ(row.votes_size(), 2);
    EXPECT_EQ(row.votes(1), "interface eth0 is up: +10");
    // A socket of the test cannot send with an address.
    ASSERT_EQ(row.send_errors_size(), 1);
    EXPECT_EQ(row.send_errors(0).error(), static_cast<unsigned>(EINVAL));
}

TEST_F(VrrpDaemon, NamesAnUnknownVirtualRouterOnce) {
    start(one_instance());
    for (int packet = 0; packet < 5; ++packet) cold.arrive("192.0.2.9", advertisement(1, 99));
    loop.settle();
    EXPECT_EQ(running->pages.count("VRRP_UNKNOWN 192.0.2.9 on eth0 uses virtual router id 99"), 1U);
}

TEST_F(VrrpDaemon, AReplacedSocketIsReadDryAndLosesNothing) {
    start(one_instance());
    hot.arrive("192.0.2.2", advertisement(150));
    const FakeRaw later;
    EXPECT_TRUE(grant(messages::v1::SOCKET_HOT, later.theirs).ok());
    EXPECT_EQ(status().advertisements_received(), 1U);
    later.arrive("192.0.2.2", advertisement(150));
    loop.settle();
    EXPECT_EQ(status().advertisements_received(), 2U);
}

TEST_F(VrrpDaemon, WhatBothTheOldAndTheNewSocketHaveCountsOnce) {
    start(one_instance());
    const FakeRaw later;
    const int on = 1;
    ASSERT_EQ(::setsockopt(later.theirs.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), 0);
    hot.arrive("192.0.2.2", advertisement(150));
    later.arrive("192.0.2.2", advertisement(150));
    EXPECT_TRUE(grant(messages::v1::SOCKET_HOT, later.theirs).ok());
    loop.settle();
    EXPECT_EQ(status().advertisements_received(), 1U);
    later.arrive("192.0.2.2", advertisement(150));
    loop.settle();
    EXPECT_EQ(status().advertisements_received(), 2U);
}

TEST_F(VrrpDaemon, ASuccessorStaysActiveAndSaysSoToIpvsd) {
    start(one_instance());
    loop.advance(3700ms);
    running.reset();
    start(one_instance(), messages::v1::START_RESTART);
    ASSERT_EQ(running->ipvsd.heard.size(), 3U);
    EXPECT_EQ(running->ipvsd.heard[1].role_change().roles(0).state(), messages::v1::VRRP_ACTIVE);
    EXPECT_TRUE(running->supervisor.heard.empty());  // nothing happened
    EXPECT_EQ(status().became_active(), 1U);
}

TEST_F(VrrpDaemon, AColdStartBelievesNothing) {
    start(one_instance());
    loop.advance(3700ms);
    running.reset();
    start(one_instance(), messages::v1::START_COLD);
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

TEST_F(VrrpDaemon, AnIpvsdThatStaysAwayIsAFaultAndItsReturnTheEndOfIt) {
    start(one_instance());
    loop.advance(3700ms);
    ipvsd_answers();
    running->ipvsd.close();
    loop.advance(3600ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_ACTIVE);
    loop.advance(10ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_FAULT);
    EXPECT_EQ(status().causes(0).text(), "ipvsd does not answer");
    Listener<ToIpvsd> successor(loop, ipc::Peer::vrrpd);
    running->daemon.peer_connected(ipc::Peer::ipvsd, successor.other_end());
    loop.settle();
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
    ASSERT_GE(successor.heard.size(), 3U);
    EXPECT_TRUE(successor.heard[0].has_state_begin());
}

TEST_F(VrrpDaemon, AsksForTheSocketsThatAreMissing) {
    start(one_instance());
    EXPECT_TRUE(grant(messages::v1::SOCKET_HOT, {}, EPERM).ok());
    EXPECT_EQ(status().causes(0).text(), "no socket: eth0: Operation not permitted");
    running->daemon.links().link_changed(table.find("eth0")->link, nullptr);
    running->daemon.links().flush();
    loop.settle();
    ASSERT_FALSE(running->supervisor.heard.empty());
    EXPECT_EQ(running->supervisor.heard.back().socket_request().instance_id(), 1U);
    EXPECT_TRUE(grant(messages::v1::SOCKET_HOT, hot.theirs).ok());
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

TEST_F(VrrpDaemon, CommitsAReloadAndTellsIpvsdAfterThePriorityZeros) {
    start(one_instance() + one_instance("", 2, 52));
    loop.advance(3700ms);
    running->ipvsd.heard.clear();
    ASSERT_TRUE(running->daemon.prepare(2, config(one_instance("", 2, 52))).ok());
    bool committed = false;
    running->daemon.commit(2, [&] { committed = true; });
    loop.settle();
    EXPECT_TRUE(committed);
    ASSERT_EQ(running->ipvsd.heard.size(), 2U);
    EXPECT_EQ(running->ipvsd.heard[0].role_change().roles(0).state(),
              messages::v1::VRRP_INITIALIZE);
    EXPECT_EQ(running->ipvsd.heard[1].committed().generation(), 2U);
}

TEST_F(VrrpDaemon, EpochsOfOneIdGrowAlsoWhenAReloadMakesAnotherRouterOfIt) {
    start(one_instance());
    loop.advance(3700ms);
    ASSERT_TRUE(running->daemon.prepare(2, config(one_instance("", 1, 60))).ok());
    running->daemon.commit(2, [] {});
    loop.settle();
    std::vector<std::uint64_t> epochs;
    for (const ToIpvsd& each : running->ipvsd.heard)
        for (const auto& role : each.role_change().roles()) epochs.push_back(role.epoch());
    EXPECT_EQ(epochs.size(), 4U);  // backup, active, initialize, backup
    EXPECT_EQ(std::ranges::adjacent_find(epochs, std::greater_equal<>()), epochs.end());
}

TEST_F(VrrpDaemon, RefusesABrokenConfigurationAndGoesOn) {
    start(one_instance());
    EXPECT_FALSE(running->daemon.prepare(2, config(one_instance("priority: 300"))).ok());
    running->daemon.abort(2);
    loop.advance(3700ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_ACTIVE);
}

TEST_F(VrrpDaemon, StopsWithPriorityZeroAndWithoutAnHeir) {
    start(one_instance());
    loop.advance(3700ms);
    bool done = false;
    messages::v1::Shutdown how;
    how.set_mode(messages::v1::Shutdown::RELEASE);
    running->daemon.shut_down(how, [&] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_EQ(status().priority_zero_sent(), 1U);
    loop.settle();
    EXPECT_EQ(running->ipvsd.heard.back().role_change().roles(0).state(),
              messages::v1::VRRP_INITIALIZE);
    running.reset();
    start(one_instance(), messages::v1::START_RESTART);
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

TEST_F(VrrpDaemon, EndsQuietlyForASuccessor) {
    start(one_instance());
    loop.advance(3700ms);
    messages::v1::Shutdown how;
    how.set_mode(messages::v1::Shutdown::QUIET);
    running->daemon.shut_down(how, [] {});
    EXPECT_EQ(status().priority_zero_sent(), 0U);
    EXPECT_EQ(status().state(), messages::v1::VRRP_ACTIVE);
}

TEST_F(VrrpDaemon, ListensAfterTheMachineSlept) {
    start(one_instance());
    loop.advance(3600ms);
    loop.sleep(60s);
    loop.advance(100ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
    EXPECT_EQ(running->pages.count("VRRP_SLEPT"), 1U);
    loop.advance(3700ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_ACTIVE);
}

TEST_F(VrrpDaemon, ServesNobodyButWhomItsTableNames) {
    start(one_instance());
    ToVrrpd message;
    message.mutable_instance_applied()->set_last(true);
    EXPECT_FALSE(running->daemon.message({.bytes = message.SerializeAsString()}).ok());
    ToVrrpd result;
    result.mutable_track_result()->set_script_id(1);
    EXPECT_TRUE(running->daemon.message({.bytes = result.SerializeAsString()}).ok());
    ipc::Channel::Frame smuggled{.bytes = result.SerializeAsString()};
    smuggled.descriptors.push_back(core::UniqueFd::duplicate_of(hot.ours.get()));
    EXPECT_FALSE(running->daemon.message(std::move(smuggled)).ok());
    EXPECT_FALSE(running->daemon.status(messages::v1::STATUS_CHECKS).ok());
}

}  // namespace
}  // namespace holdfast::vrrp
