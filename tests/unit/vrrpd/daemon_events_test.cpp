#include "tests/unit/vrrpd/incarnation.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;
using messages::v1::Announce;
using messages::v1::InstanceEvent;

/// What the supervisor was told beside transitions, what ipvsd was asked to announce.
class VrrpEvents : public VrrpDaemon {
  protected:
    void become_active(const std::string& text = one_instance()) {
        start(text);
        loop.advance(3700ms);
        ipvsd_answers();
        ASSERT_EQ(status().state(), messages::v1::VRRP_ACTIVE);
        loop.advance(2s);
        running->supervisor.heard.clear();
        running->ipvsd.heard.clear();
    }
    [[nodiscard]] int told(InstanceEvent::What what) const {
        return static_cast<int>(std::ranges::count_if(running->supervisor.heard, [&](auto& each) {
            return each.has_instance_event() && each.instance_event().what() == what;
        }));
    }
    [[nodiscard]] int announced(Announce::Reason reason) const {
        return static_cast<int>(std::ranges::count_if(running->ipvsd.heard, [&](auto& each) {
            return each.has_announce() && each.announce().reason() == reason;
        }));
    }
    void contest(const std::string& what) {
        ToVrrpd message;
        message.mutable_instance_contested()->set_instance_id(1);
        message.mutable_instance_contested()->set_what(what);
        running->ipvsd.say(message);
        loop.settle();
    }
};

TEST_F(VrrpEvents, ADualActiveEpisodeIsToldAndItsEndReassertsTheRoleOnce) {
    become_active();
    for (int second = 0; second < 10; ++second) {
        hot.arrive("192.0.2.2", advertisement(50));
        loop.advance(1s);
    }
    EXPECT_EQ(
        running->pages.count("VRRP_DUAL VI_1 begins: 192.0.2.2 (priority 50) is Active as well"),
        1U);
    auto row = status();
    ASSERT_EQ(row.episodes_size(), 1);
    EXPECT_FALSE(row.episodes(0).has_end_timestamp_seconds());
    ASSERT_EQ(row.warnings_size(), 1);
    EXPECT_EQ(row.warnings(0),
              "peer with lower priority is Active: our advertisements do not reach it");
    EXPECT_EQ(told(InstanceEvent::REASSERTED), 0);
    EXPECT_GE(told(InstanceEvent::LOWER_PRIORITY_HEARD), 9);
    EXPECT_GE(announced(Announce::LOWER_PRIORITY_ADVERTISEMENT), 9);

    loop.advance(10s);
    EXPECT_EQ(running->pages.count("VRRP_DUAL VI_1 ends after 9 s: 192.0.2.2 gave up or fell"), 1U);
    row = status();
    EXPECT_NEAR(row.episodes(0).end_timestamp_seconds() - row.episodes(0).start_timestamp_seconds(),
                9, 0.01);
    EXPECT_EQ(row.warnings_size(), 0);
    EXPECT_EQ(told(InstanceEvent::REASSERTED), 1);
    EXPECT_EQ(announced(Announce::REASSERTED), 1);
    EXPECT_EQ(row.state(), messages::v1::VRRP_ACTIVE);
}

TEST_F(VrrpEvents, APriorityThatChangesIsTold) {
    become_active(
        one_instance("interface: 'eth0' track_interfaces { interface: 'eth1' weight: -20 } "));
    netlink::Link link;
    link.index = 3;
    link.name = "eth1";
    link.flags = IFF_UP | IFF_RUNNING;
    table.put(link);
    running->daemon.links().link_changed(link, nullptr);
    running->daemon.links().flush();
    loop.settle();
    ASSERT_EQ(told(InstanceEvent::PRIORITY_CHANGED), 1);
    const auto& event = running->supervisor.heard.back().instance_event();
    EXPECT_EQ(event.priority(), 100U);
    EXPECT_EQ(event.old_state(), messages::v1::VRRP_ACTIVE);
    EXPECT_EQ(event.new_state(), messages::v1::VRRP_ACTIVE);
}

TEST_F(VrrpEvents, AContestedInstanceStaysAwayForLongerAndLonger) {
    become_active();
    contest("address 198.51.100.1/24");
    EXPECT_EQ(status().state(), messages::v1::VRRP_FAULT);
    EXPECT_EQ(status().causes(0).text(),
              "address 198.51.100.1/24 is being removed by another program");
    loop.advance(9990ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_FAULT);
    loop.advance(20ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
    loop.advance(3700ms);
    ipvsd_answers();
    contest("address 198.51.100.1/24");
    loop.advance(19990ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_FAULT);
    loop.advance(20ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

TEST_F(VrrpEvents, AContestedInstanceIsForgivenAfterALongPeace) {
    become_active();
    contest("address 198.51.100.1/24");
    loop.advance(10010ms);
    loop.advance(301s);
    ipvsd_answers();
    contest("address 198.51.100.1/24");
    loop.advance(10010ms);
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
}

TEST_F(VrrpEvents, OnlyIpvsdMaySayThatAnInstanceIsContested) {
    become_active();
    ToVrrpd message;
    message.mutable_instance_contested()->set_instance_id(1);
    message.mutable_instance_contested()->set_what("address");
    EXPECT_FALSE(running->daemon.message({.bytes = message.SerializeAsString()}).ok());
    EXPECT_EQ(status().state(), messages::v1::VRRP_ACTIVE);
}

TEST_F(VrrpEvents, APacketThatWakesTheMachineIsNotAnsweredBeforeTheSleepWasNoticed) {
    become_active(one_instance("nopreempt: true"));
    loop.sleep(60s);
    hot.arrive("192.0.2.2", advertisement(50));
    loop.settle();
    EXPECT_EQ(status().state(), messages::v1::VRRP_BACKUP);
    EXPECT_EQ(status().active_address(), "192.0.2.2");
    EXPECT_EQ(running->pages.count("VRRP_DUAL"), 2U);  // begins and ends
}

}  // namespace
}  // namespace holdfast::vrrp
