#include "ipvsd/announcer.hpp"

#include <gtest/gtest.h>

#include "tests/fakes/fake_kernel.hpp"

namespace holdfast::ipvsd {
namespace {

using namespace std::chrono_literals;

constexpr core::ObjectId kInstance{1};

AddressName name(const std::string& text, const std::string& interface = "eth0") {
    return name_of(interface, {.address = *core::Address::from_text(text), .prefix_length = 24});
}

class AnnouncerTest : public testing::Test {
  protected:
    AnnouncerTest() {
        kernel_.add_interface("eth0");
        kernel_.deliver();
    }

    /// Last octets of the announced addresses, in the order of sending.
    std::string take() {
        std::string text;
        for (const Frame& frame : kernel_.frames()) {
            // ARP: the sender's address; NA: the source of the packet.
            const std::size_t last = frame.octets.size() == 42 ? 31 : 37;
            text += std::to_string(std::to_integer<int>(frame.octets[last]));
        }
        kernel_.forget_frames();
        return text;
    }
    std::string after(core::Interval time) {
        loop_.advance(time);
        return take();
    }

    loop::Loop loop_{loop::Loop::VirtualTime{}};
    tests::FakeKernel kernel_;
    Announcer announcer_{loop_, kernel_};
    const Announcer::Targets both_{name("192.0.2.1"), name("2001:db8::2")};
};

TEST_F(AnnouncerTest, SendsABlockAtOnceAddressByAddressAndAnotherAfterTheDelay) {
    announcer_.hold(kInstance, {.delay = 5s, .repeat = 3}, both_);
    EXPECT_EQ(take(), "");
    announcer_.announce(kInstance, both_);
    EXPECT_EQ(take(), "121212");
    EXPECT_EQ(after(4999ms), "");
    EXPECT_EQ(after(1ms), "121212");
    EXPECT_EQ(after(1h), "");
}

TEST_F(AnnouncerTest, SendsNoSecondBlockWithoutDelay) {
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 1}, both_);
    announcer_.announce(kInstance, both_);
    EXPECT_EQ(take(), "12");
    EXPECT_EQ(after(1h), "");
}

TEST_F(AnnouncerTest, RefreshesAllAddressesAtTheirDeadlines) {
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 1, .refresh = 60s, .refresh_repeat = 2},
                    both_);
    EXPECT_EQ(after(59s), "");
    EXPECT_EQ(after(1s), "1212");
    EXPECT_EQ(after(120s), "12121212");
}

TEST_F(AnnouncerTest, LeavesOutARefreshThatIsMuchTooLateSinceOthersMayHaveTakenOver) {
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 1, .refresh = 60s}, both_);
    loop_.stall(200s);
    loop_.settle();
    EXPECT_EQ(take(), "");
    EXPECT_EQ(after(59s), "");
    EXPECT_EQ(after(1s), "12");
}

TEST_F(AnnouncerTest, HoldingAgainDoesNotMoveTheRefresh) {
    const AnnouncementRules rules{.refresh = 60s};
    announcer_.hold(kInstance, rules, both_);
    EXPECT_EQ(after(59s), "");
    announcer_.hold(kInstance, rules, {name("192.0.2.3")});
    EXPECT_EQ(after(1s), "3");
}

TEST_F(AnnouncerTest, AnswersAnAdvertisementOfLowerPriority) {
    announcer_.hold(kInstance, {.lower_priority_delay = 2s, .lower_priority_repeat = 2}, both_);
    announcer_.after_lower_priority(kInstance);
    EXPECT_EQ(take(), "1212");
    EXPECT_EQ(after(2s), "1212");
    EXPECT_EQ(after(1h), "");
    announcer_.hold(kInstance, {.lower_priority_repeat = 0}, both_);
    announcer_.after_lower_priority(kInstance);
    EXPECT_EQ(after(1h), "");
}

TEST_F(AnnouncerTest, SendsNothingMoreOnceTheInstanceIsDropped) {
    announcer_.hold(kInstance, {.repeat = 1000, .refresh = 1s}, both_);
    announcer_.announce(kInstance, both_);
    EXPECT_EQ(take().size(), 128U);  // the first portion
    announcer_.drop(kInstance);
    EXPECT_EQ(after(1h), "");
    announcer_.announce(kInstance, both_);
    announcer_.after_lower_priority(kInstance);
    EXPECT_EQ(after(1h), "");
}

TEST_F(AnnouncerTest, SendsLargeBlocksInPortionsWithTheLoopTurningInBetween) {
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 1000}, both_);
    announcer_.announce(kInstance, both_);
    EXPECT_EQ(take().size(), 128U);
    loop_.settle();
    EXPECT_EQ(take().size(), 2000U - 128U);
}

TEST_F(AnnouncerTest, LeavesOutInterfacesThatAreGoneOrDoNoArp) {
    const std::uint32_t quiet = kernel_.add_interface("lo0");
    kernel_.set_interface(quiet, [](netlink::Link& link) { link.flags |= IFF_NOARP; });
    kernel_.deliver();
    const Announcer::Targets targets{name("192.0.2.1", "gone"), name("192.0.2.2", "lo0"),
                                     name("192.0.2.3")};
    announcer_.hold(kInstance, {.repeat = 1}, targets);
    announcer_.announce(kInstance, targets);
    EXPECT_EQ(take(), "3");
}

TEST_F(AnnouncerTest, SaysThatThisHostIsARouterWhereItForwards) {
    const auto flags = [this] {
        EXPECT_EQ(kernel_.frames().size(), 1U);
        const std::byte octet = kernel_.frames().at(0).octets[58];
        kernel_.forget_frames();
        return octet;
    };
    announcer_.hold(kInstance, {.delay = 1s, .repeat = 1}, {name("2001:db8::2")});
    announcer_.announce_all(kInstance);
    EXPECT_EQ(flags(), std::byte{0x20});
    kernel_.forward_ipv6(kernel_.interfaces().find("eth0")->link.index);
    loop_.advance(1s);
    EXPECT_EQ(flags(), std::byte{0xa0});
}

TEST_F(AnnouncerTest, SendsOnlyTheSecondBlockForWhatAPredecessorBegan) {
    announcer_.hold(kInstance, {.repeat = 1}, both_);
    announcer_.announce_later(kInstance, {name("192.0.2.1")}, loop_.now() + 3s);
    EXPECT_EQ(after(2999ms), "");
    EXPECT_EQ(after(1ms), "1");
}

// ---- Limits ---------------------------------------------------------------------------------

TEST_F(AnnouncerTest, KeepsAnnouncementsOfOneInterfaceApart) {
    announcer_.set_pacing({.of_all = {.arp = 100ms}});
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 2}, both_);
    announcer_.announce(kInstance, both_);
    EXPECT_EQ(take(), "122");  // Neighbor Advertisements have a limit of their own
    EXPECT_EQ(after(99ms), "");
    EXPECT_EQ(after(1ms), "1");
    EXPECT_EQ(after(1h), "");
}

TEST_F(AnnouncerTest, LetsInstancesTakeTurnsUnderALimit) {
    constexpr core::ObjectId kOther{2};
    announcer_.set_pacing({.of_all = {.arp = 10ms}});
    const Announcer::Targets many{name("192.0.2.1"), name("192.0.2.2"), name("192.0.2.3")};
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 2}, many);
    announcer_.hold(kOther, {.delay = 0s, .repeat = 2}, {name("192.0.2.9")});
    announcer_.announce_all(kInstance);
    announcer_.announce_all(kOther);
    EXPECT_EQ(take() + after(1s), "12939123");
}

TEST_F(AnnouncerTest, InterfacesOfAGroupShareItsLimitAndAVirtualOneCountsAsItsParent) {
    kernel_.add_interface("eth1");
    kernel_.add_interface("vrrp.1");
    kernel_.add_interface("eth2");
    kernel_.deliver();
    announcer_.set_pacing({.of_all = {},
                           .groups = {{.arp = 50ms, .interfaces = {"eth0", "eth1"}}},
                           .parents = {{"vrrp.1", "eth1"}}});
    const Announcer::Targets some{name("192.0.2.1"), name("192.0.2.2", "vrrp.1"),
                                  name("192.0.2.3", "eth2")};
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 2}, some);
    announcer_.announce_all(kInstance);
    EXPECT_EQ(take(), "133");
    EXPECT_EQ(after(50ms), "2");
    EXPECT_EQ(after(50ms), "1");
    EXPECT_EQ(after(50ms), "2");
    EXPECT_EQ(after(1h), "");
}

TEST_F(AnnouncerTest, ALimitThatIsSlowerThanTheRequestsHoldsNoMoreThanOneBlock) {
    announcer_.set_pacing({.of_all = {.arp = 1s}});
    announcer_.hold(kInstance, {.lower_priority_delay = 0s, .lower_priority_repeat = 3},
                    {name("192.0.2.1")});
    for (int i = 0; i < 100; ++i) announcer_.after_lower_priority(kInstance);
    EXPECT_EQ(take(), "1");
    EXPECT_LE(after(1h).size(), 3U);
}

TEST_F(AnnouncerTest, DroppingAnInstanceLeavesTheOthersTurns) {
    constexpr core::ObjectId kOther{2};
    announcer_.set_pacing({.of_all = {.arp = 10ms}});
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 5}, {name("192.0.2.1")});
    announcer_.hold(kOther, {.delay = 0s, .repeat = 2}, {name("192.0.2.2")});
    announcer_.announce_all(kInstance);
    announcer_.announce_all(kOther);
    EXPECT_EQ(take(), "1");
    announcer_.drop(kInstance);
    EXPECT_EQ(after(1s), "22");
}

// ---- What has changed meanwhile ------------------------------------------------------------

TEST_F(AnnouncerTest, AnAddressThatIsOursNoLongerIsNotAnnouncedLater) {
    announcer_.hold(kInstance, {.delay = 5s, .repeat = 1}, both_);
    announcer_.announce_all(kInstance);
    EXPECT_EQ(take(), "12");
    announcer_.hold(kInstance, {.delay = 5s, .repeat = 1}, {name("2001:db8::2")});
    EXPECT_EQ(after(1h), "2");
}

TEST_F(AnnouncerTest, NorDoesItWaitForItsTurn) {
    announcer_.set_pacing({.of_all = {.arp = 10ms}});
    const Announcer::Targets three{name("192.0.2.1"), name("192.0.2.2"), name("192.0.2.3")};
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 3}, three);
    announcer_.announce_all(kInstance);
    EXPECT_EQ(take() + after(30ms), "1231");
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 3}, {name("192.0.2.1"), name("192.0.2.3")});
    EXPECT_EQ(after(1h), "313");
    announcer_.announce_all(kInstance);
    EXPECT_EQ(take() + after(1h), "131313");
}

TEST_F(AnnouncerTest, ManyAddressesAreAnnouncedAgainWithoutASearchForEach) {
    Announcer::Targets many;
    for (unsigned i = 0; i < 20'000; ++i) {
        many.push_back(
            name_of("eth0", {.address = core::Address::v4(0x0a000000U + i), .prefix_length = 24}));
    }
    announcer_.hold(kInstance, {.delay = 1s, .repeat = 1}, many);
    announcer_.announce_all(kInstance);
    loop_.settle();
    kernel_.forget_frames();
    announcer_.announce(kInstance, {many.begin(), many.begin() + 2});
    loop_.settle();
    kernel_.forget_frames();
    loop_.advance(1s);
    EXPECT_EQ(kernel_.frames().size(), many.size());
}

// ---- Queues without room --------------------------------------------------------------------

TEST_F(AnnouncerTest, WhatFindsNoRoomIsSentALittleLaterAndNothingTwice) {
    const Announcer::Targets some{name("192.0.2.1"), name("192.0.2.2", "eth1"), name("192.0.2.3")};
    const std::uint32_t second = kernel_.add_interface("eth1");
    kernel_.deliver();
    kernel_.fill_queue(second, true);
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 1}, some);
    announcer_.announce_all(kInstance);
    EXPECT_EQ(take() + after(5ms), "1");
    kernel_.fill_queue(second, false);
    EXPECT_EQ(after(1ms), "23");
    EXPECT_EQ(announcer_.refused(), 0U);
    EXPECT_EQ(announcer_.sent(), 3U);
}

TEST_F(AnnouncerTest, AnInterfaceThatNeverHasRoomHoldsTheOthersUpForAMoment) {
    const std::uint32_t filtered = kernel_.add_interface("eth1");
    kernel_.deliver();
    kernel_.fill_queue(filtered, true);
    Announcer::Targets some;
    for (int i = 0; i < 100; ++i) some.push_back(name("192.0.2.2", "eth1"));
    some.push_back(name("192.0.2.3"));
    announcer_.hold(kInstance, {.delay = 0s, .repeat = 2}, some);
    announcer_.announce_all(kInstance);
    EXPECT_EQ(take() + after(200ms), "33");
    EXPECT_EQ(announcer_.refused(), 200U);
    const int before = kernel_.sends();
    EXPECT_EQ(after(1h), "");
    EXPECT_EQ(kernel_.sends(), before);
    kernel_.fill_queue(filtered, false);
    announcer_.announce(kInstance, {name("192.0.2.2", "eth1")});
    EXPECT_EQ(take() + after(1h), "22");
}

// ---- Other announcements --------------------------------------------------------------------

TEST_F(AnnouncerTest, AnnouncesOnceMoreOnExtraInterfaces) {
    kernel_.add_interface("vrrp.1");
    kernel_.deliver();
    announcer_.hold(kInstance, {.extra = 60s, .extra_interfaces = {"vrrp.1"}},
                    {name("192.0.2.1"), name("192.0.2.2", "vrrp.1")});
    EXPECT_EQ(after(59s), "");
    EXPECT_EQ(after(1s), "2");
    EXPECT_EQ(after(120s), "22");
    announcer_.hold(kInstance, {}, {name("192.0.2.2", "vrrp.1")});
    EXPECT_EQ(after(120s), "");
}

TEST_F(AnnouncerTest, AnnouncesAnAddressThatNobodyHolds) {
    announcer_.announce_other(kInstance, name("192.0.2.7"));
    EXPECT_EQ(take(), "7");
    EXPECT_EQ(after(1h), "");
}

}  // namespace
}  // namespace holdfast::ipvsd
