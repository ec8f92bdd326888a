// Our nftables table in the life of ipvsd.

#include "tests/unit/ipvsd/daemon_fixture.hpp"

namespace holdfast::ipvsd::test {
namespace {

class OurTable : public DaemonTest {
  protected:
    config::VrrpInstance& add_with_vmac(std::uint64_t id) {
        config::VrrpInstance& one = add_instance(id, {"192.0.2." + std::to_string(id)});
        config::VirtualInterface& made = *one.add_virtual_interfaces();
        made.set_name("vrrp." + std::to_string(id));
        made.set_parent("eth0");
        made.set_hardware_address(std::string("\0\0\x5e\0\x01", 5) + static_cast<char>(id));
        for (auto& address : *one.mutable_addresses()) address.set_device(made.name());
        return one;
    }
    config::VrrpInstance& add_refusing(std::uint64_t id, std::vector<std::string> addresses) {
        config::VrrpInstance& one = add_instance(id, std::move(addresses));
        one.set_accept(false);
        return one;
    }
    std::set<std::string> silent() {
        const FirewallTable* table = kernel_.firewall("holdfast");
        return table == nullptr ? std::set<std::string>{"no table"} : table->silent;
    }
    using Names = std::set<std::string>;
};

TEST_F(OurTable, IsNotThereWhenNothingIsFiltered) {
    add_instance(1, {"192.0.2.1"});
    start();
    EXPECT_EQ(kernel_.firewall("holdfast"), nullptr);
}

TEST_F(OurTable, SilencesEveryRouterThatIsNotActive) {
    add_with_vmac(1);
    add_with_vmac(2);
    start();
    EXPECT_EQ(silent(), (Names{"vrrp.1", "vrrp.2"}));
    say_all_roles({{1, messages::VRRP_BACKUP}, {2, messages::VRRP_BACKUP}});
    say_roles({{2, messages::VRRP_ACTIVE}});
    EXPECT_EQ(silent(), Names{"vrrp.1"});
    say_roles({{2, messages::VRRP_BACKUP}});
    EXPECT_EQ(silent(), (Names{"vrrp.1", "vrrp.2"}));
}

TEST_F(OurTable, ARestartSilencesNobodyBeforeHisRoleIsSaid) {
    add_with_vmac(1);
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}});
    kill_ipvsd();
    EXPECT_EQ(silent(), Names{});
    start(messages::START_RESTART);
    EXPECT_EQ(silent(), Names{});
    say_all_roles({{1, messages::VRRP_BACKUP}});
    EXPECT_EQ(silent(), Names{"vrrp.1"});
}

TEST_F(OurTable, RefusesPacketsToAddressesOfNoAcceptAndSaysSoOnce) {
    add_refusing(1, {"192.0.2.1", "2001:db8::1", "fe80::1"});
    add_instance(2, {"192.0.2.2"});
    start();
    const FirewallTable* table = kernel_.firewall("holdfast");
    ASSERT_NE(table, nullptr);
    EXPECT_EQ(table->refused, (std::set<core::Address>{*core::Address::from_text("192.0.2.1"),
                                                       *core::Address::from_text("2001:db8::1")}));
    EXPECT_EQ(table->refused_local, (std::set<std::pair<core::Address, std::string>>{
                                        {*core::Address::from_text("fe80::1"), "eth0"}}));
    reload();
    EXPECT_EQ(log_.count("NO_ACCEPT VI_1: its addresses will not answer: no_accept"), 1);
}

TEST_F(OurTable, IsBackWhenSomebodyFlushesIt) {
    add_with_vmac(1);
    start();
    kernel_.flush_firewall();
    settle();
    EXPECT_EQ(kernel_.firewall("holdfast"), nullptr);
    pass(200ms);
    EXPECT_EQ(silent(), Names{"vrrp.1"});
    EXPECT_EQ(log_.count("FIREWALL_RESTORED"), 1);
}

TEST_F(OurTable, GoesAtTheEnd) {
    add_with_vmac(1);
    start();
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(kernel_.firewall("holdfast"), nullptr);
}

TEST_F(OurTable, OfAKilledRunGoesAtTheNextStartThatNeedsNone) {
    add_refusing(1, {"192.0.2.1"});
    start();
    kill_ipvsd();
    ASSERT_NE(kernel_.firewall("holdfast"), nullptr);
    config_.mutable_vrrp_instances(0)->set_accept(true);
    start();
    EXPECT_EQ(kernel_.firewall("holdfast"), nullptr);
}

TEST_F(OurTable, MovesWithItsName) {
    add_refusing(1, {"192.0.2.1"});
    start();
    config_.mutable_global()->set_nftables_table("other");
    reload();
    EXPECT_EQ(kernel_.firewall("holdfast"), nullptr);
    ASSERT_NE(kernel_.firewall("other"), nullptr);
    kill_ipvsd();
    config_.mutable_global()->clear_nftables_table();
    start();
    EXPECT_EQ(kernel_.firewall("other"), nullptr);
    EXPECT_NE(kernel_.firewall("holdfast"), nullptr);
}

TEST_F(OurTable, AKernelWithoutNftablesIsOneErrorAndHoldsNothingUp) {
    kernel_.refuse_firewall(EPROTONOSUPPORT);
    add_with_vmac(1);
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}});
    EXPECT_EQ(addresses(), "192.0.2.1");
    pass(10s);
    EXPECT_EQ(log_.count("FIREWALL_FAILED"), 1);
    kernel_.refuse_firewall(0);
    pass(3s);
    EXPECT_EQ(silent(), Names{});
}

}  // namespace
}  // namespace holdfast::ipvsd::test
