// From YAML to the model: strict, everything in one pass, with places and hints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/yaml_text.hpp"

namespace holdfast::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::findings;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::load_yaml;
using testing::YamlFiles;

constexpr const char* kInstance = R"(vrrp:
  instances:
    web:
      interface: eth0
      virtual_router_id: 51
      priority: 150
      advert_interval: 2s
      addresses: [192.0.2.10/24]
)";

TEST(YamlReader, ReadsAnInstance) {
    const LoadResult result = load_yaml(kInstance);
    EXPECT_THAT(findings(result), IsEmpty());
    ASSERT_EQ(result.config.vrrp_instances_size(), 1);
    const auto& instance = result.config.vrrp_instances(0);
    EXPECT_EQ(instance.name(), "web");
    EXPECT_EQ(instance.virtual_router_id(), 51U);
    EXPECT_EQ(instance.advert_interval_us(), 2'000'000U);
    ASSERT_EQ(instance.addresses_size(), 1);
    EXPECT_EQ(instance.addresses(0).prefix_length(), 24U);
    EXPECT_TRUE(result.usable);
    EXPECT_EQ(result.test_status, 0);
}

TEST(YamlReader, FindsEverythingInOnePassWithPlacesAndHints) {
    const LoadResult result = load_yaml(R"(vrrp:
  instances:
    web-v4:
      interface: eth0
      virtual_routerid: 51
      priority: 300
      advert_int: 1s
      advert_interval: 3
      version: [3]
    web-v6: 5
)");
    EXPECT_THAT(
        findings(result),
        ElementsAre(
            "6:7 unknown key \"virtual_routerid\" in vrrp.instances.web-v4 [did you mean "
            "\"virtual_router_id\"?]",
            "7:17 vrrp.instances.web-v4.priority: 300 is not between 1 and 255",
            "8:7 unknown key \"advert_int\" in vrrp.instances.web-v4 [keepalived's advert_int is "
            "advert_interval here]",
            "9:24 vrrp.instances.web-v4.advert_interval: 3 has no unit [write 3s]",
            "10:16 vrrp.instances.web-v4.version wants a number, not a list",
            "11:13 vrrp.instances.web-v6 wants a map, not a single value"));
    EXPECT_FALSE(result.usable);
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(result.diagnostics[0].object, "vrrp_instance web-v4");
    EXPECT_THAT(result.diagnostics[0].source_line, HasSubstr("virtual_routerid: 51"));
}

TEST(YamlReader, SaysWhereAKeyBelongs) {
    EXPECT_THAT(findings(load_yaml("virtual_router_id: 3\n")),
                ElementsAre("2:1 unknown key \"virtual_router_id\" in the file [virtual_router_id "
                            "belongs in vrrp.instances.NAME]"));
}

TEST(YamlReader, WantsItsVersion) {
    YamlFiles none("vrrp: {}\n");
    EXPECT_THAT(
        findings(load_yaml(none)),
        ElementsAre("1:1 a configuration in YAML begins with its version [write version: 1]"));
    YamlFiles other("version: 2\nfoo: bar\n");
    const LoadResult result = load_yaml(other);
    EXPECT_THAT(findings(result),
                ElementsAre("1:10 version 2 is not known here [write version: 1]"));
    EXPECT_FALSE(result.usable);
}

TEST(YamlReader, KnowsWhichNamesAreDefined) {
    const LoadResult result = load_yaml(std::string(kInstance) + R"(  sync_groups:
    all: {members: [web, wbe]}
)");
    EXPECT_THAT(findings(result),
                ElementsAre("11:26 vrrp.sync_groups.all.members[2]: there is no \"wbe\" in "
                            "vrrp.instances [did you mean \"web\"?]"));
}

TEST(YamlReader, AScriptIsAListOfWordsOrALine) {
    const auto argv = [](const std::string& command) {
        const LoadResult result = load_yaml(
            "global: {script_user: root}\nvrrp:\n  track_scripts:\n    alive:\n      command: " +
            command + "\n");
        if (result.config.vrrp_scripts_size() != 1) return std::vector<std::string>{};
        const auto& words = result.config.vrrp_scripts(0).script().argv();
        return std::vector<std::string>(words.begin(), words.end());
    };
    EXPECT_THAT(argv("[/usr/bin/true, a b]"), ElementsAre("/usr/bin/true", "a b"));
    EXPECT_THAT(argv("/usr/bin/true 'a b' c"), ElementsAre("/usr/bin/true", "a b", "c"));
    EXPECT_THAT(argv("/usr/bin/true && x"), IsEmpty());
}

TEST(YamlReader, ResolvesAsTheOtherLanguageDoes) {
    const LoadResult yaml = load_yaml(kInstance);
    const LoadResult legacy = testing::load_text(R"(
vrrp_instance web {
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 2
    virtual_ipaddress {
        192.0.2.10/24
    }
}
)");
    EXPECT_EQ(yaml.config.SerializeAsString(), legacy.config.SerializeAsString())
        << yaml.config.DebugString() << legacy.config.DebugString();
}

TEST(YamlReader, KnowsAnAddressThatIsPreferredForEver) {
    const auto lifetime = [](const std::string& value) {
        const LoadResult result = load_yaml(
            "vrrp:\n  instances:\n    a: {interface: eth0, virtual_router_id: 1, addresses: "
            "[{address: 192.0.2.10/24, preferred_lifetime: " +
            value + "}]}\n");
        return std::pair(result.config.vrrp_instances(0).addresses(0).preferred_lifetime_us(),
                         findings(result));
    };
    EXPECT_EQ(lifetime("forever").first, 4'294'967'295'000'000U);
    EXPECT_THAT(lifetime("forever").second, IsEmpty());
    EXPECT_EQ(lifetime("30s").first, 30'000'000U);
    EXPECT_THAT(lifetime("30s").second, ElementsAre(HasSubstr("not carried out yet")));
    EXPECT_THAT(lifetime("30").second, ElementsAre(HasSubstr("30 has no unit")));
}

TEST(YamlReader, TakesARequestInItsCheckOrInTheListOfThem) {
    const auto with = [](const std::string& check) {
        return load_yaml(
            "ipvs:\n  services:\n    a: {listen: [\"192.0.2.1:80\"], servers: "
            "[10.0.0.1], checks: [{http: " +
            check + "}]}\n");
    };
    const LoadResult both = with("{host: check, urls: [{path: /, host: request}]}");
    EXPECT_THAT(findings(both), IsEmpty());
    const auto& http = both.config.virtual_servers(0).servers(0).checks(0).http();
    EXPECT_EQ(http.virtualhost(), "check");
    EXPECT_EQ(http.urls(0).virtualhost(), "request");
    for (const char* check :
         {"{urls: [{path: /a}], path: /b}", "{path: /b, urls: [{path: /a}]}",
          "{urls: [{path: /a}], expect: {digest: 00112233445566778899aabbccddeeff}}"}) {
        EXPECT_THAT(findings(with(check)), ElementsAre(HasSubstr("cannot stand together")))
            << check;
    }
}

TEST(YamlReader, WarnsOfAnEmptyConfiguration) {
    EXPECT_THAT(findings(load_yaml("vrrp: {}\n")), ElementsAre("0:0 nothing is configured"));
}

TEST(YamlReader, CountsNothingThatIsNoMistakeHere) {
    std::string text = "ipvs:\n  services:\n";
    for (int i = 0; i < 3000; ++i) {
        text += "    s" + std::to_string(i) + ": {listen: [\"192.0.2.1:" + std::to_string(i + 1) +
                "\"], servers: [10.0.0.1]}\n";
    }
    const LoadResult result = load_yaml(text);
    EXPECT_EQ(result.counts.errors, 0U) << testing::rendered(result).substr(0, 1000);
}

TEST(YamlReader, SearchesForNoMoreThanAHundredHints) {
    std::string text =
        "vrrp:\n  instances:\n    a:\n      interface: eth0\n"
        "      virtual_router_id: 1\n      addresses: [192.0.2.1/24]\n";
    for (int i = 0; i < 200; ++i) text += "      priorty" + std::to_string(i) + ": 1\n";
    const LoadResult result = load_yaml(text);
    ASSERT_EQ(result.diagnostics.size(), 200U);
    EXPECT_NE(result.diagnostics[99].hint, "");
    EXPECT_EQ(result.diagnostics[100].hint, "");
}

TEST(YamlReader, SaysWhatAFlagOfKeepalivedIs) {
    const LoadResult result = load_yaml(std::string(kInstance) + "      nopreempt: true\n");
    EXPECT_THAT(findings(result), ElementsAre(HasSubstr("nopreempt is preempt: false here")));
}

TEST(YamlSecrets, ComeFromFilesAndCredentials) {
    const auto password = [](YamlFiles& files) {
        const LoadResult result = load_yaml(files);
        EXPECT_THAT(findings(result), IsEmpty());
        if (result.config.vrrp_instances_size() == 0) return std::string();
        return result.config.vrrp_instances(0).authentication().password();
    };
    const std::string start = "version: 1\n" + std::string(kInstance) +
                              "      version: 2\n      auth:\n        type: pass\n";
    YamlFiles by_file(start + "        password_file: secret\n");
    by_file.files["/etc/holdfast/secret"] = "s3cret\n";
    EXPECT_EQ(password(by_file), "s3cret");
    YamlFiles by_credential(start + "        password: ${credential:vrrp}\n");
    by_credential.files["/run/credentials/holdfast.service/vrrp"] = "s3cret";
    EXPECT_EQ(password(by_credential), "s3cret");
    YamlFiles missing(start + "        password_file: /absent\n");
    EXPECT_THAT(findings(load_yaml(missing)),
                Contains(HasSubstr("auth.password_file: open /absent")));
}

TEST(YamlSecrets, ThatOthersCanReadAreWarnedOfOnce) {
    YamlFiles files(
        "version: 1\nvrrp:\n  defaults:\n    version: 2\n"
        "    auth: {type: pass, password_file: secret}\n  instances:\n"
        "    a: {interface: eth0, virtual_router_id: 1, addresses: [192.0.2.1/24]}\n"
        "    b: {interface: eth0, virtual_router_id: 2, addresses: [192.0.2.2/24]}\n");
    files.files["/etc/holdfast/secret"] = "s3cret\n";
    EXPECT_THAT(findings(load_yaml(files)), IsEmpty());
    files.open_to_all.insert("/etc/holdfast/secret");
    const LoadResult result = load_yaml(files);
    EXPECT_THAT(findings(result), ElementsAre("5:39 others can read /etc/holdfast/secret "
                                              "[chmod 0600 /etc/holdfast/secret]"));
    EXPECT_TRUE(result.usable);
}

TEST(YamlSecrets, StandThereOrInAFile) {
    YamlFiles files("version: 1\n" + std::string(kInstance) +
                    "      version: 2\n"
                    "      auth: {type: pass, password: one, password_file: secret}\n");
    files.files["/etc/holdfast/secret"] = "two\n";
    EXPECT_THAT(findings(load_yaml(files)),
                ElementsAre(HasSubstr("auth says password and password_file; one of them is "
                                      "enough")));
}

}  // namespace
}  // namespace holdfast::config
