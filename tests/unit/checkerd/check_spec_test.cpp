#include "checkerd/check_spec.hpp"

#include <gtest/gtest.h>

#include "configs.hpp"

namespace holdfast::checkerd {
namespace {

using std::chrono::seconds;

/// One service with one server with `checks`.
config::v1::Config with_checks(const std::string& checks) {
    return config_from(R"(virtual_servers { id: 1 name: "[198.51.100.1]:tcp:80"
        servers { id: 2 name: "[192.0.2.1]:tcp:80" )" +
                       checks + "} }");
}

const std::string kTarget = R"(target { connect_address: "\300\000\002\001" connect_port: 80 })";

CheckSpec only_check(const std::string& check) {
    const auto specs = read_checks(with_checks("checks { id: 3 " + check + "}"));
    EXPECT_TRUE(specs.ok()) << specs.error().text();
    EXPECT_EQ(specs->size(), 1U);
    return specs->front();
}

TEST(CheckSpec, TakesEverySettingOfATcpCheck) {
    const CheckSpec spec = only_check(R"(tcp {} alpha: true retry: 4 delay_loop_us: 6000000
        delay_before_retry_us: 2000000 warmup_us: 1000000 log_all_failures: true
        target { connect_address: "\300\000\002\001" connect_port: 8080 bind_port: 99
                 bind_address: "\300\000\002\002" bind_interface: "eth1"
                 connect_timeout_us: 3000000 })");
    EXPECT_EQ(spec.id, core::ObjectId{3});
    EXPECT_EQ(spec.server, core::ObjectId{2});
    EXPECT_EQ(spec.kind, Kind::tcp);
    EXPECT_EQ(spec.rules, (Rules{.alpha = true,
                                 .retry = 4,
                                 .delay_loop = seconds(6),
                                 .delay_before_retry = seconds(2)}));
    EXPECT_EQ(spec.target, (Target{.to = {*core::Address::from_text("192.0.2.1"), 8080},
                                   .bind_address = core::Address::from_text("192.0.2.2"),
                                   .bind_port = 99,
                                   .bind_interface = "eth1",
                                   .connect_timeout = seconds(3)}));
    EXPECT_EQ(spec.warmup, seconds(1));
    EXPECT_TRUE(spec.log_all_failures);
    EXPECT_EQ(subject_of(spec), "TCP_CHECK [192.0.2.1]:tcp:80 of [198.51.100.1]:tcp:80");
}

TEST(CheckSpec, HasKeepalivedsDefaults) {
    const CheckSpec tcp = only_check("tcp {} " + kTarget);
    EXPECT_EQ(tcp.rules, Rules{});
    EXPECT_EQ(tcp.target.connect_timeout, seconds(5));
    EXPECT_EQ(tcp.warmup, tcp.rules.delay_loop);
    EXPECT_EQ(only_check("http { urls {} } " + kTarget).rules.delay_before_retry, seconds(3));
}

TEST(CheckSpec, TakesEverySettingOfAnHttpCheck) {
    const CheckSpec spec = only_check(kTarget + R"(http { virtualhost: "www" fast_recovery: true
        http_protocol: HTTP_1_1
        urls { path: "/a" status_codes { first: 200 last: 204 } status_codes { first: 301 last: 301 } }
        urls { path: "/b" virtualhost: "api" digest: "0123456789abcdef" } })");
    EXPECT_EQ(spec.kind, Kind::http);
    EXPECT_EQ(spec.rules.urls, 2U);
    EXPECT_TRUE(spec.rules.fast_recovery);
    EXPECT_EQ(spec.http_version, HttpVersion::http_1_1);
    ASSERT_EQ(spec.urls.size(), 2U);
    EXPECT_EQ(
        spec.urls[0],
        (HttpUrl{.path = "/a", .virtual_host = "www", .status_codes = {{200, 204}, {301, 301}}}));
    EXPECT_EQ(spec.urls[1].virtual_host, "api");
    ASSERT_TRUE(spec.urls[1].digest);
    EXPECT_EQ(spec.urls[1].digest->front(), std::byte{'0'});
}

TEST(CheckSpec, CountsKindsThatAreNotCarriedOutAsUpEvenWithAlpha) {
    for (const auto& [check, keyword] : {std::pair("command {}", "MISC_CHECK"),
                                         std::pair("http { tls: true urls {} }", "SSL_GET")}) {
        const CheckSpec spec = only_check("alpha: true " + std::string(check));
        EXPECT_EQ(spec.kind, Kind::not_carried_out);
        EXPECT_EQ(spec.keyword, keyword);
        EXPECT_TRUE(start_state(spec.rules).up);
    }
}

TEST(CheckSpec, HasAnotherFingerprintWithAnotherSetting) {
    const CheckSpec spec = only_check("tcp {} " + kTarget);
    EXPECT_EQ(spec.fingerprint, only_check("tcp {} " + kTarget).fingerprint);
    EXPECT_NE(spec.fingerprint, only_check("tcp {} retry: 3 " + kTarget).fingerprint);
}

TEST(CheckSpec, ReadsAllServersOfAllServicesInOrder) {
    const auto specs = read_checks(config_from(R"(
        virtual_servers { id: 1 key { fwmark: 7 } servers { id: 2 address: "\300\000\002\001" port: 80
            checks { id: 3 ping {} } checks { id: 4 ping {} } } servers { id: 5 } }
        virtual_servers { id: 6 key { address: "\306\063\144\001" port: 53 }
            servers { id: 7 checks { id: 8 ping {} } } })"));
    ASSERT_TRUE(specs.ok());
    ASSERT_EQ(specs->size(), 3U);
    EXPECT_EQ(subject_of(specs->at(1)), "PING_CHECK 192.0.2.1:80 of fwmark 7");
    EXPECT_EQ(specs->at(2).service_name, "198.51.100.1:53");
    EXPECT_EQ(specs->at(2).server, core::ObjectId{7});
}

TEST(CheckSpec, TakesTimesAsADayAtMost) {
    const CheckSpec spec = only_check("delay_loop_us: 18446744073709551615 tcp {} " + kTarget);
    EXPECT_EQ(spec.rules.delay_loop, std::chrono::hours(24));
}

class RefusedConfiguration : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(RefusedConfiguration, NamesTheServerAndTheReason) {
    const auto specs = read_checks(with_checks(GetParam().first));
    ASSERT_FALSE(specs.ok());
    EXPECT_EQ(specs.error().text(), "check of [192.0.2.1]:tcp:80: " + GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedConfiguration,
    testing::Values(
        std::pair("checks { tcp {} " + kTarget + "}", "no id"),
        std::pair("checks { id: 3 tcp {} }", "no address to connect to"),
        std::pair(R"(checks { id: 3 tcp {} target { connect_address: "\300\000" } })",
                  "no address to connect to"),
        std::pair(R"(checks { id: 3 tcp {} target { connect_address: "\300\000\002\001"
            connect_port: 65536 } })",
                  "port out of range"),
        std::pair(R"(checks { id: 3 tcp {} target { connect_address: "\300\000\002\001"
            bind_address: "0123456789abcdef" } })",
                  "bindto is not of the family that is probed"),
        std::pair("checks { id: 3 http {} " + kTarget + "}", "no url"),
        std::pair("checks { id: 3 http { urls { digest: \"short\" } } " + kTarget + "}",
                  "digest is not 16 octets"),
        std::pair("checks { id: 3 http { urls { path: \"/\\r\\nX: y\" } } " + kTarget + "}",
                  "line break in path or virtualhost"),
        std::pair("checks { id: 3 http { virtualhost: \"a\\n\" urls { } } " + kTarget + "}",
                  "line break in path or virtualhost"),
        std::pair("checks { id: 3 ping {} } checks { id: 3 ping {} }", "its id is taken")));

}  // namespace
}  // namespace holdfast::checkerd
