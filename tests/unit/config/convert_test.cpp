// One language to the other, with comments and a report.
#include <gtest/gtest.h>

#include "lib/config/comments.hpp"
#include "lib/config/convert.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

Conversion converted(const std::string& text, Language to) {
    const testing::FakeHost host;
    testing::MemoryFiles files(text);
    files.files["/etc/keepalived/more.conf"] = "vrrp_script more {\n script /usr/bin/true\n}\n";
    return convert(testing::request_for(host), files, to);
}

std::string report_of(const Conversion& made) {
    std::string text;
    for (const Diagnostic& found : made.report) {
        text +=
            std::to_string(found.position.line) + " " + found.class_name + ": " + found.text + "\n";
    }
    return text;
}

constexpr const char* kCommented =
    "# The pair in Vienna\n"
    "# kept by hand\n"
    "\n"
    "! checks the proxy\n"
    "vrrp_script proxy {\n"
    "    script \"/usr/bin/killall -0 haproxy\"   # cheap\n"
    "    interval 2\n"
    "}\n"
    "\n"
    "# lost: a blank line follows\n"
    "\n"
    "vrrp_instance VI_1 {  # the web\n"
    "    interface eth0\n"
    "    virtual_router_id 51\n"
    "    # higher than the other one\n"
    "    priority 150\n"
    "    virtual_ipaddress {\n"
    "        192.0.2.10/24     # www\n"
    "        # mail\n"
    "        192.0.2.11/24\n"
    "    }\n"
    "    track_script {\n"
    "        proxy\n"
    "    }\n"
    "}\n"
    "global_defs {\n"
    "    script_user root\n"
    "    enable_script_security\n"
    "}\n";

TEST(Conversion, WritesOfAPasswordWhatCounts) {
    const Conversion made = converted(
        "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nversion 2\n"
        "authentication {\nauth_type PASS\nauth_pass much_too_long\n}\n"
        "virtual_ipaddress {\n192.0.2.10/24\n}\n}\n",
        Language::yaml);
    EXPECT_NE(made.text.find("password: much_too\n"), std::string::npos) << made.text;
    EXPECT_EQ(converted(made.text, Language::legacy).text.find("too_long"), std::string::npos);
    EXPECT_NE(converted(made.text, Language::legacy).text.find("auth_pass much_too\n"),
              std::string::npos);
}

TEST(Conversion, SaysThatATextIsACredentialInYaml) {
    const Conversion made =
        converted("global_defs {\nrouter_id \"${credential:one}\"\n}\n", Language::yaml);
    EXPECT_NE(report_of(made).find("means a credential in YAML"), std::string::npos)
        << report_of(made);
}

TEST(Comments, AreFoundOutsideOfQuotes) {
    const auto legacy = find_comments("a \"#\" # b\n  ! c\n\\# d\n", Language::legacy);
    ASSERT_EQ(legacy.size(), 2U);
    EXPECT_EQ(legacy[0].text, "b");
    EXPECT_FALSE(legacy[0].alone);
    EXPECT_EQ(legacy[1].text, "c");
    EXPECT_TRUE(legacy[1].alone);
    const auto yaml = find_comments(
        "a: \"x # y\"  # one\nb: it's # two\nc: 'd # e\n  f' # three\ng: |\n  # text\nh: a#b\n# "
        "four\n",
        Language::yaml);
    ASSERT_EQ(yaml.size(), 4U);
    EXPECT_EQ(yaml[0].text, "one");
    EXPECT_EQ(yaml[1].text, "two");
    EXPECT_EQ(yaml[2].text, "three");
    EXPECT_EQ(yaml[3].text, "four");
}

TEST(Convert, CarriesCommentsToYamlAndBack) {
    const Conversion yaml = converted(kCommented, Language::yaml);
    for (const char* expected : {"# The pair in Vienna\n# kept by hand\n\nversion: 1\n",
                                 "# checks the proxy\n", "# cheap\n", "VI_1:  # the web\n",
                                 "# higher than the other one\n", "# www\n", "# mail\n"}) {
        EXPECT_NE(yaml.text.find(expected), std::string::npos) << expected << yaml.text;
    }
    EXPECT_EQ(
        report_of(yaml),
        "10 comment_dropped: a comment belongs to nothing that is written: lost: a blank line "
        "follows\n");
    EXPECT_TRUE(yaml.faithful) << yaml.text;

    const Conversion back = converted(yaml.text, Language::legacy);
    for (const char* expected :
         {"# The pair in Vienna\n# kept by hand\n\n", "# checks the proxy\nvrrp_script proxy {",
          "# cheap\n", "vrrp_instance VI_1 {  # the web\n",
          "    # higher than the other one\n    priority 150\n", "192.0.2.10/24  # www\n",
          "        # mail\n        192.0.2.11/24\n"}) {
        EXPECT_NE(back.text.find(expected), std::string::npos) << expected << back.text;
    }
    EXPECT_EQ(report_of(back), "");
    EXPECT_TRUE(back.faithful);
}

TEST(Convert, ReportsWhatIsResolvedForThisNodeAndFoldedIn) {
    const Conversion made = converted(
        "$ID=51\n"
        "include more.conf\n"
        "vrrp_instance VI_1 {\n"
        "    interface eth0\n"
        "    virtual_router_id ${ID}\n"
        "    @node1 priority 150\n"
        "    @node2 priority 100\n"
        "    advert_int 1 nopreempt\n"
        "    virtual_ipaddress {\n"
        "        192.0.2.10/24\n"
        "    }\n"
        "    no_such_word\n"
        "}\n",
        Language::yaml);
    const std::string report = report_of(made);
    for (const char* expected :
         {"6 condition_resolved: conditions (@ID) are resolved for node 'node1' (2 in this file)",
          "1 parameter_replaced: ", "2 include_folded: ", "8 surplus_words: ",
          "12 unknown_keyword: "}) {
        EXPECT_NE(report.find(expected), std::string::npos) << expected << "\n" << report;
    }
    EXPECT_NE(made.text.find("priority: 150"), std::string::npos) << made.text;
    EXPECT_EQ(made.text.find("100"), std::string::npos) << made.text;
}

TEST(Convert, OfYamlThatIsWrongIsNotUsable) {
    const Conversion made = converted(
        "version: 1\nvrrp:\n  defaults: {version: 2, auth: {pass: x}, track: {scripts: [y]}}\n"
        "  instances:\n    a: {interface: eth0, virtual_router_id: 1, foo: 1}\n",
        Language::legacy);
    EXPECT_FALSE(made.usable);
    EXPECT_NE(report_of(made).find("5 unknown_key: "), std::string::npos) << report_of(made);
}

TEST(Convert, KeepsACommentAboveTheFirstBlock) {
    const Conversion made =
        converted("! the pair\nglobal_defs {\n router_id a\n}\n", Language::yaml);
    EXPECT_EQ(made.text.substr(0, made.text.find("version")), "# the pair\n\n");
    EXPECT_EQ(report_of(made), "");
}

TEST(Convert, WritesFirstWhereAServiceListens) {
    const Conversion made = converted(
        "virtual_server 192.0.2.1 80 {\n lvs_sched rr\n protocol TCP\n real_server 10.0.0.1 80 "
        "{\n }\n}\n",
        Language::yaml);
    EXPECT_NE(made.text.find("tcp-192.0.2.1-80:\n      listen: [\"192.0.2.1:80\"]\n"
                             "      protocol: tcp\n"),
              std::string::npos)
        << made.text;
}

TEST(Convert, ReportsEachFileOnce) {
    const Conversion made = converted(
        "version: 1\nvrrp:\n  defaults: {priority: 90}\n  instances:\n"
        "    a: {interface: eth0, virtual_router_id: 1, addresses: [192.0.2.1/24]}\n",
        Language::legacy);
    EXPECT_EQ(report_of(made), "3 defaults_expanded: defaults are spelt out in each instance\n");
    EXPECT_TRUE(made.usable);
}

TEST(Convert, ReportsNamesThatServicesLose) {
    const Conversion made = converted(
        "version: 1\nipvs:\n  services:\n    web:\n      listen: 192.0.2.1:80\n"
        "      protocol: tcp\n      servers: [10.0.0.1:80]\n",
        Language::legacy);
    EXPECT_NE(report_of(made).find("4 name_dropped: "), std::string::npos) << report_of(made);
    EXPECT_TRUE(made.faithful) << made.text;
}

}  // namespace
}  // namespace holdfast::config
