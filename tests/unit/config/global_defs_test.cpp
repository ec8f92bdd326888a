// global_defs and bfd_instance: what follows from what was written.
#include <gtest/gtest.h>

#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

std::string two_routers(const std::string& global, const std::string& in_first,
                        const std::string& in_group) {
    return "global_defs {\n" + global +
           "\n}\nvrrp_instance A {\ninterface eth0\nvirtual_router_id 1\n"
           "virtual_ipaddress { 192.0.2.10 }\n" +
           in_first +
           "\n}\nvrrp_instance B {\ninterface eth0\nvirtual_router_id 2\npriority 255\n"
           "virtual_ipaddress { 192.0.2.11 }\nunicast_peer { 192.0.2.3 }\n}\n"
           "vrrp_sync_group G {\ngroup {\nA\nB\n}\n" +
           in_group +
           "\n}\nvirtual_server 192.0.2.1 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n"
           "real_server 192.0.2.4 80 {\n}\n}\n";
}

TEST(GlobalDefs, ArePassedOnToWhatSaysNothingItself) {
    const LoadResult result = testing::load_text(two_routers(
        "vrrp_check_unicast_src\nv3_checksum_as_v2\nvrrp_owner_ignore_adverts\nsmtp_alert\n"
        "smtp_alert_checker off\nvrrp_notify_priority_changes\nvrrp_garp_extra_if all 10",
        "v3_checksum_as_v2 off\nnotify_priority_changes off\nsmtp_alert off\ngarp_extra_if 3", ""));
    const auto& own = result.config.vrrp_instances(0);
    EXPECT_FALSE(own.v3_checksum_as_v2() || own.notify_priority_changes() || own.smtp_alert());
    EXPECT_FALSE(own.owner_ignore_adverts() || own.check_unicast_source() || own.garp_extra_all());
    EXPECT_EQ(own.garp_extra_interval_us(), 3'000'000U);
    const auto& inherited = result.config.vrrp_instances(1);
    EXPECT_TRUE(inherited.v3_checksum_as_v2() && inherited.notify_priority_changes());
    EXPECT_TRUE(inherited.owner_ignore_adverts() && inherited.check_unicast_source());
    EXPECT_TRUE(inherited.smtp_alert() && inherited.garp_extra_all());
    EXPECT_EQ(inherited.garp_extra_interval_us(), 10'000'000U);
    EXPECT_TRUE(result.config.vrrp_sync_groups(0).smtp_alert());
    EXPECT_FALSE(result.config.virtual_servers(0).smtp_alert());
    EXPECT_FALSE(result.config.virtual_servers(0).servers(0).smtp_alert());
}

TEST(GlobalDefs, LeaveMailsToServersAndPriorityLinesToTheGroup) {
    const LoadResult result = testing::load_text(two_routers("", "", "notify_priority_changes"));
    EXPECT_TRUE(result.config.vrrp_instances(0).notify_priority_changes());
    EXPECT_FALSE(result.config.vrrp_instances(0).smtp_alert());
    EXPECT_FALSE(result.config.virtual_servers(0).smtp_alert());
    EXPECT_TRUE(result.config.virtual_servers(0).servers(0).smtp_alert());
}

v1::Config resolved(const std::string& globals, const std::string& rest = {}) {
    return testing::load_text("global_defs {\n" + globals + "}\n" + rest).config;
}

constexpr const char* kInstance =
    "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n"
    "192.0.2.1/24\n}\n}\n";

TEST(GlobalDefs, MinimalGarpGivesWayToWhatIsSaid) {
    const v1::Config config = resolved(
        "vrrp_garp_master_refresh 60\nvrrp_min_garp\nvrrp_garp_master_delay 5\n", kInstance);
    const v1::VrrpInstance& instance = config.vrrp_instances(0);
    EXPECT_EQ(instance.garp_master_repeat(), 1U);
    EXPECT_EQ(instance.garp_master_refresh_us(), 60'000'000U);
    EXPECT_EQ(instance.garp_master_delay_us(), 5'000'000U);
}

TEST(GlobalDefs, MinimalGarpChangesWhatWasTheDefaultAnyway) {
    const v1::Config config = resolved("vrrp_garp_master_repeat 5\nvrrp_min_garp\n", kInstance);
    EXPECT_EQ(config.vrrp_instances(0).garp_master_repeat(), 1U);
    EXPECT_EQ(config.vrrp_instances(0).garp_master_delay_us(), 0U);
}

TEST(GlobalDefs, ALimitOfOneMicrosecondBecomesTwo) {
    EXPECT_EQ(resolved("vrrp_rlimit_rttime 1\n").global().vrrp_rlimit_rttime_us(), 2U);
}

TEST(GlobalDefs, APipeOfUnknownOwnerOrOfAnotherSettingIsDropped) {
    EXPECT_FALSE(resolved("notify_fifo /run/x nobdy\n").global().has_notify_fifo());
    EXPECT_FALSE(
        resolved("notify_fifo /run/x\nvrrp_notify_fifo /run/x\n").global().has_vrrp_notify_fifo());
}

TEST(GlobalDefs, TheSyncDaemonTakesTheRouterIdOfItsInstance) {
    EXPECT_EQ(resolved("lvs_sync_daemon eth1 VI_1\n", kInstance).global().lvs_sync_daemon().id(),
              51U);
    EXPECT_EQ(
        resolved("lvs_sync_daemon eth1 VI_1 id 7\n", kInstance).global().lvs_sync_daemon().id(),
        7U);
}

TEST(GlobalDefs, ProcessorsThatAreNotThereAreRefused) {
    testing::FakeHost host;
    host.processor_count = 4;
    for (const auto& [text, count] : {std::pair("0 3", 2), std::pair("0 4", 0)}) {
        testing::MemoryFiles files("global_defs {\nvrrp_cpu_affinity " + std::string(text) +
                                   "\n}\n");
        const LoadResult result = load(testing::request_for(host), files);
        EXPECT_EQ(result.config.global().vrrp_cpu_affinity_size(), count) << text;
        EXPECT_EQ(result.test_status, count == 2 ? 0 : 5) << text;
    }
}

TEST(BfdInstances, GetTheirDefaults) {
    const LoadResult result =
        testing::load_text("bfd_instance peer {\nneighbor_ip 2001:db8::2\n}\n");
    ASSERT_EQ(result.config.bfd_instances_size(), 1);
    const v1::BfdInstance& peer = result.config.bfd_instances(0);
    EXPECT_NE(peer.id(), 0U);
    EXPECT_EQ(peer.min_rx_us(), 10'000U);
    EXPECT_EQ(peer.idle_tx_us(), 1'000'000U);
    EXPECT_EQ(peer.multiplier(), 5U);
    EXPECT_EQ(peer.ttl(), 64U);
    EXPECT_TRUE(peer.for_vrrp());
    EXPECT_TRUE(peer.for_checks());
}

TEST(BfdInstances, WithoutANeighbourAreDropped) {
    const LoadResult result = testing::load_text(
        "bfd_instance none {\n}\nbfd_instance peer {\nneighbor_ip 192.0.2.2\n}\n");
    ASSERT_EQ(result.config.bfd_instances_size(), 1);
    EXPECT_EQ(result.config.bfd_instances(0).name(), "peer");
    EXPECT_EQ(result.test_status, 5);
}

}  // namespace
}  // namespace holdfast::config
