// Interfaces that come, go, and change their names, indexes and addresses.
#include <linux/if_addr.h>

#include <cerrno>

#include "tests/unit/vrrpd/workshop.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;
using std::nullopt;

class Interfaces : public ::testing::Test, public Workshop {
  protected:
    static LinkSettings delays(core::Interval up, core::Interval down) {
        return {.rules = {{"eth0", {.up_delay = up, .down_delay = down}}}, .virtual_addresses = {}};
    }
    static LinkSettings owned(std::initializer_list<const char*> addresses) {
        LinkSettings made;
        for (const char* each : addresses) made.virtual_addresses.insert(address(each));
        return made;
    }
    void put_link(const std::string& name, std::uint32_t index, bool up) {
        set_link(name, index, up);
        links->flush();
    }
    bool runs() { return links->view("eth0").running; }
    std::string cause() {
        const auto& causes = instance(1).router().causes;
        return causes.empty() ? "" : to_text(causes.front().cause);
    }
};

TEST_F(Interfaces, TheSourceIsTheFirstPrimaryAddress) {
    add_address(2, "192.0.2.250", 24, IFA_F_SECONDARY);
    add_address(2, "10.0.0.1", 24);
    EXPECT_EQ(links->source("eth0", address("224.0.0.18"), false), address("192.0.2.1"));
    EXPECT_EQ(links->source("eth0", address("10.0.0.7"), false), address("10.0.0.1"));
    EXPECT_EQ(links->source("eth0", address("fe80::7"), false), nullopt);
    EXPECT_EQ(links->source("eth9", address("224.0.0.18"), false), nullopt);
}

TEST_F(Interfaces, AVirtualAddressIsNeverTheSourceUnlessTheRouterOwnsIt) {
    add_address(2, "10.0.0.1", 24);
    links->adopt(owned({"192.0.2.1"}));
    EXPECT_EQ(links->source("eth0", address("224.0.0.18"), false), address("10.0.0.1"));
    EXPECT_EQ(links->source("eth0", address("224.0.0.18"), true), address("10.0.0.1"));
    links->adopt(owned({"192.0.2.1", "10.0.0.1"}));
    EXPECT_EQ(links->source("eth0", address("224.0.0.18"), false), nullopt);
    EXPECT_EQ(links->source("eth0", address("224.0.0.18"), true), address("192.0.2.1"));
}

TEST_F(Interfaces, ASecondaryAddressIsBetterThanAVirtualOneThatBecamePrimary) {
    add_address(2, "192.0.2.201", 24, IFA_F_SECONDARY);
    EXPECT_EQ(links->source("eth0", address("224.0.0.18"), false), address("192.0.2.1"));
    links->adopt(owned({"192.0.2.1"}));
    EXPECT_EQ(links->source("eth0", address("224.0.0.18"), false), address("192.0.2.201"));
}

TEST_F(Interfaces, TheSourceFollowsTheAddressesOfTheInterface) {
    start(one_instance());
    loop.advance(4s);
    EXPECT_EQ(wire.sent.back().source, address("192.0.2.1"));
    add_address(2, "192.0.2.9", 24);
    table.remove(netlink::key_of(table.find("eth0")->addresses.begin()->second));
    links->flush();
    loop.advance(1s);
    EXPECT_EQ(wire.sent.back().source, address("192.0.2.9"));
    EXPECT_EQ(state(1), StateName::active);
    table.remove(netlink::key_of(table.find("eth0")->addresses.begin()->second));
    links->flush();
    EXPECT_EQ(cause(), "interface eth0 has no usable address");
    add_address(2, "192.0.2.77", 24);
    links->flush();
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(Interfaces, AnAddressThatAnotherHostHasIsNamed) {
    add_address(2, "fe80::1", 64, IFA_F_TENTATIVE);
    start(one_instance("ipv6: true"));
    EXPECT_EQ(state(1), StateName::initialize);
    add_address(2, "fe80::1", 64, IFA_F_TENTATIVE | IFA_F_DADFAILED);
    links->flush();
    EXPECT_EQ(cause(), "another host has the address of interface eth0");
    EXPECT_EQ(state(1), StateName::fault);
    add_address(2, "fe80::2", 64);
    links->flush();
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(Interfaces, AreTheSameUnderTheSameNameAndAnotherIndex) {
    start(one_instance());
    table.remove_link(2);
    links->flush();
    EXPECT_EQ(cause(), "interface eth0 does not exist");
    set_link("eth0", 17, true);
    add_address(17, "192.0.2.1", 24);
    links->flush();
    EXPECT_TRUE(routers->lacks_sockets(instance(1)));
    wire.index = 17;
    routers->judge_interface("eth0");
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(Interfaces, ThatAreRenamedAwayAndBackAreMissingMeanwhile) {
    start(one_instance());
    put_link("eth7", 2, true);
    EXPECT_EQ(cause(), "interface eth0 does not exist");
    put_link("eth0", 2, true);
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(Interfaces, WhoseNamesAreSwappedAreToldApartByName) {
    set_link("eth1", 3, true);
    add_address(3, "198.18.0.1", 24);
    start(one_instance());
    set_link("swap", 2, true);
    set_link("eth0", 3, true);
    set_link("eth1", 2, true);
    links->flush();
    EXPECT_TRUE(routers->lacks_sockets(instance(1)));  // those there are belong to index 2
    wire.index = 3;
    routers->judge_interface("eth0");
    EXPECT_EQ(state(1), StateName::backup);
    loop.advance(4s);
    EXPECT_EQ(wire.sent.back().source, address("198.18.0.1"));
}

TEST_F(Interfaces, AChangedMtuOrHardwareAddressMovesNothing) {
    start(one_instance());
    loop.advance(4s);
    (void)changes();
    netlink::Link link = table.find("eth0")->link;
    link.mtu = 9000;
    table.put(link);
    links->flush();
    EXPECT_EQ(changes(), Texts{});
}

TEST_F(Interfaces, AChangeMustLastForItsDelay) {
    links->adopt(delays(3s, 1s));
    EXPECT_TRUE(runs());
    put_link("eth0", 2, false);
    loop.advance(900ms);
    EXPECT_TRUE(runs());
    put_link("eth0", 2, true);
    loop.advance(5s);
    EXPECT_TRUE(runs());
    put_link("eth0", 2, false);
    loop.advance(1s);
    EXPECT_FALSE(runs());
    put_link("eth0", 2, true);
    loop.advance(2s);
    put_link("eth0", 2, false);
    put_link("eth0", 2, true);  // counts from here
    loop.advance(2s);
    EXPECT_FALSE(runs());
    loop.advance(1s);
    EXPECT_TRUE(runs());
}

TEST_F(Interfaces, ThatVanishAreMissedAtOnce) {
    links->adopt(delays(3s, 10s));
    table.remove_link(2);
    links->flush();
    EXPECT_FALSE(links->view("eth0").exists);
    put_link("eth0", 5, true);
    EXPECT_TRUE(links->view("eth0").exists);
    EXPECT_FALSE(runs());
    loop.advance(3s);
    EXPECT_TRUE(runs());
}

TEST_F(Interfaces, ADelayFromTheConfigurationKeepsTheRole) {
    start(one_instance() + "interfaces { name: 'eth0' down_delay_us: 2000000 }");
    loop.advance(4s);
    (void)changes();
    put_link("eth0", 2, false);
    loop.advance(1900ms);
    EXPECT_EQ(changes(), Texts{});
    loop.advance(100ms);
    EXPECT_EQ(changes(), (Texts{"1 active->fault"}));
}

TEST_F(Interfaces, ADelayThatAReloadTakesAwayHidesNothingAnyMore) {
    start(one_instance() + "interfaces { name: 'eth0' down_delay_us: 20000000 }");
    put_link("eth0", 2, false);
    EXPECT_EQ(state(1), StateName::backup);
    reload(one_instance());
    EXPECT_EQ(state(1), StateName::fault);
}

TEST_F(Interfaces, VirtualAddressesThatComeAndGoConcernNobodyButTheirOwner) {
    std::vector<std::string> told;
    Links watched(loop, pages, [&](const std::string& name) { told.push_back(name); });
    netlink::InterfaceTable seen(&watched);
    watched.use(seen);
    watched.adopt(owned({"192.0.2.50", "192.0.2.51"}));
    const auto happens = [&](const auto& what) {
        what();
        watched.flush();
        return std::exchange(told, {});
    };
    seen.put(table.find("eth0")->link);
    netlink::InterfaceAddress address_of_ours = table.find("eth0")->addresses.begin()->second;
    seen.put(address_of_ours);
    watched.flush();
    told.clear();
    const core::Address group = address("224.0.0.18");
    EXPECT_EQ(watched.source("eth0", group, false), address("192.0.2.1"));

    netlink::InterfaceAddress taken = address_of_ours;
    taken.address = address("192.0.2.50");
    EXPECT_EQ(happens([&] { seen.put(taken); }), Texts{});
    EXPECT_EQ(happens([&] { seen.remove(netlink::key_of(taken)); }), Texts{});
    watched.adopt([&] {
        LinkSettings settings = owned({"192.0.2.50", "192.0.2.51"});
        settings.tracked_sources.insert(taken.address);
        return settings;
    }());
    EXPECT_EQ(watched.source("eth0", group, false), address("192.0.2.1"));
    EXPECT_EQ(happens([&] { seen.put(taken); }), Texts{"eth0"}) << "somebody waits for it";

    watched.adopt(owned({"192.0.2.50", "192.0.2.51"}));
    EXPECT_EQ(watched.source("eth0", group, true), address("192.0.2.1"));
    taken.address = address("192.0.2.51");
    EXPECT_EQ(happens([&] { seen.put(taken); }), Texts{"eth0"}) << "an owner may send from it";

    EXPECT_EQ(happens([&] { watched.adopt(owned({"192.0.2.1"})); }), Texts{"eth0"});
}

TEST_F(Interfaces, ARouterWithoutOneHearsOfItsSockets) {
    wire.error = EPERM;
    wire.index = 0;
    start(
        one_instance("interface: '' source_address: '\\300\\000\\002\\001' "
                     "unicast_peers { address: '\\300\\000\\002\\002' }"));
    EXPECT_EQ(state(1), StateName::fault);
    wire.error = 0;
    routers->judge_interface("");
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(Interfaces, TheOwnOneDoesNotCountWhenItIsNotTracked) {
    start(one_instance("dont_track_primary: true"));
    put_link("eth0", 2, false);
    EXPECT_EQ(state(1), StateName::backup);
    table.remove_link(2);
    links->flush();
    EXPECT_EQ(state(1), StateName::fault);
}

TEST_F(Interfaces, TheStartUpHoldBeginsWhenTheInterfaceIsUsable) {
    put_link("eth0", 2, false);
    start(one_instance() + "global { startup_delay_us: 10000000 }");
    loop.advance(60s);
    put_link("eth0", 2, true);
    EXPECT_EQ(state(1), StateName::backup);
    loop.advance(13600ms);
    EXPECT_TRUE(wire.sent.empty());
    loop.advance(10ms);
    EXPECT_EQ(state(1), StateName::active);
}

TEST_F(Interfaces, AReloadInsideTheHoldKeepsIt) {
    const std::string hold = "global { startup_delay_us: 10000000 }";
    start(one_instance() + hold);
    loop.advance(1s);
    reload(one_instance("priority: 101") + hold);
    loop.advance(8s);
    reload(one_instance("priority: 101"));  // no delay any more: a whole silence from here
    loop.advance(3600ms);
    EXPECT_TRUE(wire.sent.empty());
    loop.advance(10ms);
    EXPECT_EQ(state(1), StateName::active);
}

TEST_F(Interfaces, ADelayAfterBootIsCountedFromThere) {
    // The clock stands at 1000 s.
    loop.sleep(100s);
    start(one_instance() + "global { delay_after_boot_us: 1103000000 }");
    loop.advance(6600ms);
    EXPECT_TRUE(wire.sent.empty());
    loop.advance(10ms);
    EXPECT_EQ(state(1), StateName::active);
}

}  // namespace
}  // namespace holdfast::vrrp
