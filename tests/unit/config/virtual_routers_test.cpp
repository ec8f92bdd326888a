// What the resolution makes of a virtual router, where the samples of keywords do not reach.
#include <gtest/gtest.h>

#include "lib/core/address.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

using testing::has_class;
using testing::load_text;
using testing::rendered;

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

LoadResult load_instance(const std::string& settings) {
    return load_text("vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\n" + settings +
                     "\nvirtual_ipaddress { 192.0.2.10 }\n}\n");
}
const v1::VrrpInstance& only_instance(const LoadResult& result) {
    return result.config.vrrp_instances(0);
}

TEST(VirtualRouter, SendsFromTheAddressThatWasNamedLast) {
    const LoadResult result = load_instance(
        "mcast_src_ip 192.0.2.1\nunicast_src_ip 192.0.2.2\n"
        "unicast_peer {\n192.0.2.3 min_ttl 254\n}");
    ASSERT_TRUE(result.usable) << rendered(result);
    EXPECT_EQ(only_instance(result).source_address(),
              core::Address::from_text("192.0.2.2")->octets());
    EXPECT_FALSE(only_instance(result).has_multicast_source());
    EXPECT_EQ(only_instance(result).unicast_peers(0).min_ttl(), 254U);
    EXPECT_TRUE(only_instance(result).unicast());
}

TEST(VirtualRouter, TurnsToMulticastWithoutPeers) {
    const LoadResult result = load_instance("unicast_src_ip 192.0.2.2");
    EXPECT_TRUE(has_class(result, "unicast_without_peer"));
    EXPECT_FALSE(only_instance(result).unicast());
}

TEST(VirtualRouter, DoesNotTurnToMulticastUnsaidWhenTheListOfPeersIsEmpty) {
    const LoadResult result = load_instance("unicast_peer {\n}");
    EXPECT_TRUE(has_class(result, "unicast_without_peer"));
    EXPECT_EQ(result.test_status, 5);
    EXPECT_FALSE(has_class(load_instance("unicast_peer {\n}\nunicast_fault_no_peer"),
                           "unicast_without_peer"));
}

TEST(VirtualRouter, SendsUnicastFromTheInterfaceUnderneathItsOwn) {
    for (const char* unicast : {"unicast_peer {\n192.0.2.3\n}", "unicast_fault_no_peer"}) {
        const LoadResult result = load_instance(std::string("use_vmac\n") + unicast);
        EXPECT_TRUE(has_class(result, "vmac_with_peers")) << unicast;
        EXPECT_TRUE(only_instance(result).vmac().transmit_from_base()) << unicast;
    }
    EXPECT_FALSE(has_class(load_instance("use_vmac"), "vmac_with_peers"));
}

TEST(VirtualRouter, KeepsTheFirst8OctetsOfAPassword) {
    const LoadResult result =
        load_instance("authentication {\nauth_type PASS\nauth_pass cluster_api_vip\n}");
    EXPECT_EQ(only_instance(result).authentication().password(), "cluster_");
}

TEST(StrictMode, ChangesWhatTheStandardDoesNotHave) {
    const LoadResult result = load_instance(
        "strict_mode\ngarp_lower_prio_repeat 3\n"
        "down_timer_adverts 5\npreempt_delay 4");
    const auto& instance = only_instance(result);
    EXPECT_EQ(instance.garp_lower_priority_repeat(), 0U);
    EXPECT_EQ(instance.down_timer_adverts(), 3U);
    EXPECT_EQ(instance.preempt_delay_us(), 0U);
    EXPECT_TRUE(instance.lower_priority_no_advert());
    EXPECT_FALSE(instance.accept());
}

TEST(VirtualRouter, BecomesTheOwnerByItsStateAloneWithAWarning) {
    const LoadResult result = load_instance("state MASTER");
    EXPECT_EQ(only_instance(result).priority(), 255U);
    EXPECT_TRUE(has_class(result, "owner_by_state"));
    EXPECT_FALSE(has_class(load_instance("state MASTER\npriority 150"), "owner_by_state"));
    EXPECT_FALSE(has_class(load_instance("state MASTER\nstrict_mode"), "owner_by_state"));
}

TEST(StrictMode, SaysThatTheAddressesDoNotAnswer) {
    EXPECT_TRUE(has_class(load_instance("strict_mode"), "strict_no_accept"));
    EXPECT_TRUE(has_class(load_instance("strict_mode\nversion 3"), "strict_no_accept"));
    EXPECT_FALSE(has_class(load_instance("strict_mode\nversion 3\naccept"), "strict_no_accept"));
    EXPECT_FALSE(has_class(load_instance("strict_mode\nno_accept"), "strict_no_accept"));
    EXPECT_FALSE(has_class(load_instance("strict_mode\npriority 255"), "strict_no_accept"));
    EXPECT_FALSE(has_class(load_instance(""), "strict_no_accept"));
}

TEST(StrictMode, DoesNotStartWithPeers) {
    const LoadResult result = load_instance("strict_mode\nunicast_peer {\n192.0.2.3\n}");
    EXPECT_TRUE(has_class(result, "strict_unicast"));
    EXPECT_FALSE(result.usable);
    EXPECT_EQ(result.test_status, 0);  // keepalived's -t does not see it
}

TEST(Hmac, ReadsKeysAsTextDigitsAndFromAFile) {
    testing::MemoryFiles files(
        "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nauth_hmac {\n"
        "key 1 " +
        std::string(kKey) +
        "\nkey 2 file:/etc/keepalived/key\nactive_key 2\n}\nvirtual_ipaddress { 192.0.2.1 }\n}\n");
    files.files["/etc/keepalived/key"] = "hex:" + std::string(64, 'a') + "\n";
    const testing::FakeHost host;
    const LoadResult result = load(testing::request_for(host), files);
    const auto& hmac = only_instance(result).auth_hmac();
    ASSERT_EQ(hmac.keys_size(), 2) << rendered(result);
    EXPECT_EQ(hmac.keys(0).octets(), kKey);
    EXPECT_EQ(hmac.keys(1).octets(), std::string(32, '\xaa'));
    EXPECT_EQ(hmac.time_window_us(), 5'000'000U);
}

TEST(Hmac, IsDroppedWithoutAKeyOfItsOwn) {
    const LoadResult result = load_instance("auth_hmac {\nkey 1 short\nactive_key 1\n}");
    EXPECT_FALSE(only_instance(result).has_auth_hmac());
    EXPECT_EQ(result.test_status, 5);
}

TEST(TrackedObjects, GetTheWeightOfTheirDefinition) {
    const LoadResult result = load_text(
        "track_file number {\nfile /tmp/n\nweight 5 reverse\n}\n"
        "vrrp_track_process web {\nprocess nginx -g\nquorum_max 0\ndelay 2\n}\n"
        "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\ntrack_file {\nnumber\n}\n"
        "track_process {\nweb weight 3\n}\nvirtual_ipaddress { 192.0.2.1 }\n}\n");
    ASSERT_EQ(result.test_status, 0) << rendered(result);
    const auto& instance = only_instance(result);
    EXPECT_EQ(instance.track_files(0).weight(), 5);
    EXPECT_TRUE(instance.track_files(0).reverse());
    EXPECT_EQ(instance.track_files(0).id(), result.config.track_files(0).id());
    EXPECT_EQ(instance.track_processes(0).weight(), 3);
    const auto& process = result.config.track_processes(0);
    EXPECT_EQ(process.quorum(), 0U);
    EXPECT_EQ(process.terminate_delay_us(), 2'000'000U);
    EXPECT_TRUE(process.full_command());
}

/// "vrrp.51 on eth0 00:00:5e:00:01:33 own"
std::string virtual_interfaces(const v1::VrrpInstance& instance) {
    std::string text;
    for (const auto& each : instance.virtual_interfaces()) {
        text += (text.empty() ? "" : ", ") + each.name() + " on " + each.parent() + " ";
        for (std::size_t i = 0; i < each.hardware_address().size(); ++i) {
            constexpr std::string_view kDigits = "0123456789abcdef";
            const auto octet = static_cast<unsigned char>(each.hardware_address()[i]);
            if (i != 0) text += ':';
            text += kDigits[octet / 16U];
            text += kDigits[octet % 16U];
        }
        if (each.ipvlan()) text += "ipvlan";
        if (each.own()) text += " own";
    }
    return text;
}

TEST(VirtualRouter, HasTheStandardsMacAddressOnAnInterfaceNamedAfterItsId) {
    EXPECT_EQ(virtual_interfaces(only_instance(load_instance("use_vmac"))),
              "vrrp.51 on eth0 00:00:5e:00:01:33 own");
    EXPECT_EQ(virtual_interfaces(only_instance(load_instance("use_vmac mine 02:aa:bb:cc:dd"))),
              "mine on eth0 02:aa:bb:cc:dd:33 own");
    EXPECT_EQ(virtual_interfaces(only_instance(load_instance("use_ipvlan 10.0.0.9/24"))),
              "vrrp.51 on eth0 ipvlan own");
    EXPECT_EQ(virtual_interfaces(only_instance(load_instance(""))), "");
}

TEST(VirtualRouter, HasItsAddressesOnItsVirtualInterface) {
    const LoadResult result = load_instance("use_vmac");
    EXPECT_EQ(only_instance(result).addresses(0).device(), "vrrp.51");
    EXPECT_EQ(only_instance(result).addresses(0).interface(), "eth0");
}

TEST(VirtualRouter, NamesOfVirtualInterfacesDiffer) {
    const LoadResult result = load_text(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 51\nuse_vmac\n"
        "virtual_ipaddress { 192.0.2.10 }\n}\n"
        "vrrp_instance B {\ninterface eth0\nvirtual_router_id 51\nuse_vmac\n"
        "virtual_ipaddress { fe80::10 }\n}\n"
        "vrrp_instance C {\ninterface eth1\nvirtual_router_id 51\nuse_vmac\n"
        "virtual_ipaddress { 192.0.3.10 }\n}\n"
        "vrrp_instance D {\ninterface eth2\nvirtual_router_id 51\nuse_vmac\n"
        "virtual_ipaddress { 192.0.4.10 }\n}\n");
    ASSERT_EQ(result.config.vrrp_instances_size(), 4) << rendered(result);
    EXPECT_EQ(virtual_interfaces(result.config.vrrp_instances(0)),
              "vrrp.51 on eth0 00:00:5e:00:01:33 own");
    EXPECT_EQ(virtual_interfaces(result.config.vrrp_instances(1)),
              "vrrp6.51 on eth0 00:00:5e:00:02:33 own");
    EXPECT_EQ(virtual_interfaces(result.config.vrrp_instances(2)),
              "vrrp4.51 on eth1 00:00:5e:00:01:33 own");
    EXPECT_EQ(virtual_interfaces(result.config.vrrp_instances(3)),
              "vrrp1.51 on eth2 00:00:5e:00:01:33 own");
}

TEST(VirtualRouter, HasVirtualInterfacesForAddressesElsewhereWhereThatIsAsked) {
    const std::string addresses =
        "virtual_ipaddress_excluded {\n192.0.3.1 dev eth1\n2001:db8::1 dev eth0\n}";
    const LoadResult plain = load_instance("use_vmac\n" + addresses);
    EXPECT_EQ(virtual_interfaces(only_instance(plain)), "vrrp.51 on eth0 00:00:5e:00:01:33 own");
    const LoadResult all = load_instance("use_vmac\nuse_vmac_addr\n" + addresses);
    EXPECT_EQ(virtual_interfaces(only_instance(all)),
              "vrrp.51 on eth0 00:00:5e:00:01:33 own, vrrp4.51 on eth1 00:00:5e:00:01:33, "
              "vrrp6.51 on eth0 00:00:5e:00:02:33");
    const LoadResult one = load_instance(
        "virtual_ipaddress_excluded {\n192.0.3.1 dev eth1 use_vmac\n192.0.3.2 dev eth1\n}");
    EXPECT_EQ(virtual_interfaces(only_instance(one)), "vrrp.51 on eth1 00:00:5e:00:01:33");
    EXPECT_EQ(only_instance(one).addresses(0).device(), "");
    EXPECT_EQ(only_instance(one).addresses(1).device(), "vrrp.51");
    EXPECT_EQ(only_instance(one).addresses(2).device(), "");
}

}  // namespace
}  // namespace holdfast::config
