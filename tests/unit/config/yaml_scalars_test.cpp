// Values of YAML: durations, sizes, numbers, addresses.
#include <gtest/gtest.h>

#include "lib/config/yaml/forms/endpoints.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {
namespace {

TEST(YamlDurations, HaveAUnit) {
    const std::pair<const char*, std::uint64_t> good[] = {
        {"250ms", 250'000},   {"3s", 3'000'000}, {"5m", 300'000'000}, {"1h30m", 5'400'000'000},
        {"0.5s", 500'000},    {"1us", 1},        {"0s", 0},           {"1d", 86'400'000'000},
        {"1m30s", 90'000'000}};
    for (const auto& [text, us] : good) {
        const auto read = read_duration(text, "s");
        ASSERT_TRUE(read.value) << text;
        EXPECT_EQ(*read.value, us) << text;
    }
    EXPECT_EQ(read_duration("3", "s").refusal.hint, "write 3s");
    EXPECT_EQ(read_duration("0.25", "ms").refusal.hint, "write 0.25ms");
    for (const char* text : {"", "s", "3 s", "-3s", "3x", "1h30", "0.0000001s", "1.00000001s",
                             "3s3", "1.2.3s", "99999999999999999999s", ".s"}) {
        EXPECT_FALSE(read_duration(text, "s").value) << text;
    }
}

TEST(YamlDurations, AreWrittenWithTheLargestUnitThatFits) {
    EXPECT_EQ(duration_text(0), "0s");
    EXPECT_EQ(duration_text(250'000), "250ms");
    EXPECT_EQ(duration_text(90'000'000), "90s");
    EXPECT_EQ(duration_text(3'600'000'000), "1h");
    EXPECT_EQ(duration_text(1), "1us");
}

TEST(YamlSizes, HaveAUnit) {
    EXPECT_EQ(*read_size("64KiB").value, 65536U);
    EXPECT_EQ(*read_size("2MB").value, 2'000'000U);
    EXPECT_EQ(read_size("4096").refusal.hint, "write 4096B");
    EXPECT_EQ(size_text(65536), "64KiB");
    EXPECT_EQ(size_text(1000), "1000B");
}

TEST(YamlNumbers, AreBaseTenWithoutLeadingZeros) {
    EXPECT_EQ(*read_integer(Node::plain("-30"), -253, 253).value, -30);
    EXPECT_EQ(read_integer(Node::plain("300"), 1, 255).refusal.text,
              "300 is not between 1 and 255");
    EXPECT_EQ(read_integer(Node::plain("010"), 1, 255).refusal.text,
              "010 begins with a zero, which YAML readers take for base 8");
    EXPECT_EQ(read_integer(Node::string("51"), 1, 255).refusal.hint, "write 51 without quotes");
    for (const char* text : {"0x1f", "1_000", "+5", "5.0", "", "-", "99999999999999999999"}) {
        EXPECT_FALSE(read_integer(Node::plain(text), 0, 1'000'000).value) << text;
    }
}

TEST(YamlNumbers, HaveAllTheirBits) {
    const auto* field = v1::Rule::descriptor()->FindFieldByName("tunnel_id");
    v1::Rule rule;
    EXPECT_FALSE(read_scalar(Node::plain("18446744073709551615"), rule, field));
    EXPECT_EQ(rule.tunnel_id(), 18446744073709551615U);
    EXPECT_EQ(write_scalar(rule, field).text, "18446744073709551615");
    EXPECT_EQ(read_scalar(Node::plain("18446744073709551616"), rule, field)->text,
              "18446744073709551616 is not between 0 and 18446744073709551615");
    EXPECT_TRUE(read_scalar(Node::plain("-1"), rule, field));
}

TEST(YamlEndpoints, HaveBracketsAroundIPv6) {
    EXPECT_EQ(*read_endpoint("192.0.2.1:80").value->port, 80U);
    EXPECT_EQ(*read_endpoint("[2001:db8::1]:443").value->port, 443U);
    EXPECT_FALSE(read_endpoint("2001:db8::1").value->port);
    EXPECT_FALSE(read_endpoint("[::1]").value->port);
    for (const char* text : {"192.0.2.1:", "192.0.2.1:70000", "192.0.2.1:080", "[::1]80",
                             "2001:db8::1%eth0:80", "web:80", "", "[::1", "192.0.2.1:http"}) {
        EXPECT_FALSE(read_endpoint(text).value) << text;
    }
}

TEST(YamlPrefixes, AreAddressAndLength) {
    EXPECT_EQ(*read_prefix("192.0.2.10/24").value->length, 24U);
    EXPECT_FALSE(read_prefix("192.0.2.10").value->length);
    for (const char* text :
         {"192.0.2.10/33", "192.0.2.10/", "192.0.2/24", "::1/129", "/24", "192.0.2.10/024"}) {
        EXPECT_FALSE(read_prefix(text).value) << text;
    }
}

TEST(YamlWords, AreTheLowerCaseOnes) {
    v1::VirtualServer service;
    const auto* field = v1::VirtualServer::descriptor()->FindFieldByName("forwarding");
    const Node word = write_scalar(
        [] {
            v1::VirtualServer made;
            made.set_forwarding(v1::NAT);
            return made;
        }(),
        field);
    EXPECT_EQ(word.text, "nat");
    EXPECT_FALSE(read_scalar(word, service, field));
    EXPECT_EQ(service.forwarding(), v1::NAT);
    const auto wrong = read_scalar(Node::plain("NAT"), service, field);
    ASSERT_TRUE(wrong);
    EXPECT_EQ(wrong->hint, "write nat");
}

TEST(YamlDurations, AreWholeSecondsWhereKeepalivedTakesNoOthers) {
    v1::VirtualAddress address;
    v1::VrrpInstance instance;
    const auto* lifetime = address.GetDescriptor()->FindFieldByName("preferred_lifetime_us");
    const auto* extra = instance.GetDescriptor()->FindFieldByName("garp_extra_interval_us");
    EXPECT_TRUE(read_scalar(Node::plain("1500ms"), address, lifetime));
    EXPECT_TRUE(read_scalar(Node::plain("1500ms"), instance, extra));
    EXPECT_FALSE(read_scalar(Node::plain("2000ms"), address, lifetime));
    EXPECT_FALSE(read_scalar(Node::plain("2000ms"), instance, extra));
}

TEST(YamlBooleans, AreTrueAndFalseOnly) {
    v1::VirtualServer service;
    const auto* field = v1::VirtualServer::descriptor()->FindFieldByName("omega");
    EXPECT_FALSE(read_scalar(Node::plain("true"), service, field));
    EXPECT_TRUE(service.omega());
    EXPECT_EQ(read_scalar(Node::plain("on"), service, field)->hint, "write true");
    EXPECT_EQ(read_scalar(Node::plain("No"), service, field)->hint, "write false");
    EXPECT_EQ(read_scalar(Node::string("true"), service, field)->hint, "write true without quotes");
}

}  // namespace
}  // namespace holdfast::config::yaml
