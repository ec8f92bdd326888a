#include "ipvsd/interface_plan.hpp"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <array>

namespace holdfast::ipvsd {
namespace {

using netlink::Ipv4Setting;
using netlink::LinkDetails;

netlink::HardwareAddress mac(std::uint8_t last) {
    const std::array octets{std::byte{0}, std::byte{0}, std::byte{0x5e},
                            std::byte{0}, std::byte{1}, static_cast<std::byte>(last)};
    return *netlink::HardwareAddress::from_bytes(octets);
}

VirtualInterface vmac(const std::string& name = "vrrp.51", const std::string& parent = "eth0") {
    return {.name = name, .parent = parent, .kind = "macvlan", .hardware_address = mac(51)};
}

LinkDetails ethernet(std::uint32_t index, const std::string& name) {
    return {.link = {.index = index, .name = name, .flags = IFF_UP | IFF_RUNNING, .mtu = 1500},
            .ipv4 = {{Ipv4Setting::proxy_arp, 0},
                     {Ipv4Setting::rp_filter, 1},
                     {Ipv4Setting::arp_filter, 0},
                     {Ipv4Setting::arp_announce, 0},
                     {Ipv4Setting::arp_ignore, 0},
                     {Ipv4Setting::promote_secondaries, 0}}};
}

/// As it is after plan_interfaces() has made it.
LinkDetails made(std::uint32_t index, const std::string& name, std::uint32_t parent) {
    LinkDetails link = ethernet(index, name);
    link.link.kind = "macvlan";
    link.link.mode = MACVLAN_MODE_VEPA;
    link.link.parent_index = parent;
    link.link.hardware_address = mac(51);
    link.link.alias = tag_of(name);
    for (const auto& [setting, value] : settings_of_virtual_interfaces()) {
        link.ipv4[setting] = value;
    }
    return link;
}

LinkDetails prepared_parent() {
    LinkDetails parent = ethernet(2, "eth0");
    for (const auto& [setting, value] : settings_of_parents()) parent.ipv4[setting] = value;
    return parent;
}

const InterfaceLedger kLedger{
    .made = {"vrrp.51"},
    .changed = {{{"eth0", Ipv4Setting::arp_announce}, 0}, {{"eth0", Ipv4Setting::arp_ignore}, 0}}};

InterfacePlan plan(const std::vector<VirtualInterface>& wished, const LinksInKernel& kernel,
                   const InterfaceLedger& ledger = {}) {
    return plan_interfaces(wished, {}, kernel, ledger, true);
}

TEST(InterfacePlan, MakesItInVepaModeAndPreparesItsParent) {
    const InterfacePlan made = plan({vmac()}, {{"eth0", ethernet(2, "eth0")}});
    ASSERT_EQ(made.changes.size(), 2U);
    const auto& make = std::get<MakeLink>(made.changes[0]).link;
    EXPECT_EQ(make.name, "vrrp.51");
    EXPECT_EQ(make.parent_index, 2U);
    EXPECT_EQ(make.mode, std::uint32_t{MACVLAN_MODE_VEPA});
    EXPECT_EQ(make.hardware_address, mac(51));
    EXPECT_EQ(make.ipv4.at(Ipv4Setting::rp_filter), 2U);
    const auto& edit = std::get<EditLink>(made.changes[1]);
    EXPECT_EQ(edit.name, "eth0");
    EXPECT_EQ(edit.edit.ipv4, settings_of_parents());
    EXPECT_EQ(made.made, std::set<std::string>{"vrrp.51"});
    EXPECT_EQ(made.changed, kLedger.changed);
}

TEST(InterfacePlan, WhatIsAsWishedIsLeftAlone) {
    const InterfacePlan done =
        plan({vmac()}, {{"eth0", prepared_parent()}, {"vrrp.51", made(3, "vrrp.51", 2)}}, kLedger);
    EXPECT_TRUE(done.changes.empty());
    EXPECT_EQ(done.actual.at("vrrp.51"), "vrrp.51");
}

TEST(InterfacePlan, NothingIsMadeWithoutItsParent) {
    const InterfacePlan none = plan({vmac()}, {});
    EXPECT_TRUE(none.changes.empty());
    EXPECT_TRUE(none.actual.empty());
    EXPECT_TRUE(none.made.empty());
}

TEST(InterfacePlan, ASettingThatIsStricterAlreadyIsKept) {
    LinkDetails parent = ethernet(2, "eth0");
    parent.ipv4[Ipv4Setting::arp_ignore] = 2;
    parent.ipv4[Ipv4Setting::arp_announce] = 2;
    const InterfacePlan only_made = plan({vmac()}, {{"eth0", parent}});
    EXPECT_EQ(only_made.changes.size(), 1U);
    EXPECT_TRUE(only_made.changed.empty());
}

TEST(InterfacePlan, SetDownOrWithAnotherMtuItIsSetRight) {
    LinkDetails down = made(3, "vrrp.51", 2);
    down.link.flags = 0;
    down.link.mtu = 1400;
    const InterfacePlan repaired =
        plan({vmac()}, {{"eth0", prepared_parent()}, {"vrrp.51", down}}, kLedger);
    ASSERT_EQ(repaired.changes.size(), 1U);
    const auto& edit = std::get<EditLink>(repaired.changes[0]).edit;
    EXPECT_EQ(edit.up, true);
    EXPECT_EQ(edit.mtu, 1500U);
}

TEST(InterfacePlan, AnInterfaceOfAnotherNameWithParentAndMacIsUsed) {
    LinkDetails other = made(3, "mine", 2);
    other.link.alias = "somebody's";
    const InterfacePlan used = plan({vmac()}, {{"eth0", prepared_parent()}, {"mine", other}});
    EXPECT_EQ(used.actual.at("vrrp.51"), "mine");
    EXPECT_TRUE(used.changes.empty());
    EXPECT_TRUE(used.made.empty());
}

TEST(InterfacePlan, OneThatIsUsedLeavesPrivateModeSinceItWouldTakeOurPeersWords) {
    LinkDetails other = made(3, "mine", 2);
    other.link.alias.clear();
    other.link.mode = MACVLAN_MODE_PRIVATE;
    const InterfacePlan used = plan({vmac()}, {{"eth0", prepared_parent()}, {"mine", other}});
    ASSERT_EQ(used.changes.size(), 1U);
    EXPECT_EQ(std::get<EditLink>(used.changes[0]).edit.mode, std::uint32_t{MACVLAN_MODE_VEPA});
}

TEST(InterfacePlan, AnotherKindOfInterfaceUnderTheNameIsAConflict) {
    const InterfacePlan refused =
        plan({vmac()}, {{"eth0", prepared_parent()}, {"vrrp.51", ethernet(3, "vrrp.51")}});
    EXPECT_TRUE(refused.changes.empty());
    EXPECT_EQ(refused.conflicts.at("vrrp.51"),
              "there is an interface vrrp.51 that is no macvlan of eth0 with address "
              "00:00:5e:00:01:33");
    EXPECT_FALSE(refused.actual.contains("vrrp.51"));
}

TEST(InterfacePlan, OursOnAFormerParentIsMadeAnew) {
    const InterfacePlan anew =
        plan({vmac()}, {{"eth0", prepared_parent()}, {"vrrp.51", made(3, "vrrp.51", 9)}}, kLedger);
    ASSERT_EQ(anew.changes.size(), 2U);
    EXPECT_EQ(std::get<RemoveLink>(anew.changes[0]).index, 3U);
    EXPECT_EQ(std::get<MakeLink>(anew.changes[1]).link.parent_index, 2U);
    EXPECT_TRUE(anew.gone.empty());
}

TEST(InterfacePlan, LeftoversGoAndSettingsComeBack) {
    const LinksInKernel kernel{{"eth0", prepared_parent()}, {"vrrp.51", made(3, "vrrp.51", 2)}};
    const InterfacePlan removed = plan({}, kernel, kLedger);
    ASSERT_EQ(removed.changes.size(), 3U);
    EXPECT_EQ(std::get<RemoveLink>(removed.changes[0]).name, "vrrp.51");
    EXPECT_EQ(std::get<EditLink>(removed.changes[1]).edit.ipv4,
              (netlink::Ipv4Settings{{Ipv4Setting::arp_announce, 0}}));
    EXPECT_EQ(std::get<EditLink>(removed.changes[2]).edit.ipv4,
              (netlink::Ipv4Settings{{Ipv4Setting::arp_ignore, 0}}));
    EXPECT_EQ(removed.gone, kLedger.made);
    EXPECT_EQ(removed.restored.size(), 2U);
}

TEST(InterfacePlan, AnInterfaceWithoutOurTagIsNeverRemoved) {
    LinkDetails foreign = made(3, "vrrp.51", 2);
    foreign.link.alias = "somebody's";
    const InterfacePlan kept =
        plan({}, {{"vrrp.51", foreign}}, {.made = {"vrrp.51"}, .changed = {}});
    EXPECT_TRUE(kept.changes.empty());
    EXPECT_EQ(kept.gone, std::set<std::string>{"vrrp.51"});
}

TEST(InterfacePlan, ASettingThatSomebodyChangedAfterUsIsTheirs) {
    LinkDetails parent = prepared_parent();
    parent.ipv4[Ipv4Setting::arp_ignore] = 3;
    const InterfacePlan restored =
        plan({}, {{"eth0", parent}}, {.made = {}, .changed = kLedger.changed});
    ASSERT_EQ(restored.changes.size(), 1U);
    EXPECT_EQ(std::get<EditLink>(restored.changes[0]).edit.ipv4,
              (netlink::Ipv4Settings{{Ipv4Setting::arp_announce, 0}}));
    EXPECT_EQ(restored.restored.size(), 2U);
}

TEST(InterfacePlan, ALeftoverOfOursIsNotBorrowedButMakesRoom) {
    const LinksInKernel kernel{{"eth0", prepared_parent()}, {"old", made(3, "old", 2)}};
    InterfaceLedger ledger = kLedger;
    ledger.made = {"old"};
    const InterfacePlan renamed = plan({vmac("new")}, kernel, ledger);
    ASSERT_EQ(renamed.changes.size(), 2U);
    EXPECT_EQ(std::get<RemoveLink>(renamed.changes[0]).name, "old");
    EXPECT_EQ(std::get<MakeLink>(renamed.changes[1]).link.name, "new");
    EXPECT_EQ(renamed.actual.at("new"), "new");
}

TEST(InterfacePlan, WhatIsBorrowedKeepsItsMtu) {
    LinkDetails other = made(3, "mine", 2);
    other.link.alias.clear();
    other.link.mtu = 1400;
    EXPECT_TRUE(plan({vmac()}, {{"eth0", prepared_parent()}, {"mine", other}}).changes.empty());
}

TEST(InterfacePlan, AnIpvlanThatIsWishedOtherwiseIsMadeAnew) {
    VirtualInterface wished{.name = "vrrp.51", .parent = "eth0", .kind = "ipvlan"};
    wished.address =
        netlink::InterfaceAddress{.address = core::Address::v4(0x0a000001U), .prefix_length = 24};
    LinkDetails there = made(3, "vrrp.51", 2);
    there.link.kind = "ipvlan";
    there.link.alias = tag_of(wished);
    const LinksInKernel kernel{{"eth0", prepared_parent()}, {"vrrp.51", there}};
    EXPECT_EQ(there.link.alias, "holdfast:vrrp.51 10.0.0.1/24");
    EXPECT_TRUE(plan({wished}, kernel, kLedger).changes.empty());
    wished.address->address = core::Address::v4(0x0a000002U);
    const InterfacePlan anew = plan({wished}, kernel, kLedger);
    ASSERT_EQ(anew.changes.size(), 2U);
    EXPECT_EQ(std::get<MakeLink>(anew.changes[1]).link.alias, "holdfast:vrrp.51 10.0.0.2/24");
    EXPECT_EQ(plan({}, kernel, kLedger).changes.size(), 3U) << "it goes when nobody wishes it";
}

TEST(InterfacePlan, PromotesSecondariesWhereThatIsAskedAndAsLongAsItIs) {
    const LinksInKernel kernel{{"eth0", ethernet(2, "eth0")}};
    const InterfacePlan set = plan_interfaces({}, {"eth0"}, kernel, {}, true);
    ASSERT_EQ(set.changes.size(), 1U);
    EXPECT_EQ(std::get<EditLink>(set.changes[0]).edit.ipv4, settings_of_promoting());
    LinksInKernel after = kernel;
    after["eth0"].ipv4[Ipv4Setting::promote_secondaries] = 1;
    EXPECT_TRUE(
        plan_interfaces({}, {"eth0"}, after, {.changed = set.changed}, true).changes.empty());
    const InterfacePlan back = plan_interfaces({}, {}, after, {.changed = set.changed}, true);
    ASSERT_EQ(back.changes.size(), 1U);
    EXPECT_EQ(std::get<EditLink>(back.changes[0]).edit.ipv4,
              (netlink::Ipv4Settings{{Ipv4Setting::promote_secondaries, 0}}));
}

}  // namespace
}  // namespace holdfast::ipvsd
