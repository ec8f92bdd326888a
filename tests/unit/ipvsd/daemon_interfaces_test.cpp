// Virtual interfaces in the life of ipvsd.

#include <linux/if_link.h>
#include <net/if.h>

#include "tests/unit/ipvsd/daemon_fixture.hpp"

namespace holdfast::ipvsd::test {
namespace {

using netlink::Ipv4Setting;

class VirtualInterfaces : public DaemonTest {
  protected:
    VirtualInterfaces() {
        kernel_.ipv4_of(eth0_) = {{Ipv4Setting::arp_announce, 0}, {Ipv4Setting::arp_ignore, 0}};
    }

    config::VrrpInstance& add_with_vmac(std::uint64_t id, std::vector<std::string> addresses) {
        config::VrrpInstance& one = add_instance(id, std::move(addresses));
        config::VirtualInterface& made = *one.add_virtual_interfaces();
        made.set_name("vrrp." + std::to_string(id));
        made.set_parent("eth0");
        made.set_own(true);
        made.set_hardware_address(std::string("\0\0\x5e\0\x01", 5) + static_cast<char>(id));
        for (auto& address : *one.mutable_addresses()) address.set_device(made.name());
        return one;
    }
    /// A macvlan with the virtual MAC address of VRID 1.
    bool somebody_makes(const std::string& name) {
        netlink::NewLink theirs{.name = name, .kind = "macvlan", .parent_index = eth0_};
        theirs.mode = MACVLAN_MODE_BRIDGE;
        const std::byte octets[] = {std::byte{0}, std::byte{0}, std::byte{0x5e},
                                    std::byte{0}, std::byte{1}, std::byte{1}};
        theirs.hardware_address = *netlink::HardwareAddress::from_bytes(octets);
        const LinkChange change = MakeLink{theirs};
        return kernel_.change_links(std::span(&change, 1)).all_done();
    }
    const netlink::Link* link(const std::string& name) {
        const auto* found = kernel_.interfaces().find(name);
        return found == nullptr ? nullptr : &found->link;
    }
    std::string where(const std::string& address) {
        for (const auto& each : kernel_.addresses()) {
            if (each.address.text() != address) continue;
            return kernel_.interfaces().find(each.interface_index)->link.name;
        }
        return "nowhere";
    }
};

TEST_F(VirtualInterfaces, AreMadeUpBeforeAnyRoleIsTold) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    ASSERT_NE(link("vrrp.1"), nullptr);
    EXPECT_TRUE(link("vrrp.1")->is_up());
    EXPECT_EQ(link("vrrp.1")->hardware_address.text(), "00:00:5e:00:01:01");
    EXPECT_EQ(link("vrrp.1")->alias, "holdfast:vrrp.1");
    EXPECT_EQ(kernel_.ipv4_of(eth0_).at(Ipv4Setting::arp_ignore), 1U);
    EXPECT_EQ(log_.count("SETTING_CHANGED"), 2);
}

TEST_F(VirtualInterfaces, CarryTheAddressesAndTheirAnnouncements) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    EXPECT_EQ(where("192.0.2.1"), "nowhere");
    say_roles({{1, messages::VRRP_ACTIVE}});
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    ASSERT_FALSE(kernel_.frames().empty());
    EXPECT_EQ(kernel_.frames()[0].interface_index, link("vrrp.1")->index);
    EXPECT_EQ(std::to_integer<int>(kernel_.frames()[0].octets[11]), 1);  // of the source address
}

TEST_F(VirtualInterfaces, ComeBackWithTheirAddressesWhenSomebodyRemovesThem) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}});
    kernel_.remove_interface(link("vrrp.1")->index);
    pass(200ms);
    ASSERT_NE(link("vrrp.1"), nullptr);
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    EXPECT_EQ(log_.count("INTERFACE_RESTORED"), 1);
}

TEST_F(VirtualInterfaces, AreSetUpAgainWhenSomebodySetsThemDown) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    kernel_.set_interface(link("vrrp.1")->index, [](netlink::Link& one) { one.flags = 0; });
    pass(200ms);
    EXPECT_TRUE(link("vrrp.1")->is_up());
}

TEST_F(VirtualInterfaces, FollowTheirParent) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    kernel_.set_interface(eth0_, [](netlink::Link& one) { one.mtu = 9000; });
    pass(200ms);
    EXPECT_EQ(link("vrrp.1")->mtu, 9000U);
    kernel_.remove_interface(eth0_);
    pass(200ms);
    EXPECT_EQ(link("vrrp.1"), nullptr);
    EXPECT_EQ(log_.count("INTERFACE_FAILED"), 0);
    kernel_.add_interface("eth0");
    pass(200ms);
    ASSERT_NE(link("vrrp.1"), nullptr);
}

TEST_F(VirtualInterfaces, GoAtTheEndAndTheSettingsComeBack) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(link("vrrp.1"), nullptr);
    EXPECT_EQ(kernel_.ipv4_of(eth0_).at(Ipv4Setting::arp_ignore), 0U);
    EXPECT_EQ(kernel_.ipv4_of(eth0_).at(Ipv4Setting::arp_announce), 0U);
}

TEST_F(VirtualInterfaces, OutliveIpvsdAndServeItsSuccessor) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}});
    const std::uint32_t index = link("vrrp.1")->index;
    kill_ipvsd();
    start(messages::START_RESTART);
    EXPECT_EQ(link("vrrp.1")->index, index);
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    say_all_roles({{1, messages::VRRP_ACTIVE}});
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(kernel_.ipv4_of(eth0_).at(Ipv4Setting::arp_ignore), 0U);
}

TEST_F(VirtualInterfaces, LeftoversOfAKilledRunGoAtTheNextStart) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    kill_ipvsd();
    config_.clear_vrrp_instances();
    start();
    EXPECT_EQ(link("vrrp.1"), nullptr);
    EXPECT_EQ(kernel_.ipv4_of(eth0_).at(Ipv4Setting::arp_ignore), 0U);
}

TEST_F(VirtualInterfaces, ComeAndGoWithAReload) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    config_.clear_vrrp_instances();
    add_with_vmac(2, {"192.0.2.2"});
    reload();
    EXPECT_NE(link("vrrp.2"), nullptr);
    EXPECT_NE(link("vrrp.1"), nullptr);  // until vrrpd has told its peers
    say_committed(vrrpd_);
    EXPECT_EQ(link("vrrp.1"), nullptr);
    EXPECT_EQ(kernel_.ipv4_of(eth0_).at(Ipv4Setting::arp_ignore), 1U);
}

TEST_F(VirtualInterfaces, AnythingElseUnderTheNameGetsNoneOfOurAddresses) {
    kernel_.add_interface("vrrp.1");
    kernel_.deliver();
    add_with_vmac(1, {"192.0.2.1"});
    start();
    EXPECT_EQ(log_.count("INTERFACE_FAILED"), 1);
    say_all_roles({{1, messages::VRRP_BACKUP}});
    vrrpd_.take();
    say_roles({{1, messages::VRRP_ACTIVE}});
    EXPECT_EQ(where("192.0.2.1"), "nowhere");
    const auto heard = vrrpd_.take();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard.back().instance_applied().results(0).error(), unsigned{ENODEV});
    kernel_.remove_interface(kernel_.interfaces().find("vrrp.1")->link.index);
    pass(3s);
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    EXPECT_EQ(log_.count("INTERFACE_RECOVERED"), 1);
}

TEST_F(VirtualInterfaces, OneThatIsThereUnderAnotherNameIsUsedAndLeft) {
    ASSERT_TRUE(somebody_makes("mine"));
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}});
    EXPECT_EQ(where("192.0.2.1"), "mine");
    EXPECT_EQ(link("vrrp.1"), nullptr);
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_NE(link("mine"), nullptr);
    EXPECT_EQ(where("192.0.2.1"), "nowhere");
}

// ---- Names that change ----------------------------------------------------------------------

TEST_F(VirtualInterfaces, AnotherNameInTheConfigurationMovesTheAddresses) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}});
    auto& instance = *config_.mutable_vrrp_instances(0);
    instance.mutable_virtual_interfaces(0)->set_name("front");
    instance.mutable_addresses(0)->set_device("front");
    reload();
    say_committed(vrrpd_);
    pass(200ms);
    EXPECT_EQ(link("vrrp.1"), nullptr);
    ASSERT_NE(link("front"), nullptr);
    EXPECT_EQ(where("192.0.2.1"), "front");
    EXPECT_EQ(log_.count("INTERFACE_FAILED") + log_.count("ADDRESS_FAILED"), 0);
}

TEST_F(VirtualInterfaces, OfAnInstanceThatAReloadReplacesTheInterfaceIsUsedUntilItGoes) {
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    config_.clear_vrrp_instances();
    add_with_vmac(2, {"192.0.2.1"});
    auto& made = *config_.mutable_vrrp_instances(0)->mutable_virtual_interfaces(0);
    made.set_hardware_address(std::string("\0\0\x5e\0\x01\x01", 6));
    reload();
    say_roles({{2, messages::VRRP_BACKUP}});
    say_roles({{2, messages::VRRP_ACTIVE}});
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    say_committed(vrrpd_);
    EXPECT_EQ(link("vrrp.1"), nullptr);
    EXPECT_EQ(where("192.0.2.1"), "vrrp.2");
    EXPECT_EQ(kernel_.firewall("holdfast")->virtual_interfaces, std::set<std::string>{"vrrp.2"});
}

TEST_F(VirtualInterfaces, WhenTheBorrowedOneGoesOursTakesItsPlace) {
    ASSERT_TRUE(somebody_makes("mine"));
    add_with_vmac(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}});
    kernel_.set_interface(link("mine")->index, [](netlink::Link& one) { one.name = "yours"; });
    pass(200ms);
    EXPECT_EQ(where("192.0.2.1"), "yours");
    EXPECT_EQ(kernel_.firewall("holdfast")->virtual_interfaces, std::set<std::string>{"yours"});
    kernel_.remove_interface(link("yours")->index);
    pass(200ms);
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    EXPECT_EQ(kernel_.firewall("holdfast")->virtual_interfaces, std::set<std::string>{"vrrp.1"});
}

// ---- What the kernel refuses ----------------------------------------------------------------

TEST_F(VirtualInterfaces, VrrpdIsToldWhichCannotBeMadeAndWhenTheyCan) {
    kernel_.refuse_links(EOPNOTSUPP);
    add_with_vmac(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.2"});
    start();
    const auto failures = [this] {
        std::vector<std::string> texts;
        for (const auto& message : vrrpd_.take()) {
            if (!message.has_interface_failures()) continue;
            EXPECT_TRUE(message.interface_failures().last());
            texts.emplace_back("list");
            for (const auto& each : message.interface_failures().failures()) {
                texts.push_back(std::to_string(each.instance_id()) + " " + each.what());
            }
        }
        return texts;
    };
    EXPECT_TRUE(failures().empty()) << "nobody has asked yet";
    say_all_roles({{1, messages::VRRP_BACKUP}, {2, messages::VRRP_BACKUP}});
    EXPECT_EQ(
        failures(),
        (std::vector<std::string>{
            "list", "1 vrrp.1: this kernel makes no macvlan: its module macvlan is missing"}));
    pass(10s);
    EXPECT_TRUE(failures().empty()) << "nothing has changed";
    EXPECT_EQ(log_.count("INTERFACE_FAILED"), 1);
    kernel_.refuse_links(0);
    pass(3s);
    EXPECT_NE(link("vrrp.1"), nullptr);
    EXPECT_EQ(failures(), std::vector<std::string>{"list"});
    EXPECT_EQ(log_.count("INTERFACE_RECOVERED"), 1);
}

TEST_F(VirtualInterfaces, ARefusedSettingOfTheParentTakesNoAddressAway) {
    kernel_.refuse_edits(EPERM);
    add_with_vmac(1, {"192.0.2.1"});
    add_instance(2, {"192.0.2.2"});
    start();
    say_all_roles({{1, messages::VRRP_BACKUP}, {2, messages::VRRP_BACKUP}});
    say_roles({{1, messages::VRRP_ACTIVE}, {2, messages::VRRP_ACTIVE}});
    EXPECT_EQ(where("192.0.2.1"), "vrrp.1");
    EXPECT_EQ(where("192.0.2.2"), "eth0");
    EXPECT_EQ(log_.count("INTERFACE_FAILED eth0"), 1);
    kernel_.refuse_edits(0);
    pass(3s);
    EXPECT_EQ(kernel_.ipv4_of(eth0_).at(Ipv4Setting::arp_ignore), 1U);
}

TEST_F(VirtualInterfaces, FollowTheirParentIntoItsVrf) {
    add_with_vmac(1, {"192.0.2.1"});
    const std::uint32_t red = kernel_.add_interface("red");
    kernel_.set_interface(red, [](netlink::Link& one) { one.kind = "vrf"; });
    kernel_.set_interface(eth0_, [&](netlink::Link& one) { one.master_index = red; });
    kernel_.deliver();
    start();
    EXPECT_EQ(link("vrrp.1")->master_index, red);
    kernel_.set_interface(eth0_, [](netlink::Link& one) { one.master_index = 0; });
    pass(200ms);
    EXPECT_EQ(link("vrrp.1")->master_index, 0U);
}

}  // namespace
}  // namespace holdfast::ipvsd::test
