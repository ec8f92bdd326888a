#include "lib/config/load.hpp"

#include <gtest/gtest.h>

#include "lib/core/address.hpp"
#include "lib/core/ids.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

using testing::has_class;
using testing::load_text;
using testing::rendered;

constexpr const char* kInstance = R"(
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress { 192.0.2.10 }
)";

LoadResult load_instance(const std::string& settings) {
    return load_text(std::string(kInstance) + settings + "\n}\n");
}
const v1::VrrpInstance& only_instance(const LoadResult& result) {
    return result.config.vrrp_instances(0);
}

LoadResult load_service(const std::string& settings) {
    return load_text("virtual_server 192.0.2.10 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n" +
                     settings + "\n}\n");
}
const v1::VirtualServer& only_service(const LoadResult& result) {
    return result.config.virtual_servers(0);
}

std::string octets(const char* text) {
    return core::Address::from_text(text)->octets();
}

TEST(RandomSeed, DecidesWhatRandomNumbersFollow) {
    const auto name_with = [](const std::string& seed) {
        return load_text("global_defs {\n random_seed " + seed +
                         "\n router_id r${_RANDOM}${_RANDOM}\n}\n")
            .config.global()
            .router_id();
    };
    EXPECT_EQ(name_with("7"), name_with("7"));
    EXPECT_NE(name_with("7"), name_with("8"));
}

TEST(Instance, RefreshesItsAnnouncementsUnlessToldNotTo) {
    EXPECT_EQ(only_instance(load_instance("garp_master_refresh 0")).garp_master_refresh_us(), 0U);
    EXPECT_EQ(only_instance(load_instance("garp_master_refresh 7")).garp_master_refresh_us(),
              7'000'000U);
}

TEST(Instance, GetsKeepalivedsDefaults) {
    const LoadResult result = load_instance("");
    ASSERT_TRUE(result.usable) << rendered(result);
    EXPECT_EQ(result.test_status, 0);
    const auto& instance = only_instance(result);
    EXPECT_EQ(instance.id(), core::object_id("vrrp_instance", "VI_1").value);
    EXPECT_EQ(instance.state(), v1::INITIAL_BACKUP);
    EXPECT_EQ(instance.priority(), 100U);
    EXPECT_EQ(instance.version(), 2U);
    EXPECT_EQ(instance.advert_interval_us(), 1'000'000U);
    EXPECT_EQ(instance.multicast_group(), octets("224.0.0.18"));
    EXPECT_EQ(instance.garp_master_delay_us(), 5'000'000U);
    EXPECT_EQ(instance.garp_master_repeat(), 5U);
    EXPECT_EQ(instance.garp_master_refresh_us(), 60'000'000U);  // keepalived: never
    EXPECT_EQ(instance.garp_master_refresh_repeat(), 1U);
    EXPECT_EQ(instance.garp_lower_priority_delay_us(), 5'000'000U);
    EXPECT_EQ(instance.garp_lower_priority_repeat(), 5U);
    EXPECT_EQ(instance.down_timer_adverts(), 3U);
    EXPECT_TRUE(instance.accept());
    EXPECT_FALSE(instance.unicast());
    ASSERT_EQ(instance.addresses_size(), 1);
    EXPECT_EQ(instance.addresses(0).address(), octets("192.0.2.10"));
    EXPECT_EQ(instance.addresses(0).prefix_length(), 32U);
    EXPECT_EQ(instance.addresses(0).interface(), "eth0");
    EXPECT_NE(instance.addresses(0).id(), 0U);
}

TEST(Instance, WithStateMasterAndNoPriorityIsTheOwner) {
    EXPECT_EQ(only_instance(load_instance("state MASTER")).priority(), 255U);
    EXPECT_EQ(only_instance(load_instance("priority 255")).state(), v1::INITIAL_ACTIVE);
    EXPECT_EQ(only_instance(load_instance("state MASTER\npriority 120")).priority(), 120U);
}

TEST(Instance, OfIpv6UsesVersion3AndItsGroup) {
    const LoadResult result = load_text(R"(
vrrp_instance VI_6 {
    interface eth0
    virtual_router_id 51
    advert_int 0.5
    virtual_ipaddress {
        fe80::1
        2001:db8::1/64
    }
    virtual_ipaddress_excluded { 192.0.2.1/24 }
})");
    ASSERT_TRUE(result.usable) << rendered(result);
    const auto& instance = only_instance(result);
    EXPECT_TRUE(instance.ipv6());
    EXPECT_EQ(instance.version(), 3U);
    EXPECT_EQ(instance.advert_interval_us(), 500'000U);
    EXPECT_EQ(instance.multicast_group(), octets("ff02::12"));
    ASSERT_EQ(instance.addresses_size(), 3);
    EXPECT_TRUE(instance.addresses(0).deprecated());
    EXPECT_FALSE(instance.addresses(1).deprecated());
    EXPECT_TRUE(instance.addresses(2).excluded());
}

TEST(Instance, InheritsFromGlobalSettingsWhereverTheyStand) {
    const LoadResult result = load_text(std::string(kInstance) + R"(}
global_defs {
    vrrp_garp_master_delay 1
    vrrp_garp_master_repeat 2
    vrrp_garp_master_refresh 60
    vrrp_mcast_group4 224.0.100.18
    vrrp_version 3
    vrrp_down_timer_adverts 4
})");
    const auto& instance = only_instance(result);
    EXPECT_EQ(instance.garp_master_delay_us(), 1'000'000U);
    EXPECT_EQ(instance.garp_master_repeat(), 2U);
    EXPECT_EQ(instance.garp_lower_priority_repeat(), 2U);
    EXPECT_EQ(instance.garp_master_refresh_us(), 60'000'000U);
    EXPECT_EQ(instance.multicast_group(), octets("224.0.100.18"));
    EXPECT_EQ(instance.version(), 3U);
    EXPECT_EQ(instance.down_timer_adverts(), 4U);
}

TEST(Instance, LosesNopreemptAndDelayWhenItsStateIsMaster) {
    const LoadResult result =
        load_instance("state MASTER\npriority 100\nnopreempt\npreempt_delay 300");
    EXPECT_TRUE(result.usable);
    EXPECT_EQ(result.test_status, 5);
    EXPECT_FALSE(only_instance(result).nopreempt());
    EXPECT_FALSE(only_instance(result).has_preempt_delay_us());
    EXPECT_TRUE(has_class(result, "nopreempt_cleared"));
    EXPECT_TRUE(has_class(result, "preempt_delay_cleared"));
}

TEST(Instance, RoundsItsIntervalToWhatTheVersionCanSay) {
    EXPECT_EQ(only_instance(load_instance("advert_int 0.5")).advert_interval_us(), 1'000'000U);
    EXPECT_EQ(only_instance(load_instance("version 3\nadvert_int 0.123")).advert_interval_us(),
              120'000U);
    EXPECT_EQ(only_instance(load_instance("version 3\nadvert_int 50")).advert_interval_us(),
              40'950'000U);
}

TEST(Instance, ThatCannotRunIsFatal) {
    const std::pair<const char*, const char*> cases[] = {
        {"vrrp_instance A {\ninterface eth0\nvirtual_ipaddress { 192.0.2.1 }\n}", "no_router_id"},
        {"vrrp_instance A {\nvirtual_router_id 1\nvirtual_ipaddress { 192.0.2.1 }\n}",
         "no_interface_given"},
        {"vrrp_instance A {\ninterface eth0\nversion 3\nvirtual_router_id 1\n}", "no_address"},
    };
    for (const auto& [text, class_name] : cases) {
        const LoadResult result = load_text(text);
        EXPECT_FALSE(result.usable) << text;
        EXPECT_TRUE(has_class(result, class_name)) << text << rendered(result);
    }
}

TEST(Instance, WhoseInterfaceIsNotThereYetWaitsForItInFault) {
    const LoadResult result = load_text(
        "vrrp_instance A {\ninterface gone0\nvirtual_router_id 1\n"
        "virtual_ipaddress { 192.0.2.1 }\n}");
    EXPECT_TRUE(result.usable);
    EXPECT_TRUE(has_class(result, "no_interface")) << rendered(result);
    EXPECT_EQ(result.test_status, 5);  // as keepalived's, which does not start
}

TEST(Instance, OfVersion2MayBeWithoutAddress) {
    const LoadResult result =
        load_text("vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\n}");
    EXPECT_TRUE(result.usable);
    EXPECT_EQ(result.test_status, 5);
}

TEST(Instances, MayShareAnIdOnlyWithAnotherFamilyOrInterface) {
    const auto second = [](const char* interface, const char* address) {
        return load_text(std::string(kInstance) + "}\nvrrp_instance VI_2 {\ninterface " +
                         interface + "\nvirtual_router_id 51\nvirtual_ipaddress { " + address +
                         " }\n}\n");
    };
    EXPECT_FALSE(second("eth0", "192.0.2.11").usable);
    EXPECT_TRUE(second("eth1", "192.0.2.11").usable);
    EXPECT_TRUE(second("eth0", "2001:db8::1").usable);
}

TEST(Addresses, TakeTheirOptions) {
    const LoadResult result = load_text(R"(
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.10/24 brd + dev eth1 scope link label eth1:1 no_track
        192.0.2.11/24 brd - home
        192.0.2.12 brd 192.0.2.99 peer 192.0.2.13/30
    }
})");
    ASSERT_EQ(result.test_status, 0) << rendered(result);
    const auto& addresses = only_instance(result).addresses();
    EXPECT_EQ(addresses[0].broadcast(), octets("192.0.2.255"));
    EXPECT_EQ(addresses[0].interface(), "eth1");
    EXPECT_EQ(addresses[0].scope(), 253U);
    EXPECT_EQ(addresses[0].label(), "eth1:1");
    EXPECT_TRUE(addresses[0].no_track());
    EXPECT_EQ(addresses[1].broadcast(), octets("192.0.2.0"));
    EXPECT_TRUE(addresses[1].home());
    EXPECT_EQ(addresses[2].peer(), octets("192.0.2.13"));
    EXPECT_EQ(addresses[2].prefix_length(), 30U);
}

TEST(Authentication, IsCutToEightOctets) {
    const LoadResult result =
        load_instance("authentication {\nauth_type PASS\nauth_pass 123456789\n}");
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(only_instance(result).authentication().password(), "12345678");
}

TEST(Authentication, WithoutPasswordOrWithVersion3IsIgnored) {
    EXPECT_FALSE(
        only_instance(load_instance("authentication {\nauth_type PASS\n}")).has_authentication());
    EXPECT_FALSE(
        only_instance(load_instance("version 3\nauthentication {\nauth_type PASS\nauth_pass a\n}"))
            .has_authentication());
}

TEST(AMissingBrace, IsReadAsIfItWereThere) {
    const LoadResult result = load_text(R"(
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    authentication
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress { 192.0.2.10 }
})");
    EXPECT_TRUE(result.usable) << rendered(result);
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(only_instance(result).authentication().password(), "1111");
    EXPECT_EQ(only_instance(result).addresses_size(), 1);
}

TEST(AnUnknownBlock, EndsTheBlockAroundItAsInKeepalived) {
    const LoadResult result = load_text("global_defs {\nno_such {\nx 1\n}\nvrrp_version 3\n}\n" +
                                        std::string(kInstance) + "}\n");
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(only_instance(result).version(), 2U);
}

TEST(AMissingWord, EndsKeepalivedAtOnce) {
    const LoadResult result = load_instance("priority");
    EXPECT_EQ(result.test_status, 2);
    EXPECT_FALSE(result.usable);
}

TEST(KnownKeywords, ThatAreNotCarriedOutAreNamed) {
    const LoadResult result =
        load_text("global_defs {\nenable_dbus\n}\n" + std::string(kInstance) +
                  "virtual_routes {\n198.51.100.0/24 via 192.0.2.1 dev eth1\n}\n}\n");
    EXPECT_EQ(result.test_status, 0);
    const std::string text = rendered(result);
    EXPECT_NE(text.find("enable_dbus is accepted, not carried out yet"), std::string::npos) << text;
    EXPECT_EQ(text.find("virtual_routes is accepted"), std::string::npos) << text;
    EXPECT_EQ(only_instance(result).virtual_routes(0).interface(), "eth1");
}

constexpr const char* kSecure = "global_defs {\nenable_script_security\nscript_user root\n}\n";

TEST(TrackedScripts, AreReplacedByIds) {
    const LoadResult result = load_text(std::string(kSecure) + R"(
vrrp_script chk {
    script "/usr/bin/true 'a b' c"
    interval 2
    weight -5
    fall 3
}
)" + kInstance + "track_script {\nchk weight 7\n}\n}\n");
    ASSERT_EQ(result.test_status, 0) << rendered(result);
    const auto& script = result.config.vrrp_scripts(0);
    EXPECT_EQ(script.interval_us(), 2'000'000U);
    EXPECT_EQ(script.timeout_us(), 2'000'000U);
    EXPECT_EQ(script.fall(), 3U);
    EXPECT_EQ(script.rise(), 1U);
    ASSERT_EQ(script.script().argv_size(), 3);
    EXPECT_EQ(script.script().argv(1), "a b");
    const auto& tracked = only_instance(result).track_scripts(0);
    EXPECT_EQ(tracked.script_id(), script.id());
    EXPECT_EQ(tracked.weight(), 7);
}

TEST(TrackedScripts, WithShellSyntaxRunInAShell) {
    const LoadResult result = load_text(std::string(kSecure) + R"(
vrrp_script chk_down {
    script "[[ -f /etc/keepalived/down ]] && exit 1 || exit 0"
    weight -5
}
vrrp_script chk_httpd {
    script "killall -0 httpd && exit 0 || exit 1"
}
vrrp_script chk_quoted {
    script "/usr/bin/true 'a && b'"
}
)" + kInstance + "track_script {\nchk_down\n}\n}\n");
    ASSERT_EQ(result.config.vrrp_scripts_size(), 3) << rendered(result);
    const auto& down = result.config.vrrp_scripts(0).script();
    EXPECT_EQ(down.argv(0), "/bin/bash");
    EXPECT_EQ(down.argv(1), "-c");
    EXPECT_EQ(down.argv(2), "[[ -f /etc/keepalived/down ]] && exit 1 || exit 0");
    EXPECT_EQ(result.config.vrrp_scripts(1).script().argv(0), "/bin/sh");
    EXPECT_EQ(result.config.vrrp_scripts(2).script().argv(0), "/usr/bin/true");
    EXPECT_EQ(only_instance(result).track_scripts(0).weight(), -5);
}

TEST(Scripts, ThatDoNotExistAreDroppedWithTheirTrackers) {
    const LoadResult result =
        load_text(std::string(kSecure) + "vrrp_script chk {\nscript /nowhere/x\n}\n" + kInstance +
                  "track_script { chk }\nnotify_master /nowhere/y\n}\n");
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(result.config.vrrp_scripts_size(), 0);
    EXPECT_EQ(only_instance(result).track_scripts_size(), 0);
    EXPECT_FALSE(only_instance(result).notify().has_to_active());
}

TEST(Scripts, WithoutSecurityAreAComplaintOfTheirOwn) {
    EXPECT_EQ(load_instance("notify_master /usr/bin/true").test_status, 6);
    EXPECT_EQ(load_instance("notify_master /nowhere/x").test_status, 0);
}

TEST(Scripts, ThatOthersCanChangeAreDisabledByScriptSecurity) {
    const testing::FakeHost host;
    testing::MemoryFiles files(std::string(kSecure) + kInstance + "notify_master /tmp/n.sh\n}\n");
    files.programs.insert("/tmp/n.sh");
    files.unsafe.insert("/tmp/n.sh");
    const LoadResult result = load(testing::request_for(host), files);
    EXPECT_TRUE(has_class(result, "unsafe_script"));
    EXPECT_FALSE(only_instance(result).notify().has_to_active());
}

TEST(NotifyScripts, TakeUserAndGroupBehindTheCommand) {
    const LoadResult result = load_text(std::string(kSecure) + kInstance +
                                        "notify_master \"/usr/bin/true a\" nobody nobody\n"
                                        "notify true\nnotify_fault /usr/bin/true a b\n}\n");
    const auto& notify = only_instance(result).notify();
    EXPECT_EQ(notify.to_active().user(), "nobody");
    EXPECT_EQ(notify.to_active().group(), "nobody");
    EXPECT_EQ(notify.to_active().argv_size(), 2);
    EXPECT_EQ(notify.any().argv(0), "/usr/bin/true");  // found by PATH
    EXPECT_FALSE(notify.has_to_fault());               // there is no user a
    EXPECT_EQ(result.test_status, 0) << rendered(result);
}

TEST(SyncGroups, ForgetUnknownMembersAndVanishWithoutAny) {
    const LoadResult result = load_text(
        "vrrp_sync_group A { group { VI_1 VI_9 } }\n"
        "vrrp_sync_group B { group { VI_1 } }\n" +
        std::string(kInstance) + "}\n");
    ASSERT_EQ(result.config.vrrp_sync_groups_size(), 1);
    const auto& group = result.config.vrrp_sync_groups(0);
    EXPECT_EQ(group.name(), "A");
    ASSERT_EQ(group.member_ids_size(), 1);
    EXPECT_EQ(group.member_ids(0), only_instance(result).id());
    EXPECT_EQ(result.test_status, 5);
}

TEST(Service, ResolvesServersAndChecks) {
    const LoadResult result = load_service(R"(
    delay_loop 6
    retry 4
    virtualhost www.example.net
    sorry_server 127.0.0.1 8080
    real_server 198.51.100.1 8080 {
        HTTP_GET {
            url {
                path /
                status_code 200 204-299
            }
            url {
                path /x
                digest 9b3a0c85a887a256d6939da88aabd8cd
            }
            connect_timeout 3
        }
        TCP_CHECK {
            connect_port 81
            retry 0
        }
    }
    real_server 198.51.100.2 {
        weight 3
    })");
    ASSERT_EQ(result.test_status, 0) << rendered(result);
    const auto& service = only_service(result);
    EXPECT_EQ(service.name(), "[192.0.2.10]:tcp:80");
    EXPECT_EQ(service.scheduler(), v1::SCHEDULER_RR);
    EXPECT_EQ(service.quorum(), 1U);
    EXPECT_EQ(service.sorry_server().port(), 8080U);
    ASSERT_EQ(service.servers_size(), 2);
    EXPECT_EQ(service.servers(1).port(), 80U);
    EXPECT_EQ(service.servers(1).weight(), 3U);
    const auto& http = service.servers(0).checks(0);
    EXPECT_EQ(http.target().connect_address(), octets("198.51.100.1"));
    EXPECT_EQ(http.target().connect_port(), 8080U);
    EXPECT_EQ(http.target().connect_timeout_us(), 3'000'000U);
    EXPECT_EQ(http.delay_loop_us(), 6'000'000U);
    EXPECT_EQ(http.warmup_us(), 6'000'000U);
    EXPECT_EQ(http.retry(), 4U);
    EXPECT_EQ(http.delay_before_retry_us(), 3'000'000U);
    EXPECT_EQ(http.http().virtualhost(), "www.example.net");
    ASSERT_EQ(http.http().urls_size(), 2);
    EXPECT_EQ(http.http().urls(0).status_codes(1).last(), 299U);
    EXPECT_EQ(http.http().urls(1).status_codes(0).first(), 200U);
    EXPECT_EQ(http.http().urls(1).digest().size(), 16U);
    const auto& tcp = service.servers(0).checks(1);
    EXPECT_TRUE(tcp.has_tcp());
    EXPECT_EQ(tcp.target().connect_port(), 81U);
    EXPECT_EQ(tcp.retry(), 0U);
    EXPECT_EQ(tcp.delay_before_retry_us(), 1'000'000U);
    EXPECT_NE(tcp.id(), http.id());
}

TEST(Service, LowersAQuorumThatNobodyCanReach) {
    const LoadResult result =
        load_service("quorum 5\nhysteresis 9\nreal_server 198.51.100.1 80 {\nweight 2\n}");
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(only_service(result).quorum(), 2U);
    EXPECT_EQ(only_service(result).hysteresis(), 1U);
}

TEST(Service, KeepsThePortForDirectRouting) {
    const LoadResult result =
        load_service("lb_kind DR\nreal_server 198.51.100.1 8080 {\nweight 2\n}");
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(only_service(result).servers(0).port(), 80U);
}

TEST(Service, WrittenTwiceHasTheServersOfBoth) {
    const std::string one =
        "virtual_server 192.0.2.10 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server "
        "198.51.100.";
    const LoadResult result = load_text(one + "1 80 {\n}\n}\n" + one + "2 80 {\n}\n}\n");
    EXPECT_EQ(result.test_status, 0) << rendered(result);
    ASSERT_EQ(result.config.virtual_servers_size(), 1);
    EXPECT_EQ(only_service(result).servers_size(), 2);
}

TEST(Service, KnownByItsMarkHasNoProtocol) {
    const LoadResult result = load_text(
        "virtual_server fwmark 7 {\nlb_algo rr\nlb_kind DR\nreal_server 198.51.100.1 0 {\n}\n}\n");
    ASSERT_EQ(result.test_status, 0) << rendered(result);
    EXPECT_EQ(only_service(result).name(), "FWM 7");
    EXPECT_EQ(only_service(result).key().fwmark(), 7U);
}

TEST(Roles, GetOnlyTheirFields) {
    const LoadResult result =
        load_text(std::string(kSecure) + kInstance +
                  "authentication {\nauth_type PASS\nauth_pass secret\n}\nnotify /usr/bin/true\n}\n"
                  "virtual_server 192.0.2.10 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n"
                  "real_server 198.51.100.1 80 {\nTCP_CHECK { }\n}\n}\n");
    ASSERT_TRUE(result.usable) << rendered(result);
    using namespace messages::v1;
    const v1::Config vrrpd = for_role(result.config, ROLE_VRRPD);
    EXPECT_EQ(vrrpd.vrrp_instances(0).authentication().password(), "secret");
    EXPECT_FALSE(vrrpd.vrrp_instances(0).has_notify());
    EXPECT_EQ(vrrpd.virtual_servers_size(), 0);
    const v1::Config ipvsd = for_role(result.config, ROLE_IPVSD);
    EXPECT_FALSE(ipvsd.vrrp_instances(0).has_authentication());
    EXPECT_TRUE(ipvsd.vrrp_instances(0).has_garp_master_delay_us());
    ASSERT_EQ(ipvsd.virtual_servers(0).servers(0).checks_size(), 1);
    EXPECT_NE(ipvsd.virtual_servers(0).servers(0).checks(0).id(), 0U);
    EXPECT_FALSE(ipvsd.virtual_servers(0).servers(0).checks(0).has_target());
    const v1::Config checkerd = for_role(result.config, ROLE_CHECKERD);
    EXPECT_EQ(checkerd.vrrp_instances_size(), 0);
    EXPECT_TRUE(checkerd.virtual_servers(0).servers(0).checks(0).has_tcp());
    const v1::Config supervisor = for_role(result.config, ROLE_SUPERVISOR);
    EXPECT_TRUE(supervisor.vrrp_instances(0).has_notify());
    EXPECT_FALSE(supervisor.vrrp_instances(0).authentication().has_password());
}

TEST(Load, SaysWhenNothingIsConfigured) {
    for (const char* text : {"", "\n\n", "# all of it is a comment\n"}) {
        const LoadResult result = testing::load_text(text);
        EXPECT_TRUE(testing::has_class(result, "empty_configuration")) << text;
        EXPECT_EQ(result.test_status, 0);
        EXPECT_TRUE(result.usable);
    }
    EXPECT_FALSE(
        testing::has_class(testing::load_text("global_defs {\n}\n"), "empty_configuration"));
}

}  // namespace
}  // namespace holdfast::config
