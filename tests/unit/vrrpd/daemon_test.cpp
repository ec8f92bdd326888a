#include <algorithm>
#include <cerrno>
#include <functional>

#include "tests/unit/vrrpd/incarnation.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

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
    EXPECT_EQ(row.advertisements_sent(), 0U) << "nothing went out";
    EXPECT_FALSE(row.has_last_sent_timestamp_seconds());
    EXPECT_EQ(row.addresses_differed(), 0U);
}

TEST_F(VrrpDaemon, TellsWhatCameForNoRouterOfOurs) {
    start(one_instance());
    hot.arrive("192.0.2.2", advertisement(100, 77));
    cold.arrive("192.0.2.3", advertisement(100, 77));
    const std::byte one_octet[] = {std::byte{0x31}};
    cold.arrive("192.0.2.9", one_octet);
    EXPECT_EQ(::write(cold.ours.get(), "x", 1), 1);
    loop.settle();
    messages::v1::VrrpStatus all;
    ASSERT_TRUE(all.ParseFromString(running->daemon.status(messages::v1::STATUS_VRRP).value()));
    ASSERT_EQ(all.unknown_size(), 2);
    EXPECT_EQ(all.unknown(0).interface(), "eth0");
    EXPECT_EQ(all.unknown(0).vrid(), 0U) << "broken: none can be read";
    EXPECT_EQ(all.unknown(0).count(), 2U);
    EXPECT_EQ(all.unknown(1).vrid(), 77U);
    EXPECT_EQ(all.unknown(1).count(), 2U);
    EXPECT_EQ(all.unknown(1).last_source(), "192.0.2.3");
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

TEST_F(VrrpDaemon, AsksForTheSocketsOfTheInterfaceThatChangedOnly) {
    start(one_instance() + one_instance("interface: 'eth1'", 2, 52));
    netlink::Link other = table.find("eth0")->link;
    other.name = "eth1";
    other.index = 3;
    table.put(other);
    EXPECT_TRUE(grant(messages::v1::SOCKET_HOT, {}, EPERM).ok());
    loop.advance(1s);
    running->supervisor.heard.clear();
    running->daemon.links().link_changed(other, nullptr);
    running->daemon.links().flush();
    loop.settle();
    std::vector<std::uint64_t> asked;
    for (const auto& each : running->supervisor.heard)
        if (each.has_socket_request()) asked.push_back(each.socket_request().instance_id());
    EXPECT_EQ(asked, (std::vector<std::uint64_t>{2}));
    loop.advance(5s);  // the other one is not forgotten
    EXPECT_EQ(running->supervisor.heard.back().socket_request().instance_id(), 2U);
    asked.clear();
    for (const auto& each : running->supervisor.heard)
        if (each.has_socket_request()) asked.push_back(each.socket_request().instance_id());
    EXPECT_EQ(asked, (std::vector<std::uint64_t>{2, 1, 2}));
}

TEST_F(VrrpDaemon, AReloadClosesTheSendersThatNobodyUsesAnyMore) {
    start(one_instance());
    FakeRaw old;
    ToVrrpd message;
    auto& made = *message.mutable_socket_grant();
    made.set_interface("eth0");
    made.set_ifindex(2);
    made.set_kind(messages::v1::SOCKET_SEND);
    made.set_send_interface("vrrp.51");
    ipc::Channel::Frame frame{.bytes = message.SerializeAsString()};
    frame.descriptors.push_back(std::move(old.theirs));
    ASSERT_TRUE(running->daemon.message(std::move(frame)).ok());
    EXPECT_EQ(::write(old.ours.get(), "x", 1), 1);
    ASSERT_TRUE(running->daemon.prepare(2, config(one_instance("priority: 101"))).ok());
    running->daemon.commit(2, [] {});
    EXPECT_LT(::write(old.ours.get(), "x", 1), 0) << "vrrpd still has the other end";
}

TEST_F(VrrpDaemon, AsksForSocketsAnewWhenItsInterfaceWasMadeAnewWithTheSameIndex) {
    start(one_instance());
    running->supervisor.heard.clear();
    const netlink::Link eth0 = table.find("eth0")->link;
    running->daemon.links().link_removed(eth0);
    running->daemon.links().link_changed(eth0, nullptr);
    running->daemon.links().flush();
    loop.settle();
    EXPECT_EQ(status().state(), messages::v1::VRRP_FAULT);
    ASSERT_FALSE(running->supervisor.heard.empty());
    const auto& asked = running->supervisor.heard;
    EXPECT_TRUE(
        std::ranges::any_of(asked, [](const auto& one) { return one.has_socket_request(); }));
    EXPECT_TRUE(grant(messages::v1::SOCKET_HOT, hot.theirs).ok());
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

/// The whole list in one part.
ToVrrpd failures_of(const std::vector<std::pair<std::uint64_t, std::string>>& failing) {
    ToVrrpd message;
    auto& list = *message.mutable_interface_failures();
    for (const auto& [id, what] : failing) {
        auto& one = *list.add_failures();
        one.set_instance_id(id);
        one.set_what(what);
    }
    list.set_last(true);
    return message;
}

TEST_F(VrrpDaemon, AVirtualInterfaceThatCannotBeMadeIsAFaultUntilItCan) {
    start(one_instance() + one_instance("", 2, 52));
    running->ipvsd.say(failures_of({{1, "vrrp.51: the name is taken"}}));
    loop.settle();
    EXPECT_EQ(status().state(), messages::v1::VRRP_FAULT);
    ASSERT_EQ(status().causes_size(), 1);
    EXPECT_EQ(status().causes(0).text(), "virtual interface vrrp.51: the name is taken");
    EXPECT_EQ(running->pages.count("VRRP_STATE VI_2"), 1U) << "the other router is not concerned";
    running->ipvsd.say(failures_of({{1, "vrrp.51: no module"}, {77, "unknown here"}}));
    loop.settle();
    EXPECT_EQ(status().causes(0).text(), "virtual interface vrrp.51: no module");
    running->ipvsd.say(failures_of({}));
    loop.settle();
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

TEST_F(VrrpDaemon, AListOfInterfacesInPartsHoldsWhenItIsWhole) {
    start(one_instance());
    ToVrrpd part = failures_of({{1, "vrrp.51: the name is taken"}});
    part.mutable_interface_failures()->set_last(false);
    running->ipvsd.say(part);
    loop.settle();
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
    running->ipvsd.say(failures_of({}));
    loop.settle();
    EXPECT_EQ(status().state(), messages::v1::VRRP_FAULT);
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
    const auto tried = status().send_errors(0).count();  // a socket of the test sends nothing
    bool done = false;
    messages::v1::Shutdown how;
    how.set_mode(messages::v1::Shutdown::RELEASE);
    running->daemon.shut_down(how, [&] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_EQ(status().send_errors(0).count(), tried + 1) << "priority 0";
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
    const auto tried = status().send_errors(0).count();
    messages::v1::Shutdown how;
    how.set_mode(messages::v1::Shutdown::QUIET);
    running->daemon.shut_down(how, [] {});
    EXPECT_EQ(status().send_errors(0).count(), tried);
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
