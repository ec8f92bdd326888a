// Services, servers and checks as the daemons get them, and what is found about them.
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/config/service_groups.hpp"
#include "lib/core/address.hpp"
#include "proto/config.pb.h"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

using testing::has_class;
using testing::load_text;
using testing::rendered;

LoadResult load_service(const std::string& settings, const std::string& server = "") {
    return load_text(
        "virtual_server 192.0.2.10 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n" + settings +
        "\nreal_server 192.0.2.20 80 {\n" + server + "\n}\n}\n");
}
const v1::VirtualServer& service_of(const LoadResult& result) {
    return result.config.virtual_servers(0);
}
const v1::RealServer& server_of(const LoadResult& result) {
    return service_of(result).servers(0);
}

TEST(Service, PassesItsTunnelToServersThatSayNoMethod) {
    const auto result = load_text(
        "virtual_server 192.0.2.10 80 {\nprotocol TCP\nlvs_sched rr\n"
        "lvs_method TUN type gue port 6080 csum\n"
        "real_server 192.0.2.20 80 {\n}\nreal_server 192.0.2.21 80 {\nlvs_method DR\n}\n}\n");
    const auto& service = service_of(result);
    EXPECT_EQ(service.servers(0).forwarding(), v1::TUN);
    EXPECT_EQ(service.servers(0).tunnel().port(), 6080U);
    EXPECT_EQ(service.servers(1).forwarding(), v1::DR);
    EXPECT_FALSE(service.servers(1).has_tunnel());
}

TEST(Service, GivesASecondMethodOnlyToTheServersBehindIt) {
    const auto result = load_text(
        "virtual_server 192.0.2.10 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method DR\n"
        "real_server 192.0.2.20 80 {\n}\nlvs_method NAT\nreal_server 192.0.2.21 80 {\n}\n}\n");
    EXPECT_EQ(service_of(result).servers(0).forwarding(), v1::DR);
    EXPECT_EQ(service_of(result).servers(1).forwarding(), v1::NAT);
}

TEST(Service, OfAMarkHasTheFamilyOfItsFirstServer) {
    const auto result = load_text(
        "virtual_server fwmark 7 {\nlvs_sched rr\nlvs_method NAT\nreal_server 2001:db8::1 80 {\n"
        "}\nreal_server 192.0.2.20 80 {\n}\n}\n");
    EXPECT_TRUE(service_of(result).key().ipv6());
    EXPECT_EQ(service_of(result).name(), "FWM 7");
    EXPECT_EQ(service_of(result).servers_size(), 1);
    EXPECT_TRUE(has_class(result, "other_family")) << rendered(result);
}

TEST(Service, ReadsAMaskAsKeepalivedDoes) {
    EXPECT_EQ(
        service_of(load_service("persistence_granularity 255.255.255.0")).persistence_netmask(),
        0xffffff00U);
    EXPECT_EQ(service_of(load_service("persistence_granularity 24")).persistence_netmask(), 24U);
    EXPECT_EQ(service_of(load_service("persistence_timeout 5")).persistence_netmask(), 0xffffffffU);
}

TEST(Service, TakesServersOfBothBlocksWhenItIsWrittenTwice) {
    const std::string block =
        "virtual_server 192.0.2.10 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\nreal_server ";
    const auto result = load_text(block + "192.0.2.20 80 {\n}\n}\n" + block +
                                  "192.0.2.21 80 {\nTCP_CHECK {\n}\n}\n}\n");
    ASSERT_EQ(result.config.virtual_servers_size(), 1);
    EXPECT_EQ(service_of(result).servers_size(), 2);
}

TEST(Checks, OfEveryKindHaveKeepalivedsTimes) {
    const auto result = load_service("delay_loop 20",
                                     "TCP_CHECK {\n}\nDNS_CHECK {\n}\nHTTP_GET {\n"
                                     "url {\npath /\n}\n}\nPING_CHECK {\n}");
    const auto& server = server_of(result);
    ASSERT_EQ(server.checks_size(), 4);
    EXPECT_EQ(server.check_count(), 4U);
    EXPECT_EQ(server.checks(0).retry(), 1U);
    EXPECT_EQ(server.checks(0).delay_before_retry_us(), 1'000'000U);
    EXPECT_EQ(server.checks(1).retry(), 3U);
    EXPECT_EQ(server.checks(1).delay_before_retry_us(), 20'000'000U);
    EXPECT_EQ(server.checks(2).delay_before_retry_us(), 3'000'000U);
    EXPECT_EQ(server.checks(3).warmup_us(), 20'000'000U);
    EXPECT_EQ(server.checks(3).target().connect_timeout_us(), 5'000'000U);
}

TEST(Checks, OfCommandsRunAsTheirUserForAtMostAnInterval) {
    const auto result =
        load_service("delay_loop 20", "MISC_CHECK {\nmisc_path /usr/bin/true\nuser nobody\n}");
    const auto& command = server_of(result).checks(0).command();
    EXPECT_EQ(command.script().user(), "nobody");
    EXPECT_EQ(command.timeout_us(), 20'000'000U);
    EXPECT_EQ(server_of(result).checks(0).retry(), 0U);
    EXPECT_FALSE(server_of(result).checks(0).has_target());
}

TEST(Checks, OfHostBlocksAreOneForEachHost) {
    const auto result = load_service(
        "",
        "SMTP_CHECK {\nretry 4\nhost {\nconnect_ip 192.0.2.30\n}\nhost {\nconnect_port 587\n"
        "retry 2\n}\n}\nTCP_CHECK {\n}");
    const auto& server = server_of(result);
    ASSERT_EQ(server.checks_size(), 3);
    EXPECT_EQ(server.checks(0).target().connect_address(),
              core::Address::from_text("192.0.2.30")->octets());
    EXPECT_EQ(server.checks(0).target().connect_port(), 80U);
    EXPECT_EQ(server.checks(0).retry(), 4U);
    EXPECT_EQ(server.checks(1).target().connect_port(), 587U);
    EXPECT_EQ(server.checks(1).retry(), 2U);
    EXPECT_NE(server.checks(0).id(), server.checks(1).id());
    EXPECT_TRUE(server.checks(2).has_tcp());
}

TEST(Checks, HaveTheirPlaceAlsoBehindADroppedOne) {
    const auto result = load_service("delay_loop 2",
                                     "PING_CHECK {\nconnect_ip fe80::1\n}\n"
                                     "TCP_CHECK {\nconnect_timeout 3\n}");
    EXPECT_EQ(server_of(result).checks_size(), 1);
    const auto found = std::ranges::find(result.diagnostics, "timeout_longer_than_interval",
                                         &Diagnostic::class_name);
    ASSERT_NE(found, result.diagnostics.end()) << rendered(result);
    EXPECT_EQ(found->source_line, "TCP_CHECK {");
}

TEST(ServiceGroup, KnowsWhatDoesNotGoTogether) {
    v1::ServiceGroup group;
    group.set_name("G");
    EXPECT_EQ(problem_of(group), "virtual_server_group G has no entry");
    group.add_entries()->set_address(core::Address::from_text("192.0.2.1")->octets());
    EXPECT_EQ(problem_of(group), "");
    EXPECT_TRUE(facts_of(group).all_ports);
    group.add_entries()->set_fwmark(5);
    group.add_entries()->set_address(core::Address::from_text("2001:db8::1")->octets());
    EXPECT_NE(problem_of(group), "");
    group.mutable_entries(1)->set_family(v1::FAMILY_INET);
    EXPECT_EQ(problem_of(group), "");
}

TEST(ServiceGroup, SharesNoAddressWithAnotherService) {
    const std::string settings =
        " {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\nreal_server "
        "192.0.2.20 80 {\n}\n}\n";
    const std::string group = "virtual_server_group G {\n192.0.2.10-192.0.2.20 80\n}\n";
    for (const auto& [header, shared] :
         {std::pair("192.0.2.15 80", true), {"192.0.2.15 81", false}, {"192.0.2.21 80", false}}) {
        const auto result = load_text(group + "virtual_server group G" + settings +
                                      "virtual_server " + header + settings);
        EXPECT_EQ(has_class(result, "shared_listener"), shared) << header << rendered(result);
        EXPECT_EQ(result.test_status, 0) << rendered(result);
    }
}

struct FindingCase {
    const char* class_name;
    const char* settings;
    const char* server;
};
class ServiceFinding : public ::testing::TestWithParam<FindingCase> {};

TEST_P(ServiceFinding, IsSaidAndLeavesTheStatusAlone) {
    const auto result = load_service(GetParam().settings, GetParam().server);
    EXPECT_TRUE(has_class(result, GetParam().class_name)) << rendered(result);
    EXPECT_EQ(result.test_status, 0) << rendered(result);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ServiceFinding,
    ::testing::Values(
        FindingCase{"no_check", "", ""},
        FindingCase{"unknown_engine", "persistence_engine dns", ""},
        FindingCase{"mask_of_number", "persistence_granularity 24", ""},
        FindingCase{"sorry_server_is_server", "sorry_server 192.0.2.20 80", ""},
        FindingCase{"server_is_service", "real_server 192.0.2.10 80 {\n}", ""},
        FindingCase{"thresholds_reversed", "", "uthreshold 5\nlthreshold 6"},
        FindingCase{"quorum_never_regained", "quorum 2\nhysteresis 1", "weight 2"},
        FindingCase{"quorum_lost_late",
                    "quorum 2\nhysteresis 1\nreal_server 192.0.2.21 80 {\nweight 2\n}", "weight 1"},
        FindingCase{"late_failure", "retry 5", "TCP_CHECK {\ndelay_before_retry 60\n}"},
        FindingCase{"plain_http_to_tls_port", "",
                    "HTTP_GET {\nconnect_port 443\nurl {\npath /\n}\n}"},
        FindingCase{"tls_to_http_port", "", "SSL_GET {\nurl {\npath /\n}\n}"},
        FindingCase{"path_without_slash", "", "HTTP_GET {\nurl {\npath a\n}\n}"},
        FindingCase{"status_twice", "", "HTTP_GET {\nurl {\npath /\nstatus_code 200 200-299\n}\n}"},
        FindingCase{"no_body_to_match", "",
                    "HTTP_GET {\nurl {\npath /\nstatus_code 204\nregex a\n}\n}"}),
    [](const auto& each) { return std::string(each.param.class_name); });

}  // namespace
}  // namespace holdfast::config
