#include "tests/unit/ipvsd/daemon_fixture.hpp"

namespace holdfast::ipvsd::test {
namespace {

constexpr auto kActive = messages::VRRP_ACTIVE;
constexpr auto kBackup = messages::VRRP_BACKUP;
constexpr auto kFault = messages::VRRP_FAULT;
constexpr auto kInitialize = messages::VRRP_INITIALIZE;

class Roles : public DaemonTest {};
class Loss : public DaemonTest {};
class Repair : public DaemonTest {};
class Reload : public DaemonTest {};
class Ending : public DaemonTest {};

netlink::InterfaceAddress on_eth0(std::uint32_t index, const std::string& text,
                                  std::uint8_t prefix = 24) {
    return {.interface_index = index,
            .address = *core::Address::from_text(text),
            .prefix_length = prefix};
}

TEST_F(Roles, ActiveBringsAllAddressesInOneBatchAndAnnouncesThem) {
    add_instance(1, {"192.0.2.1", "192.0.2.2"}).set_garp_master_repeat(1);
    add_instance(2, {"2001:db8::3"}).set_garp_master_repeat(1);
    start();
    say_all_roles({{1, kBackup}, {2, kBackup}});
    EXPECT_EQ(asked(), 0U);
    say_roles({{1, kActive}, {2, kActive}});
    EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.2 2001:db8::3");
    EXPECT_EQ(asked(), 3U);
    EXPECT_EQ(kernel_.frames().size(), 3U);
    pass(5s);
    EXPECT_EQ(kernel_.frames().size(), 6U);
}

TEST_F(Roles, AddressesCarryWhatTheConfigurationSays) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1", "2001:db8::1", "2001:db8::2"});
    one.mutable_addresses(0)->set_label("eth0:vip");
    one.mutable_addresses(1)->set_dad(true);
    one.mutable_addresses(2)->set_prefix_length(128);
    one.mutable_addresses(2)->set_deprecated(true);
    start();
    say_all_roles({{1, kActive}});
    const auto found = kernel_.addresses();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].label, "eth0:vip");
    EXPECT_EQ(found[0].protocol, kOurProtocol);
    for (const auto& each : found) {
        if (each.address == *core::Address::from_text("2001:db8::1")) {
            EXPECT_TRUE(each.is_tentative());
        }
        if (each.address == *core::Address::from_text("2001:db8::2")) {
            EXPECT_FALSE(each.is_tentative());
            EXPECT_TRUE(each.is_deprecated());
        }
    }
}

TEST_F(Roles, BackupAndFaultTakeThemAway) {
    add_instance(1, {"192.0.2.1", "192.0.2.2"});
    start();
    for (const auto state : {kBackup, kFault, kInitialize}) {
        say_all_roles({{1, kActive}});
        EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.2");
        say_roles({{1, state}});
        EXPECT_EQ(addresses(), "");
        kernel_.forget_frames();
        pass(1h);
        EXPECT_TRUE(kernel_.frames().empty());
    }
}

TEST_F(Roles, AreAnsweredWithWhatTheKernelRefused) {
    add_instance(1, {"192.0.2.1", "192.0.2.2"});
    add_instance(2, {"192.0.2.3"}).mutable_addresses(0)->set_interface("absent0");
    start();
    say_all_roles({{1, kBackup}, {2, kBackup}});
    vrrpd_.take();
    kernel_.refuse_next(
        [](const Change& change) {
            const auto* add = std::get_if<AddAddress>(&change);
            return add != nullptr && add->address.address.text() == "192.0.2.2";
        },
        ENOBUFS);
    say_roles({{1, kActive}, {2, kActive}});
    const auto heard = vrrpd_.take();
    ASSERT_EQ(heard.size(), 1U);
    const messages::InstanceApplied& applied = heard[0].instance_applied();
    EXPECT_EQ(applied.batch(), batch_);
    EXPECT_TRUE(applied.last());
    ASSERT_EQ(applied.results_size(), 2);
    EXPECT_EQ(applied.results(0).error(), static_cast<unsigned>(ENOBUFS));
    EXPECT_EQ(applied.results(0).failed_object(), 102U);
    EXPECT_EQ(applied.results(0).epoch(), epoch_ - 1);
    EXPECT_EQ(applied.results(1).error(), static_cast<unsigned>(ENODEV));
    EXPECT_EQ(applied.results(1).failed_object(), 201U);
    EXPECT_EQ(addresses(), "192.0.2.1");
    pass(2s);  // what was refused is tried again
    EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.2");
    EXPECT_EQ(log_.count("ADDRESS_RESTORED"), 0);
    EXPECT_EQ(log_.count("ADDRESS_FAILED"), 2);
}

TEST_F(Roles, AnAddressOfTwoInstancesStaysWhileOneIsActive) {
    add_instance(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}, {2, kActive}});
    asked();
    say_roles({{1, kBackup}});
    EXPECT_EQ(asked(), 0U);
    EXPECT_EQ(addresses(), "192.0.2.1");
    say_roles({{2, kBackup}});
    EXPECT_EQ(addresses(), "");
}

TEST_F(Roles, AtAColdStartWhoDoesNotBecomeActiveGivesUpWhatIsConfigured) {
    kernel_.apply(std::vector<Change>{AddAddress{on_eth0(eth0_, "192.0.2.1")},
                                      AddAddress{on_eth0(eth0_, "192.0.2.2")},
                                      AddAddress{on_eth0(eth0_, "192.0.2.9")}});
    settle();
    add_instance(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.2"}).set_garp_master_repeat(1);
    asked();
    start();
    EXPECT_EQ(asked(), 0U);  // nobody has said anything yet
    say_all_roles({{2, kActive}});
    EXPECT_EQ(addresses(), "192.0.2.2 192.0.2.9");
    EXPECT_EQ(kernel_.frames().size(), 1U);  // it was there, and is announced all the same
}

TEST_F(Roles, AnnouncementAfterALowerPriorityAdvertisementIsForActiveInstancesOnly) {
    add_instance(1, {"192.0.2.1"}).set_garp_lower_priority_repeat(2);
    start();
    say_all_roles({{1, kBackup}});
    messages::ToIpvsd message;
    message.mutable_announce()->set_instance_id(1);
    message.mutable_announce()->set_reason(messages::Announce::LOWER_PRIORITY_ADVERTISEMENT);
    say(vrrpd_, message);
    EXPECT_TRUE(kernel_.frames().empty());
    say_roles({{1, kActive}});
    kernel_.forget_frames();
    say(vrrpd_, message);
    EXPECT_EQ(kernel_.frames().size(), 2U);
}

TEST_F(Roles, StatusCountsWhatIsReallyThere) {
    add_instance(1, {"192.0.2.1", "192.0.2.2"});
    start();
    say_all_roles({{1, kActive}});
    auto found = status<messages::AddressStatus>(messages::STATUS_ADDRESSES);
    ASSERT_EQ(found.instances_size(), 1);
    EXPECT_EQ(found.instances(0).wanted(), 2U);
    EXPECT_EQ(found.instances(0).installed(), 2U);
    say_roles({{1, kBackup}});
    found = status<messages::AddressStatus>(messages::STATUS_ADDRESSES);
    EXPECT_EQ(found.instances(0).wanted(), 0U);
    EXPECT_EQ(found.instances(0).installed(), 0U);
}

// ---- A daemon is lost -----------------------------------------------------------------------

TEST_F(Loss, OfVrrpdKeepsAddressesForTheDownIntervalThenWithdrawsThem) {
    add_instance(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.2"});
    start();
    say_all_roles({{1, kActive}}, 3600ms);
    say_begin(vrrpd_);
    say_roles({{1, kActive}}, 3600ms);
    say_roles({{2, kActive}}, 100ms);
    say_end(vrrpd_);
    asked();
    kill_vrrpd();
    pass(999ms);
    EXPECT_EQ(asked(), 0U);
    pass(1ms);
    EXPECT_EQ(addresses(), "192.0.2.1");
    pass(2599ms);
    EXPECT_EQ(addresses(), "192.0.2.1");
    pass(1ms);
    EXPECT_EQ(addresses(), "");
    EXPECT_EQ(log_.count("ADDRESSES_WITHDRAWN"), 2);
}

TEST_F(Loss, OfVrrpdIsNotSeenByTheKernelWhenItsSuccessorSpeaksInTime) {
    add_instance(1, {"192.0.2.1", "2001:db8::1"});
    add_instance(2, {"192.0.2.2"});
    start();
    say_all_roles({{1, kActive}, {2, kBackup}});
    pass(10s);
    asked();
    kernel_.forget_frames();
    for (int i = 0; i < 20; ++i) {
        kill_vrrpd();
        pass(500ms);
        connect_vrrpd();
        say_all_roles({{1, kActive}, {2, kBackup}});
        pass(5s);
    }
    EXPECT_EQ(asked(), 0U);
    EXPECT_TRUE(kernel_.frames().empty());
    EXPECT_EQ(addresses(), "192.0.2.1 2001:db8::1");
}

TEST_F(Loss, OfVrrpdDoesNotStopSecondBlocksAndRefreshes) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1"});
    one.set_garp_master_repeat(1);
    one.set_garp_master_refresh_us(2000000);
    start();
    say_all_roles({{1, kActive}}, 60s);
    kill_vrrpd();
    kernel_.forget_frames();
    pass(6s);
    EXPECT_EQ(kernel_.frames().size(), 4U);  // refreshes at 2, 4 and 6 s, second block at 5 s
}

TEST_F(Loss, OfIpvsdIsNotSeenByTheKernel) {
    add_instance(1, {"192.0.2.1", "2001:db8::1"});
    add_instance(2, {"192.0.2.2"});
    start();
    say_all_roles({{1, kActive}, {2, kBackup}});
    pass(10s);
    asked();
    kernel_.forget_frames();
    for (int i = 0; i < 20; ++i) {
        kill_ipvsd();
        start(messages::START_RESTART);
        pass(100ms);
        say_all_roles({{1, kActive}, {2, kBackup}});
        pass(1s);
    }
    EXPECT_EQ(asked(), 0U);
    EXPECT_TRUE(kernel_.frames().empty());
    EXPECT_EQ(addresses(), "192.0.2.1 2001:db8::1");
}

TEST_F(Loss, OfIpvsdBeforeTheSecondBlockLeavesItToTheSuccessor) {
    add_instance(1, {"192.0.2.1"}).set_garp_master_repeat(1);
    start();
    say_all_roles({{1, kActive}});
    kernel_.forget_frames();
    pass(2s);
    kill_ipvsd();
    start(messages::START_RESTART);
    say_all_roles({{1, kActive}});
    pass(2999ms);
    EXPECT_TRUE(kernel_.frames().empty());
    pass(1ms);
    EXPECT_EQ(kernel_.frames().size(), 1U);
}

TEST_F(Loss, OfIpvsdSuccessorLeavesUnknownUntilStateEndThenRemovesWhatTheLedgerNames) {
    add_instance(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.2"});
    start();
    say_all_roles({{1, kActive}, {2, kActive}});
    kill_ipvsd();
    config_.mutable_vrrp_instances()->DeleteSubrange(1, 1);
    kernel_.apply(std::vector<Change>{AddAddress{on_eth0(eth0_, "192.0.2.77")}});
    settle();
    asked();
    start(messages::START_RESTART);
    say_begin(vrrpd_);
    say_roles({{1, kActive}});
    EXPECT_EQ(asked(), 0U);
    say_end(vrrpd_);
    EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.77");
}

TEST_F(Loss, OfIpvsdAndVrrpdAtOnceWithdrawsWhenNobodyComesBack) {
    add_instance(1, {"192.0.2.1"});  // down interval by the configuration: 4 s
    start();
    say_all_roles({{1, kActive}});
    kill_vrrpd();
    kill_ipvsd();
    start(messages::START_RESTART);
    kill_vrrpd();
    pass(3999ms);
    EXPECT_EQ(addresses(), "192.0.2.1");
    pass(1ms);
    EXPECT_EQ(addresses(), "");
}

TEST_F(Loss, AViolationEndsTheChannelAndChangesNothing) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    asked();
    say_roles({{99, kActive}});
    EXPECT_TRUE(vrrpd_.closed);
    EXPECT_EQ(log_.count("PEER_VIOLATION"), 1);
    ASSERT_EQ(supervisor_.heard.size(), 1U);
    EXPECT_EQ(supervisor_.heard[0].peer_violation().peer(), messages::ROLE_VRRPD);
    EXPECT_EQ(asked(), 0U);
    EXPECT_EQ(addresses(), "192.0.2.1");
}

// ---- Drift ----------------------------------------------------------------------------------

TEST_F(Repair, RestoresWhatSomebodyRemovedWithin200MillisecondsAndAnnouncesIt) {
    add_instance(1, {"192.0.2.1", "192.0.2.2"}).set_garp_master_repeat(1);
    start();
    say_all_roles({{1, kActive}});
    pass(10s);
    kernel_.forget_frames();
    for (int i = 1; i <= 5; ++i) {
        kernel_.apply(std::vector<Change>{RemoveAddress{on_eth0(eth0_, "192.0.2.2")}});
        settle();
        EXPECT_EQ(addresses(), "192.0.2.1");
        pass(200ms);
        EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.2");
        EXPECT_EQ(log_.count("ADDRESS_RESTORED"), i);
        EXPECT_EQ(kernel_.frames().size(), static_cast<std::size_t>(i));
    }
}

TEST_F(Repair, ALoopThatRemovesAddressesFillsNoJournal) {
    add_instance(1, {"192.0.2.1", "192.0.2.2"}).set_garp_master_repeat(1);
    start();
    say_all_roles({{1, kActive}});
    for (int i = 0; i < 100; ++i) {
        kernel_.apply(std::vector<Change>{RemoveAddress{on_eth0(eth0_, "192.0.2.2")}});
        settle();
        pass(200ms);
    }
    EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.2");
    EXPECT_LE(log_.count("ADDRESS_RESTORED"), 12);
}

TEST_F(Repair, SparesForeignAddresses) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    kernel_.apply(std::vector<Change>{AddAddress{on_eth0(eth0_, "192.0.2.77")}});
    settle();
    asked();
    pass(10s);
    EXPECT_EQ(asked(), 0U);
    say_roles({{1, kBackup}});
    EXPECT_EQ(addresses(), "192.0.2.77");  // a secondary of ours until then
    pass(10s);
    EXPECT_EQ(addresses(), "192.0.2.77");
}

TEST_F(Repair, FollowsAnInterfaceThatComesBackWithAnotherIndex) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    kernel_.remove_interface(eth0_);
    settle();
    pass(200ms);
    EXPECT_EQ(addresses(), "");
    const std::uint32_t index = kernel_.add_interface("eth0");
    settle();
    pass(200ms);
    EXPECT_EQ(addresses(), "192.0.2.1");
    EXPECT_EQ(kernel_.addresses()[0].interface_index, index);
}

TEST_F(Repair, PutsIpv6AddressesBackThatALinkLost) {
    add_instance(1, {"2001:db8::1"});
    start();
    say_all_roles({{1, kActive}});
    kernel_.set_interface(eth0_, [](netlink::Link& link) { link.flags = 0; });
    kernel_.set_interface(eth0_, [](netlink::Link& link) { link.flags = IFF_UP | IFF_RUNNING; });
    settle();
    pass(200ms);
    EXPECT_EQ(addresses(), "2001:db8::1");
}

TEST_F(Repair, AsksAgainWhenAnswersWereLost) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kBackup}});
    kernel_.lose_answers();
    kernel_.refuse_next([](const Change&) { return true; }, ENOMEM);
    say_roles({{1, kActive}});
    pass(200ms);
    EXPECT_EQ(addresses(), "192.0.2.1");
}

TEST_F(Repair, OwnRequestsAreNeverTakenForSomebodyElses) {
    add_instance(1, {"192.0.2.1", "2001:db8::1"});
    start();
    say_begin(vrrpd_);
    say_end(vrrpd_);
    for (int i = 0; i < 10; ++i) {
        // Faster than the events of the kernel are read.
        for (const auto state : {kBackup, kActive, kBackup, kActive}) {
            messages::ToIpvsd message;
            messages::RoleChange& change = *message.mutable_role_change();
            change.set_batch(++batch_);
            change.set_part(0);
            change.set_last(true);
            messages::InstanceRole& role = *change.add_roles();
            role.set_instance_id(1);
            role.set_state(state);
            role.set_epoch(++epoch_);
            EXPECT_TRUE(vrrpd_.channel->send(message).ok());
        }
        settle();
        pass(1s);
        EXPECT_EQ(addresses(), "192.0.2.1 2001:db8::1");
    }
    EXPECT_EQ(log_.count("ADDRESS_RESTORED"), 0);
}

TEST_F(Repair, OfManyAtOnceFillsNoJournal) {
    std::vector<std::string> list;
    for (int n = 1; n <= 200; ++n) list.push_back("192.0.2." + std::to_string(n));
    add_instance(1, list);
    start();
    say_all_roles({{1, kActive}});
    kernel_.remove_interface(eth0_);
    settle();
    pass(10s);
    EXPECT_EQ(log_.count("ADDRESS_FAILED"), 11);  // ten, and how many more
    EXPECT_EQ(log_.count("ADDRESS_FAILED and 190 more"), 1);
    kernel_.add_interface("eth0");
    settle();
    pass(1s);
    EXPECT_EQ(kernel_.addresses().size(), 200U);
}

TEST_F(Repair, AKernelThatCannotBeReadIsAskedEverMoreSeldom) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    pass(1s);
    const int before = kernel_.address_dumps();
    kernel_.refuse_dumps(ENOMEM);
    kernel_.apply(std::vector<Change>{RemoveAddress{on_eth0(eth0_, "192.0.2.1")}});
    settle();
    pass(1min);
    EXPECT_LE(kernel_.address_dumps() - before, 33);
    EXPECT_LE(log_.count("KERNEL_DUMP"), 10);
    kernel_.refuse_dumps(0);
    pass(2s);
    EXPECT_EQ(addresses(), "192.0.2.1");
}

TEST_F(Repair, ToldOfAnAddressThatAnotherHostHas) {
    add_instance(1, {"2001:db8::1"}).mutable_addresses(0)->set_dad(true);
    start();
    say_all_roles({{1, kActive}});
    kernel_.find_duplicates();
    settle();
    pass(10s);
    EXPECT_EQ(log_.count("ADDRESS_DUPLICATE"), 1);
    const auto shown = status<messages::AddressStatus>(messages::STATUS_ADDRESSES);
    EXPECT_EQ(shown.instances(0).installed(), 0U);
    ASSERT_EQ(shown.instances(0).address_failures_size(), 1);
    EXPECT_NE(shown.instances(0).address_failures(0).find("another host"), std::string::npos);
}

// ---- Reload ---------------------------------------------------------------------------------

TEST_F(Reload, LeavesToOthersWhatItDropsWhileItIsNotThere) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1", "198.51.100.9"});
    one.mutable_addresses(1)->set_interface("eth1");
    kernel_.remove_interface(kernel_.add_interface("eth1"));
    const std::uint32_t index = kernel_.add_interface("eth1");
    settle();
    start();
    say_all_roles({{1, kActive}});
    EXPECT_EQ(kernel_.addresses().size(), 2U);
    kernel_.remove_interface(index);
    settle();
    pass(1s);
    config_.mutable_vrrp_instances(0)->mutable_addresses()->RemoveLast();
    reload();
    say_committed(vrrpd_);
    pass(10s);
    const std::uint32_t again = kernel_.add_interface("eth1");
    settle();
    kernel_.apply(std::vector<Change>{AddAddress{on_eth0(again, "198.51.100.9")}});
    settle();
    pass(10s);
    EXPECT_EQ(addresses(), "192.0.2.1 198.51.100.9");
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(addresses(), "198.51.100.9");
}

TEST_F(Reload, OfAPeerAddressMakesItAnew) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1"});
    one.mutable_addresses(0)->set_peer(octets("198.51.100.1"));
    start();
    say_all_roles({{1, kActive}});
    config_.mutable_vrrp_instances(0)->mutable_addresses(0)->set_peer(octets("198.51.100.2"));
    reload();
    say_committed(vrrpd_);
    ASSERT_EQ(kernel_.addresses().size(), 1U);
    EXPECT_EQ(kernel_.addresses()[0].peer, core::Address::from_text("198.51.100.2"));
}

TEST_F(Reload, ThatChangesNothingAsksTheKernelNothing) {
    add_instance(1, {"192.0.2.1", "2001:db8::1"});
    add_instance(2, {"192.0.2.2"});
    add_service(3, {1, 2, 3});
    start();
    say_all_roles({{1, kActive}, {2, kBackup}});
    pass(10s);
    asked();
    kernel_.forget_frames();
    for (int i = 0; i < 100; ++i) {
        reload();
        say_committed(vrrpd_);
        say_committed(checkerd_);
    }
    EXPECT_EQ(asked(), 0U);
    EXPECT_TRUE(kernel_.frames().empty());
}

TEST_F(Reload, AddsAndRemovesAddressesOfAnActiveInstanceAndAnnouncesTheNewOnes) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1", "192.0.2.2"});
    one.set_garp_master_repeat(1);
    start();
    say_all_roles({{1, kActive}});
    pass(10s);
    kernel_.forget_frames();
    one.mutable_addresses(1)->set_address(octets("192.0.2.3"));
    reload();
    EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.3");
    EXPECT_EQ(kernel_.frames().size(), 1U);
}

TEST_F(Reload, KeepsWhatARemovedInstanceOwnsUntilVrrpdHasCommitted) {
    add_instance(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.2"});
    start();
    say_all_roles({{1, kActive}, {2, kActive}});
    config_.mutable_vrrp_instances()->DeleteSubrange(1, 1);
    reload();
    EXPECT_EQ(addresses(), "192.0.2.1 192.0.2.2");
    say_committed(vrrpd_);
    EXPECT_EQ(addresses(), "192.0.2.1");
    vrrpd_.take();
    say_roles({{2, kInitialize}});
    ASSERT_EQ(vrrpd_.heard.size(), 2U);
    EXPECT_EQ(vrrpd_.heard[0].gone().id(), 2U);
    EXPECT_FALSE(vrrpd_.closed);
}

TEST_F(Reload, ARemovedInstanceMayStillStepDownBefore) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    config_.clear_vrrp_instances();
    reload();
    say_roles({{1, kInitialize}});
    EXPECT_EQ(addresses(), "");
    say_committed(vrrpd_);
    EXPECT_FALSE(vrrpd_.closed);
}

TEST_F(Reload, ThatRenamesAnInstanceMovesNoAddress) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    pass(10s);
    asked();
    one.set_id(5);
    one.set_name("VI_5");
    reload();
    say_roles({{5, kActive}});
    say_committed(vrrpd_);
    EXPECT_EQ(asked(), 0U);
    EXPECT_EQ(addresses(), "192.0.2.1");
}

TEST_F(Reload, ASuccessorsStateEndStandsForCommitted) {
    add_instance(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.2"});
    start();
    say_all_roles({{1, kActive}, {2, kActive}});
    config_.mutable_vrrp_instances()->DeleteSubrange(1, 1);
    reload();
    kill_vrrpd();
    connect_vrrpd();
    say_all_roles({{1, kActive}});
    EXPECT_EQ(addresses(), "192.0.2.1");
}

TEST_F(Reload, WithABadConfigurationIsRefusedAndChangesNothing) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    asked();
    config_.mutable_vrrp_instances(0)->mutable_addresses(0)->set_prefix_length(33);
    EXPECT_FALSE(daemon_->prepare(++generation_, config_).ok());
    daemon_->abort(generation_);
    pass(10s);
    EXPECT_EQ(asked(), 0U);
    EXPECT_EQ(addresses(), "192.0.2.1");
}

// ---- The end --------------------------------------------------------------------------------

TEST_F(Ending, ReleaseRemovesAddressesUnlessTheyAreToBeKept) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    shut_down(messages::Shutdown::RELEASE, false, true);
    EXPECT_EQ(addresses(), "192.0.2.1");
    kill_ipvsd();
    start(messages::START_RESTART);
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(addresses(), "");
}

TEST_F(Ending, QuietLeavesEverything) {
    add_instance(1, {"192.0.2.1"});
    add_service(3, {1});
    start();
    say_all_roles({{1, kActive}});
    asked();
    shut_down(messages::Shutdown::QUIET);
    EXPECT_EQ(asked(), 0U);
}

TEST_F(Ending, AnOrphanRemovesAddressesLeavesIpvsAndMarksItsFile) {
    add_instance(1, {"192.0.2.1"});
    add_service(3, {1});
    start();
    say_all_roles({{1, kActive}});
    bool done = false;
    daemon_->orphan_end([&] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_EQ(addresses(), "");
    EXPECT_EQ(destinations(3), "10.0.0.1=1");
    kill_ipvsd();
    // A successor does not believe the ledger, so the service is foreign unless configured.
    config_.Clear();
    start(messages::START_COLD);
    EXPECT_EQ(destinations(3), "10.0.0.1=1");
}

TEST_F(Ending, AnOrphanHearsWhatVrrpdSaidBeforeItGivesUp) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kBackup}});
    // It waits in the channel while the supervisor goes.
    ASSERT_TRUE(vrrpd_.channel->send(change_of({{1, kActive}})).ok());
    daemon_->orphan_end([] {});
    EXPECT_EQ(addresses(), "");
}

}  // namespace
}  // namespace holdfast::ipvsd::test
