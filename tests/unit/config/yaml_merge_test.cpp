// Several maps become one: includes, conf.d, defaults, pools, overrides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/yaml_text.hpp"

namespace holdfast::config {
namespace {

using ::testing::ElementsAre;
using testing::findings;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::load_yaml;
using testing::YamlFiles;

constexpr const char* kWeb = R"(version: 1
vrrp:
  instances:
    web: {interface: eth0, virtual_router_id: 51, addresses: [192.0.2.10/24]}
)";

const v1::VrrpInstance& instance(const LoadResult& result, int index = 0) {
    return result.config.vrrp_instances(index);
}

TEST(YamlIncludes, AddToWhatIsThere) {
    YamlFiles files(std::string(kWeb) + "include: [parts/*.yaml, \"none/*.yaml\"]\n");
    files.files["/etc/holdfast/parts/a.yaml"] =
        "vrrp:\n  instances:\n    web: {priority: 120}\n    mail: {interface: eth0, "
        "virtual_router_id: 52, addresses: [192.0.2.20/24]}\n";
    files.files["/etc/holdfast/conf.d/b.yaml"] = "vrrp: {instances: {mail: {priority: 130}}}\n";
    const LoadResult result = load_yaml(files);
    EXPECT_THAT(findings(result), ElementsAre("5:25 include: nothing fits none/*.yaml"));
    ASSERT_EQ(result.config.vrrp_instances_size(), 2);
    EXPECT_EQ(instance(result, 0).priority(), 120U);
    EXPECT_EQ(instance(result, 1).priority(), 130U);
    EXPECT_TRUE(result.usable);
}

TEST(YamlIncludes, DefineNothingTwice) {
    YamlFiles files(std::string(kWeb) + "include: [a.yaml]\n");
    files.files["/etc/holdfast/a.yaml"] = "vrrp: {instances: {web: {virtual_router_id: 9}}}\n";
    const LoadResult result = load_yaml(files);
    ASSERT_EQ(result.diagnostics.size(), 1U) << testing::rendered(result);
    EXPECT_EQ(result.diagnostics[0].text,
              "vrrp.instances.web.virtual_router_id is defined twice; the first is in "
              "/etc/holdfast/holdfast.yaml:4");
    EXPECT_EQ(result.diagnostics[0].position.file->path, "/etc/holdfast/a.yaml");
    EXPECT_FALSE(result.usable);
}

TEST(YamlIncludes, AreBoundedAndMustBeThere) {
    YamlFiles loop(std::string(kWeb) + "include: [a.yaml]\n");
    loop.files["/etc/holdfast/a.yaml"] = "include: [a.yaml]\n";
    EXPECT_FALSE(load_yaml(loop).usable);
    YamlFiles hidden(std::string(kWeb) + "include: [./././a.yaml]\n");
    hidden.files["/etc/holdfast/a.yaml"] = "include: [./a.yaml]\n";
    EXPECT_THAT(findings(load_yaml(hidden)),
                ElementsAre(HasSubstr("1:11 /etc/holdfast/a.yaml would include itself")));
    YamlFiles missing(std::string(kWeb) + "include: [a.yaml]\n");
    const LoadResult result = load_yaml(missing);
    EXPECT_FALSE(result.usable);
    EXPECT_THAT(findings(result)[0], HasSubstr("5:11 include: there is no /etc/holdfast/a.yaml"));
}

TEST(YamlDefaults, AreForInstancesThatSayNothingElse) {
    YamlFiles files(std::string(kWeb) +
                    "    mail: {interface: eth1, virtual_router_id: 52, priority: 90, addresses: "
                    "[192.0.2.20/24]}\n  defaults: {priority: 120, advert_interval: 4s, foo: 1}\n");
    const LoadResult result = load_yaml(files);
    EXPECT_THAT(findings(result), ElementsAre("6:50 unknown key \"foo\" in vrrp.defaults"));
    EXPECT_EQ(instance(result, 0).priority(), 120U);
    EXPECT_EQ(instance(result, 1).priority(), 90U);
    EXPECT_EQ(instance(result, 1).advert_interval_us(), 4'000'000U);
}

TEST(YamlDefaults, GiveNoPasswordToWhatHasOneOfItsOwn) {
    YamlFiles files(
        "version: 1\nvrrp:\n  defaults: {version: 2, auth: {type: pass, password_file: common}}\n"
        "  instances:\n"
        "    a: {interface: eth0, virtual_router_id: 1, addresses: [192.0.2.1/24],\n"
        "        auth: {password: own}}\n"
        "overrides:\n  lb2: {vrrp: {instances: {a: {auth: {password_file: other}}}}}\n");
    files.files["/etc/holdfast/common"] = "common";
    files.files["/etc/holdfast/other"] = "other";
    for (const auto& [node, password] : {std::pair{"lb1", "own"}, {"lb2", "other"}}) {
        const LoadResult result = load_yaml(files, node);
        EXPECT_THAT(findings(result), IsEmpty());
        EXPECT_EQ(instance(result).authentication().password(), password);
    }
}

TEST(YamlPools, ThatListenGiveTheirAddressesToTheirServices) {
    const LoadResult result = load_yaml(
        "server_pools:\n  web: {listen: [\"192.0.2.10:80\", \"192.0.2.11:80\"], servers: "
        "[10.0.0.1]}\nipvs:\n  services:\n    http: {pool: web}\n");
    ASSERT_EQ(result.config.service_groups_size(), 1) << testing::rendered(result);
    EXPECT_EQ(result.config.service_groups(0).name(), "listen-http");
}

TEST(YamlOverrides, AreForOneNode) {
    const std::string text = std::string(kWeb) +
                             "overrides:\n  lb2: {vrrp: {instances: {web: {priority: 50}}}}\n"
                             "  lb1: {vrrp: {defaults: {priority: 60}}}\n";
    for (const auto& [node, priority] :
         {std::pair{"lb2", 50U}, {"lb2.example.net", 50U}, {"lb1", 60U}, {"other", 100U}}) {
        YamlFiles files(text);
        const LoadResult result = load_yaml(files, node);
        EXPECT_THAT(findings(result), IsEmpty());
        EXPECT_EQ(instance(result).priority(), priority) << node;
    }
}

constexpr const char* kPools = R"(server_pools:
  web:
    checks: [{tcp: {}}]
    servers:
      - 10.0.0.11
      - {address: "10.0.0.12:8080", weight: 5, checks: [{http: {path: /}}]}
  spare: {servers: [10.0.0.13]}
ipvs:
  services:
    http: {listen: ["192.0.2.10:80"], protocol: tcp, scheduler: wlc, forwarding: nat, pool: web}
    https: {listen: ["192.0.2.10:443"], protocol: tcp, scheduler: wlc, forwarding: nat, pool: web,
            checks: [{tcp: {port: 1}}]}
    bad: {listen: ["192.0.2.10:444"], protocol: tcp, scheduler: wlc, forwarding: nat, pool: wbe}
)";

TEST(YamlPools, FillServicesAndTheirChecks) {
    const LoadResult result = load_yaml(kPools);
    EXPECT_THAT(findings(result)[0], HasSubstr("8:3 server_pools.spare is used by no service"));
    ASSERT_EQ(result.diagnostics.size(), 2U) << testing::rendered(result);
    EXPECT_THAT(findings(result)[1],
                HasSubstr("ipvs.services.bad.pool: there is no \"wbe\" in server_pools [did you "
                          "mean \"web\"?]"));
    ASSERT_GE(result.config.virtual_servers_size(), 2);
    const auto& http = result.config.virtual_servers(0);
    ASSERT_EQ(http.servers_size(), 2);
    EXPECT_TRUE(http.servers(0).checks(0).has_tcp());
    EXPECT_TRUE(http.servers(1).checks(0).has_http());
    EXPECT_EQ(http.servers(1).port(), 8080U);
    const auto& https = result.config.virtual_servers(1);
    EXPECT_EQ(https.servers(0).checks(0).target().connect_port(), 1U);
}

}  // namespace
}  // namespace holdfast::config
