#include "vrrpd/routers.hpp"

#include <linux/if_addr.h>

#include "proto/vrrp.pb.h"
#include "tests/unit/vrrpd/workshop.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

class RoutersAtWork : public ::testing::Test, public Workshop {
  protected:
    void become_active(const std::string& config = one_instance()) {
        start(config);
        loop.advance(4s);
        ASSERT_EQ(state(1), StateName::active);
        wire.sent.clear();
        (void)changes();
    }
};

TEST_F(RoutersAtWork, AnInstanceAloneBecomesActiveAfterItsDownIntervalAndAdvertises) {
    start(one_instance());
    EXPECT_EQ(changes(), (Texts{"1 init->backup"}));
    loop.advance(3609ms);
    EXPECT_TRUE(wire.sent.empty());
    loop.advance(1ms);
    EXPECT_EQ(changes(), (Texts{"1 backup->active"}));
    loop.advance(5s);
    ASSERT_EQ(wire.sent.size(), 6U);
    for (std::size_t each = 0; each < wire.sent.size(); ++each) {
        EXPECT_EQ(wire.sent[each].at, kNow + 3609375us + each * 1s);
        EXPECT_EQ(wire.sent[each].destination, address("224.0.0.18"));
        EXPECT_EQ(wire.sent[each].priority(), 100U);
    }
    const auto verdict =
        check(instance(1).setting().expected, {.source = address("192.0.2.1"),
                                               .destination = address("224.0.0.18"),
                                               .time_to_live = 255,
                                               .protocol = kProtocol,
                                               .message = wire.sent[0].bytes});
    EXPECT_TRUE(std::holds_alternative<Accepted>(verdict));
}

TEST_F(RoutersAtWork, AHigherPriorityKeepsAnInstanceBackup) {
    start(one_instance());
    for (int second = 0; second < 10; ++second) {
        loop.advance(1s);
        hear(150);
    }
    EXPECT_EQ(state(1), StateName::backup);
    EXPECT_EQ(instance(1).counters().advertisements_received, 10U);
    hear(0);
    loop.advance(609ms);
    EXPECT_EQ(state(1), StateName::backup);
    loop.advance(1ms);
    EXPECT_EQ(state(1), StateName::active);
}

TEST_F(RoutersAtWork, AnUnchangedRouterIsTheSameObjectAfterAHundredReloads) {
    const std::string config = one_instance() + one_instance("", 2, 52);
    become_active(config);
    const Instance* before = &instance(1);
    const SyncGroup* group = &instance(1).group();
    const core::Instant deadline = instance(1).timer.deadline();
    for (int turn = 0; turn < 100; ++turn) reload(config);
    // Also when another one changes.
    reload(one_instance() + one_instance("priority: 50", 2, 52));
    EXPECT_EQ(&instance(1), before);
    EXPECT_EQ(&instance(1).group(), group);
    EXPECT_EQ(instance(1).timer.deadline(), deadline);
    EXPECT_EQ(changes(), Texts{});
    EXPECT_TRUE(wire.sent.empty());
}

TEST_F(RoutersAtWork, AChangedPriorityIsAppliedToTheRunningRouter) {
    become_active();
    const Instance* before = &instance(1);
    reload(one_instance("priority: 120"));
    EXPECT_EQ(&instance(1), before);
    EXPECT_EQ(changes(), Texts{});
    loop.advance(1s);
    ASSERT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(wire.sent[0].priority(), 120U);
}

TEST_F(RoutersAtWork, AShorterIntervalBeginsAtOnce) {
    become_active();
    reload(one_instance("advert_interval_us: 100000"));
    EXPECT_EQ(changes(), Texts{});
    loop.advance(1s);
    EXPECT_EQ(wire.sent.size(), 10U);
}

TEST_F(RoutersAtWork, ARemovedActiveRouterSaysPriorityZero) {
    become_active(one_instance() + one_instance("", 2, 52));
    reload(one_instance("", 2, 52));
    EXPECT_EQ(changes(), (Texts{"1 active->init"}));
    ASSERT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(wire.sent[0].priority(), 0U);
    EXPECT_EQ(routers->find(core::ObjectId{1}), nullptr);
    EXPECT_FALSE(saved.router(core::ObjectId{1}));
    hear(200);  // nobody is there any more
}

TEST_F(RoutersAtWork, ARenamedRouterStaysActive) {
    become_active();
    const Instance* before = &instance(1);
    const core::Instant deadline = instance(1).timer.deadline();
    reload(one_instance("", 7));
    EXPECT_EQ(&instance(7), before);
    EXPECT_EQ(state(7), StateName::active);
    EXPECT_EQ(instance(7).timer.deadline(), deadline);
    EXPECT_TRUE(wire.sent.empty());
    EXPECT_EQ(changes(), (Texts{"7 init->active"}));  // for ipvsd, which knows ids only
}

TEST_F(RoutersAtWork, ARouterThatSpeaksInAnotherWayStaysActive) {
    become_active();
    const Instance* before = &instance(1);
    const std::string peer = "unicast_peers { address: '\\300\\000\\002\\007' } ";
    reload(one_instance(peer));
    loop.advance(1s);
    reload(one_instance(peer + "source_address: '\\300\\000\\002\\001'"));
    loop.advance(1s);
    EXPECT_EQ(&instance(1), before);
    EXPECT_EQ(changes(), Texts{});
    ASSERT_EQ(wire.sent.size(), 2U);
    for (const FakeWire::Sent& each : wire.sent) {
        EXPECT_EQ(each.priority(), 100U);
        EXPECT_EQ(each.destination, address("192.0.2.7"));
    }
}

TEST_F(RoutersAtWork, TwoOfOneVridThatExchangeTheirGroupsAreToldApartByThem) {
    const std::string other = "multicast_group: '\\340\\000\\000\\023'";
    become_active(one_instance() + one_instance(other, 2));
    const Instance* before = &instance(1);
    reload(one_instance(other) + one_instance("", 2));
    EXPECT_EQ(&instance(2), before);
    EXPECT_EQ(state(1), StateName::active);
}

TEST_F(RoutersAtWork, RoutersThatSwapTheirNamesStayActive) {
    become_active(one_instance() + one_instance("", 2, 52));
    const Instance* before = &instance(1);
    reload(one_instance("", 1, 52) + one_instance("", 2, 51));
    EXPECT_EQ(&instance(2), before);
    EXPECT_EQ(state(1), StateName::active);
    EXPECT_EQ(state(2), StateName::active);
    EXPECT_TRUE(wire.sent.empty());
    loop.advance(1s);
    restart();
    start(one_instance("", 1, 52) + one_instance("", 2, 51));
    EXPECT_EQ(state(1), StateName::active);
    EXPECT_EQ(state(2), StateName::active);
}

TEST_F(RoutersAtWork, AnotherVridIsAnotherRouter) {
    become_active();
    reload(one_instance("", 1, 60));
    EXPECT_EQ(changes(), (Texts{"1 active->init", "1 init->backup"}));
    ASSERT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(wire.sent[0].priority(), 0U);
    EXPECT_EQ(std::to_integer<int>(wire.sent[0].bytes[1]), 51);
}

TEST_F(RoutersAtWork, ALostLinkIsAFaultUntilItComesBack) {
    become_active();
    set_link("eth0", 2, false);
    links->flush();
    EXPECT_EQ(changes(), (Texts{"1 active->fault"}));
    EXPECT_EQ(instance(1).router().causes.front().cause,
              (Cause{Cause::Kind::interface_down, "eth0"}));
    ASSERT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(wire.sent[0].priority(), 0U);
    set_link("eth0", 2, true);
    links->flush();
    EXPECT_EQ(changes(), (Texts{"1 fault->backup"}));
}

TEST_F(RoutersAtWork, AMissingInterfaceIsTheOnlyCauseThatCounts) {
    start(one_instance("interface: 'eth9'"));
    EXPECT_EQ(changes(), (Texts{"1 init->fault"}));
    ASSERT_EQ(instance(1).router().causes.size(), 1U);
    EXPECT_EQ(to_text(instance(1).router().causes[0].cause), "interface eth9 does not exist");
    EXPECT_FALSE(routers->lacks_sockets(instance(1)));
    set_link("eth9", 9, true);
    add_address(9, "203.0.113.1", 24);
    links->flush();
    EXPECT_TRUE(routers->lacks_sockets(instance(1)));  // those there are belong to another index
    wire.index = 9;
    routers->judge_interface("eth9");
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(RoutersAtWork, ALinkLocalVirtualAddressIsNoSource) {
    // fe80::0 comes before fe80::1 in every order.
    const std::string config = one_instance(
        "ipv6: true addresses { address: "
        "'\\376\\200\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' prefix_length: 64 }");
    add_address(2, "fe80::", 64);
    add_address(2, "fe80::1", 64);
    start(config);
    loop.advance(4s);
    ASSERT_FALSE(wire.sent.empty());
    EXPECT_EQ(wire.sent[0].source, address("fe80::1"));
}

TEST_F(RoutersAtWork, AnIpv6InstanceWaitsForItsLinkLocalAddress) {
    add_address(2, "fe80::1", 64, IFA_F_TENTATIVE);
    start(one_instance("ipv6: true"));
    // No fault, and nobody is notified: it is only too early.
    EXPECT_EQ(changes(), Texts{});
    EXPECT_EQ(to_text(instance(1).router().causes[0].cause),
              "the address of interface eth0 is still being checked");
    add_address(2, "fe80::1", 64);
    links->flush();
    EXPECT_EQ(state(1), StateName::backup);
    loop.advance(4s);
    EXPECT_EQ(wire.sent.at(0).destination, address("ff02::12"));
}

TEST_F(RoutersAtWork, RefusedSocketsAreNamed) {
    wire.error = EPERM;
    start(one_instance());
    EXPECT_EQ(to_text(instance(1).router().causes[0].cause),
              "no socket: eth0: Operation not permitted");
}

TEST_F(RoutersAtWork, ASuccessorStaysActiveAndSpeaksByItsPredecessorsDeadline) {
    become_active();
    loop.advance(300ms);
    const core::Instant deadline = instance(1).timer.deadline();
    const Counters counters = instance(1).counters();
    restart();
    start(one_instance());
    EXPECT_EQ(changes(), Texts{});
    EXPECT_EQ(state(1), StateName::active);
    EXPECT_EQ(instance(1).counters(), counters);
    wire.sent.clear();
    loop.advance(1s);
    ASSERT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(wire.sent[0].at, deadline);
}

TEST_F(RoutersAtWork, ASuccessorThatComesLateSpeaksAtOnce) {
    become_active();
    routers.reset();
    loop.advance(2s);
    restart();
    start(one_instance());
    wire.sent.clear();
    loop.settle();
    ASSERT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(state(1), StateName::active);
}

TEST_F(RoutersAtWork, ASuccessorThatComesAfterTheDownIntervalStartsCold) {
    become_active();
    routers.reset();
    loop.advance(4s);
    restart();
    start(one_instance());
    EXPECT_EQ(changes(), (Texts{"1 init->backup"}));
}

TEST_F(RoutersAtWork, ABackupSuccessorHearsWhatWaitedBeforeItsTimerActs) {
    start(one_instance());
    loop.advance(3s);
    hear(150);
    routers.reset();
    loop.advance(5s);
    restart();
    wire.queued = [this] { hear(150); };
    start(one_instance());
    loop.settle();
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(RoutersAtWork, ASuccessorBelievesAnAdvertisementThatWasALittleEarly) {
    become_active();
    const core::Instant due = instance(1).timer.deadline();
    loop.advance(due - 400us - loop.now());  // its timer has slack
    loop.settle();
    EXPECT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(instance(1).timer.deadline(), due + 1s);
    restart();
    start(one_instance());
    EXPECT_EQ(state(1), StateName::active);
    EXPECT_EQ(instance(1).timer.deadline(), due - 400us + 1s);
}

TEST_F(RoutersAtWork, ALateTimerReadsTheQueueFirst) {
    become_active();
    wire.queued = [this] { hear(150); };
    // The loop was blocked: the clock is far beyond the deadline when the timer fires.
    instance(1).timer.at(loop.now() - 500ms);
    loop.settle();
    EXPECT_EQ(changes(), (Texts{"1 active->backup"}));
    EXPECT_TRUE(wire.sent.empty());
}

TEST_F(RoutersAtWork, GarbageIsCountedAndLoggedOnceAMinute) {
    become_active();
    Advertisement said{.version = Version::v3, .vrid = 51, .priority = 200};
    auto bytes = encode(said, {}, address("192.0.2.66"), address("224.0.0.18"));
    bytes[6] ^= std::byte{1};
    for (int turn = 0; turn < 1000; ++turn) arrived("192.0.2.66", bytes);
    EXPECT_EQ(instance(1).counters().errors_received, 1000U);
    EXPECT_EQ(pages.count("refused from 192.0.2.66: wrong checksum"), 1U);
    EXPECT_EQ(state(1), StateName::active);
    loop.advance(61s);
    arrived("192.0.2.66", bytes);
    EXPECT_EQ(pages.count("(999 more like this)"), 1U);
}

TEST_F(RoutersAtWork, AnAnswerThatStaysAwayIsAFaultThatIsTriedAgain) {
    answers = true;
    start(one_instance());
    instance(1).kernel.connected();
    loop.advance(3610ms);
    EXPECT_EQ(state(1), StateName::active);
    loop.advance(3s);
    EXPECT_EQ(state(1), StateName::fault);
    EXPECT_EQ(to_text(instance(1).router().causes[0].cause), "ipvsd does not answer");
    EXPECT_EQ(wire.sent.back().priority(), 0U);
    loop.advance(5s);
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(RoutersAtWork, ARefusalOfTheKernelIsAFaultWithItsReason) {
    answers = true;
    start(one_instance());
    instance(1).kernel.connected();
    loop.advance(3610ms);
    instance(1).kernel.applied(1, EPERM);
    EXPECT_EQ(to_text(instance(1).router().causes[0].cause),
              "addresses not installed: ipvsd: Operation not permitted");
    instance(1).kernel.applied(1, 0);  // an answer to something older changes nothing
    EXPECT_EQ(state(1), StateName::fault);
}

TEST_F(RoutersAtWork, WhatTheKernelRefusesAgainAndAgainIsTriedEverMoreRarely) {
    answers = true;
    start(one_instance());
    instance(1).kernel.connected();
    std::uint64_t epoch = 0;
    for (const core::Interval pause : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
        loop.advance(3610ms);
        ASSERT_EQ(state(1), StateName::active);
        instance(1).kernel.applied(++epoch, ENODEV);
        loop.advance(pause - 1ms);
        EXPECT_EQ(state(1), StateName::fault);
        loop.advance(1ms);
        EXPECT_EQ(state(1), StateName::backup);
    }
    loop.advance(3610ms);
    instance(1).kernel.applied(++epoch, 0);
    EXPECT_EQ(state(1), StateName::active);
}

TEST_F(RoutersAtWork, AShortAbsenceOfIpvsdChangesNothing) {
    become_active();
    instance(1).kernel.connected();
    instance(1).kernel.disconnected(3600ms);
    loop.advance(3s);
    instance(1).kernel.connected();
    loop.advance(10s);
    EXPECT_EQ(changes(), Texts{});
    instance(1).kernel.disconnected(3600ms);
    loop.advance(3600ms);
    EXPECT_EQ(changes(), (Texts{"1 active->fault"}));
    instance(1).kernel.connected();
    EXPECT_EQ(changes(), (Texts{"1 fault->backup"}));
}

TEST_F(RoutersAtWork, AnnouncesAtMostOnceASecond) {
    become_active();
    for (int turn = 0; turn < 20; ++turn) {
        hear(50);
        loop.advance(100ms);
    }
    EXPECT_EQ(announced, 2);
}

const char* const kGroup = "vrrp_sync_groups { id: 100 name: 'G' member_ids: 1 member_ids: 2 } ";

TEST_F(RoutersAtWork, ASyncGroupMovesAsOne) {
    start(one_instance() + one_instance("", 2, 52) + kGroup);
    EXPECT_EQ(changes(), (Texts{"1 init->backup", "2 init->backup"}));
    hear(150);
    loop.advance(3700ms);
    EXPECT_EQ(changes(), (Texts{"1 backup->active", "2 backup->active"}));
    hear(150, "192.0.2.2", 52);
    EXPECT_EQ(changes(), (Texts{"1 active->backup", "2 active->backup"}));
}

TEST_F(RoutersAtWork, ASyncGroupReadsASocketOfAllItsMembersOnce) {
    start(one_instance() + one_instance("", 2, 52) + kGroup);
    loop.advance(3700ms);
    EXPECT_EQ(state(2), StateName::active);
    EXPECT_EQ(wire.reads, 2) << "once for the timer of each member";
}

TEST_F(RoutersAtWork, AMemberJoinsARunningGroupWithoutMovingIt) {
    become_active(one_instance() + one_instance("", 2, 52) + kGroup);
    reload(one_instance() + one_instance("", 2, 52) + one_instance("", 3, 53) +
           "vrrp_sync_groups { id: 100 name: 'G' member_ids: 1 member_ids: 2 member_ids: 3 }");
    loop.advance(4s);
    EXPECT_EQ(changes(), (Texts{"3 init->backup", "3 backup->active"}));
}

const char* const kScript =
    "vrrp_scripts { id: 9 name: 'chk' interval_us: 2000000 timeout_us: 1000000 rise: 2 fall: 2 } ";

messages::v1::TrackResult result(messages::v1::ExitClass exit_class, int code) {
    messages::v1::TrackResult made;
    made.set_script_id(9);
    made.set_exit_class(exit_class);
    made.set_code(code);
    return made;
}

TEST_F(RoutersAtWork, AScriptWithoutWeightHoldsTheStartUntilItHasRun) {
    start(kScript + one_instance("track_scripts { script_id: 9 name: 'chk' }"));
    EXPECT_EQ(changes(), Texts{});
    loop.settle();
    EXPECT_EQ(polled.size(), 1U);
    scripts->take(result(messages::v1::EXIT_CODE, 0));
    EXPECT_EQ(changes(), (Texts{"1 init->backup"}));
}

TEST_F(RoutersAtWork, AScriptWithWeightMovesThePriorityAfterItsFall) {
    start(kScript + one_instance("track_scripts { script_id: 9 name: 'chk' weight: -20 }"));
    loop.settle();
    scripts->take(result(messages::v1::EXIT_CODE, 0));
    EXPECT_EQ(instance(1).router().priority, 100);
    for (const int expected : {100, 80, 80}) {
        loop.advance(2s);
        scripts->take(result(messages::v1::EXIT_CODE, 1));
        EXPECT_EQ(instance(1).router().priority, expected);
    }
    EXPECT_EQ(polled.size(), 4U);
}

TEST_F(RoutersAtWork, AWeightOfAGroupCountsWhenTheGroupSaysSo) {
    const auto with = [](const std::string& word) {
        return kScript + one_instance() + one_instance("", 2, 52) +
               "vrrp_sync_groups { id: 100 name: 'G' member_ids: 1 member_ids: 2 " + word +
               " track_scripts { script_id: 9 name: 'chk' weight: -20 } }";
    };
    start(with(""));
    loop.settle();
    scripts->take(result(messages::v1::EXIT_CODE, 1));
    EXPECT_EQ(instance(2).router().priority, 100);
    reload(with("tracking_weight: true"));
    EXPECT_EQ(instance(2).router().priority, 80);
}

TEST_F(RoutersAtWork, TheSupervisorsLimitSaysNothingAboutAScript) {
    start(kScript + one_instance("track_scripts { script_id: 9 name: 'chk' weight: -20 }"));
    loop.settle();
    scripts->take(result(messages::v1::EXIT_NOT_RUN, 0));
    EXPECT_EQ(scripts->condition(core::ObjectId{9}), Condition::unknown);
    loop.advance(2s);
    scripts->take(result(messages::v1::EXIT_NOT_RUN, ENOENT));
    EXPECT_EQ(scripts->condition(core::ObjectId{9}), Condition::down);
}

TEST_F(RoutersAtWork, AScriptAddedByReloadNeitherBlocksNorCounts) {
    become_active();
    reload(kScript + one_instance("track_scripts { script_id: 9 name: 'chk' }"));
    EXPECT_EQ(changes(), Texts{});
    loop.settle();
    scripts->take(result(messages::v1::EXIT_SIGNAL, 9));
    EXPECT_EQ(changes(), (Texts{"1 active->fault"}));
}

TEST_F(RoutersAtWork, ScriptsKeepTheirCountsOverARestart) {
    const std::string config =
        kScript + one_instance("track_scripts { script_id: 9 name: 'chk' weight: -20 }");
    start(config);
    loop.settle();
    scripts->take(result(messages::v1::EXIT_CODE, 0));
    loop.advance(2s);
    scripts->take(result(messages::v1::EXIT_CODE, 1));
    restart();
    start(config);
    EXPECT_EQ(scripts->condition(core::ObjectId{9}), Condition::up);
    const std::size_t before = polled.size();
    loop.advance(1999ms);
    EXPECT_EQ(polled.size(), before);
    loop.advance(1ms);
    EXPECT_EQ(polled.size(), before + 1);
    scripts->take(result(messages::v1::EXIT_CODE, 1));
    EXPECT_EQ(scripts->condition(core::ObjectId{9}), Condition::down);
}

TEST_F(RoutersAtWork, UnicastGoesToEachPeer) {
    start(
        one_instance("unicast: true unicast_peers { address: '\\300\\000\\002\\007' } "
                     "unicast_peers { address: '\\300\\000\\002\\010' }"));
    loop.advance(3700ms);
    ASSERT_EQ(wire.sent.size(), 2U);
    EXPECT_EQ(wire.sent[0].destination, address("192.0.2.7"));
    EXPECT_EQ(wire.sent[1].destination, address("192.0.2.8"));
    EXPECT_TRUE(wire.sent[0].where.unicast);
}

TEST(ModelOfTheConfiguration, RefusesWhatTheProtocolCannotSay) {
    const std::string broken[] = {
        one_instance("", 1, 0),
        one_instance("", 1, 256),
        one_instance("priority: 256"),
        one_instance("advert_interval_us: 41000000"),
        one_instance("advert_interval_us: 15000"),
        one_instance("version: 2 advert_interval_us: 500000"),
        one_instance() + one_instance(),
        one_instance() + "vrrp_sync_groups { id: 5 name: 'G' member_ids: 77 }",
        one_instance("track_scripts { script_id: 9 name: 'chk' }"),
        one_instance("unicast_peers { address: 'abc' }"),
        one_instance(
            "interface: 'eth0' track_interfaces { interface: 'eth0' weight: -2147483648 }"),
    };
    for (const std::string& text : broken) {
        config::v1::Config config;
        ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
        EXPECT_FALSE(build_model(1, config).ok()) << text;
    }
}

}  // namespace
}  // namespace holdfast::vrrp
