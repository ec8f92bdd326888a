#include <gtest/gtest.h>

#include "lib/config/difference.hpp"
#include "lib/config/written.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

std::shared_ptr<const Written> written(const std::string& text) {
    const testing::FakeHost host;
    testing::MemoryFiles files(text);
    LoadRequest request = testing::request_for(host);
    request.keep_written = true;
    return load(request, files).written;
}

std::string compared(const std::string& before, const std::string& after) {
    const auto one = written(before);
    const auto other = written(after);
    return render(difference(one->config, other->config));
}

constexpr const char* kPair =
    "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n priority 100\n"
    " authentication {\n  auth_type PASS\n  auth_pass one\n }\n"
    " virtual_ipaddress {\n  192.0.2.1/24\n  192.0.2.2/24 dev eth1\n }\n}\n";

TEST(Difference, IsNothingBetweenTwoSpellingsOfOneConfiguration) {
    EXPECT_EQ(compared(kPair,
                       "vrrp_instance VI_1 { priority 100\n virtual_router_id 51\n interface eth0\n"
                       "virtual_ipaddress { 192.0.2.2/24 dev eth1\n 192.0.2.1/24 }\n"
                       "authentication { auth_pass one\n auth_type PASS }\n}\n"),
              "");
}

TEST(Difference, NamesObjectsAndSettings) {
    EXPECT_EQ(
        compared(kPair,
                 "vrrp_script chk { script /usr/bin/true }\n"
                 "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n priority 150\n"
                 " nopreempt\n authentication {\n  auth_type PASS\n  auth_pass two\n }\n"
                 " virtual_ipaddress {\n  192.0.2.2/24\n  192.0.2.3/24\n }\n}\n"),
        "added vrrp_script chk\n"
        "changed vrrp_instance VI_1\n"
        "    priority: 100 -> 150\n"
        "    authentication/auth_pass: changed, not shown\n"
        "    virtual_ipaddress: 192.0.2.2/24 dev eth1 -> 192.0.2.2/24\n"
        "    virtual_ipaddress: not set -> 192.0.2.3/24\n"
        "    virtual_ipaddress: 192.0.2.1/24 -> not set\n"
        "    nopreempt: not set -> set\n");
}

std::string service(const std::string& servers) {
    return "virtual_server 192.0.2.1 80 {\n lvs_sched rr\n protocol TCP\n" + servers + "}\n";
}

TEST(Difference, MatchesServersByAddressAndPort) {
    EXPECT_EQ(compared(service(" real_server 10.0.0.1 80 {\n }\n real_server 10.0.0.2 80 {\n"
                               "  weight 2\n  TCP_CHECK {\n   connect_timeout 3\n  }\n }\n"),
                       service(" real_server 10.0.0.2 80 {\n  weight 5\n  TCP_CHECK {\n"
                               "   connect_timeout 4\n  }\n }\n real_server 10.0.0.3 80 {\n }\n")),
              "changed virtual_server 192.0.2.1 80 real_server 10.0.0.2 80\n"
              "    weight: 2 -> 5\n"
              "    TCP_CHECK/connect_timeout: 3 -> 4\n"
              "added virtual_server 192.0.2.1 80 real_server 10.0.0.3 80\n"
              "removed virtual_server 192.0.2.1 80 real_server 10.0.0.1 80\n");
}

TEST(Difference, OfAServiceThatWentNamesItOnce) {
    EXPECT_EQ(compared(service(" real_server 10.0.0.1 80 {\n }\n"), ""),
              "removed virtual_server 192.0.2.1 80\n");
}

TEST(Difference, SpeaksYaml) {
    const auto before = written(kPair);
    const auto after = written(
        "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n priority 150\n"
        " authentication {\n  auth_type PASS\n  auth_pass two\n }\n"
        " virtual_ipaddress {\n  192.0.2.1/24\n  192.0.2.2/24 dev eth0\n }\n}\n");
    EXPECT_EQ(render(difference(before->config, after->config, Language::yaml)),
              "changed vrrp.instances.VI_1\n"
              "    priority: 100 -> 150\n"
              "    auth.password: changed, not shown\n"
              "    addresses: {address: 192.0.2.2/24, interface: eth1} -> "
              "{address: 192.0.2.2/24, interface: eth0}\n");
}

TEST(Difference, ShowsNoKey) {
    const auto keyed = [](const std::string& key) {
        return "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n auth_hmac {\n  key 1 " +
               key + "\n  active_key 1\n }\n virtual_ipaddress {\n  192.0.2.1\n }\n}\n";
    };
    EXPECT_EQ(compared(keyed("one-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                       keyed("two-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
              "changed vrrp_instance A\n    auth_hmac/key: changed, not shown\n");
}

TEST(Difference, SaysWhereThingsStand) {
    const auto before = written(kPair);
    const auto after = written(
        "# moved\nvrrp_instance VI_1 {\n interface eth0\n"
        " virtual_router_id 52\n}\n");
    const Difference changes = difference(*before, *after);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].before_at.line, 1U);
    EXPECT_EQ(changes[0].after_at.line, 2U);
    EXPECT_EQ(changes[0].settings[0].setting, "virtual_router_id");
    EXPECT_EQ(changes[0].settings[0].before_at.line, 3U);
    EXPECT_EQ(changes[0].settings[0].after_at.line, 4U);
}

}  // namespace
}  // namespace holdfast::config
