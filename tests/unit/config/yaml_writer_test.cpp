// What the writer of YAML puts on paper is read back, by us and by other readers.
#include <gtest/gtest.h>

#include "lib/config/written.hpp"
#include "lib/config/yaml/emitter.hpp"
#include "lib/config/yaml/writer.hpp"
#include "tests/unit/config/yaml_text.hpp"

namespace holdfast::config::yaml {
namespace {

using testing::FakeHost;
using testing::request_for;
using testing::YamlFiles;

Line value(std::string key, Node node) {
    Line line;
    line.key = std::move(key);
    line.value = std::move(node);
    return line;
}

TEST(YamlEmitter, QuotesTextsThatAreNotTextsToSomeReader) {
    for (const char* text :
         {"yes",          "No",  "on",   "OFF",   "true",     "False",      "null",  "~",    "y",
          "010",          "1e3", "0x1f", "1_000", "12:30:00", "2026-11-21", ".inf",  "-.5",  "=",
          "<<",           "",    " a",   "a ",    "::1",      "[::1]:80",   "a: b",  "a #b", "#a",
          "- a",          "*a",  "&a",   "!a",    "%a",       "@a",         "`a",    "{a}",  "[a]",
          "a,b",          "|",   ">",    "?",     "-",        "'a'",        "\"a\"", "a\nb", "a\tb",
          "192.0.2.1:80", "...", "---"}) {
        const std::string written = scalar_text(text);
        EXPECT_EQ(written.front(), '"') << text;
        EXPECT_EQ(written.back(), '"') << text;
    }
    for (const char* text : {"plain", "two words", "web-1", "192.0.2.1/24", "a/b.sh", "50%",
                             "it_is", "eth0.100", "\xc3\xa9t\xc3\xa9", "x=y", "a@b.c", "v1.2"}) {
        EXPECT_EQ(scalar_text(text), text);
    }
}

TEST(YamlEmitter, KeepsNumbersAndWordsPlain) {
    for (const char* text : {"5", "-20", "true", "30s", "1h30m", "250ms", "192.0.2.1", "0.5s"}) {
        EXPECT_EQ(inline_text(Node::plain(text)), text);
    }
    EXPECT_EQ(inline_text(Node::plain("::1")), "\"::1\"");
    EXPECT_EQ(inline_text(Node::plain("off")), "\"off\"");
}

TEST(YamlEmitter, PutsShortListsInBracketsAndMapsOnLines) {
    Node list = Node::list({Node::string("a"), Node::plain("5")});
    Line map;
    map.kind = Line::Kind::map;
    map.key = "instances";
    Line instance;
    instance.kind = Line::Kind::map;
    instance.key = "010";
    instance.children = {value("priority", Node::plain("100")), value("peers", list)};
    instance.children.front().above = {"why"};
    instance.children.front().behind = "because";
    map.children = {instance};
    Line servers;
    servers.kind = Line::Kind::list;
    servers.key = "servers";
    Line server = instance;
    server.key.clear();
    server.in_list = true;
    server.children.front().above.clear();
    servers.children = {server, server};
    EXPECT_EQ(text_of({map, servers}),
              "instances:\n"
              "  \"010\":\n"
              "    # why\n"
              "    priority: 100  # because\n"
              "    peers: [a, 5]\n"
              "servers:\n"
              "  - priority: 100  # because\n"
              "    peers: [a, 5]\n"
              "  - priority: 100  # because\n"
              "    peers: [a, 5]\n");
}

/// The instance or service of a text, written again.
std::string again(const std::string& yaml) {
    YamlFiles files("version: 1\n" + yaml);
    const FakeHost host;
    LoadRequest request = request_for(host);
    request.file = YamlFiles::kMain;
    request.keep_written = true;
    const LoadResult read = load(request, files);
    const std::string text = write_yaml(read.written->config).text;
    return text.substr(text.find('\n') + 1);
}

TEST(YamlWriter, SaysThatThereIsNoPreemptionBesideItsDelay) {
    const std::string both =
        "vrrp:\n  instances:\n    VI_1:\n      preempt:\n        enabled: false\n"
        "        delay: 30s\n";
    EXPECT_EQ(again(both), both);
    const std::string one = "vrrp:\n  instances:\n    VI_1:\n      preempt: false\n";
    EXPECT_EQ(again(one), one);
}

TEST(YamlWriter, SaysTheProtocolOfAServiceOfAGroup) {
    v1::Config config;
    config.add_virtual_servers()->set_group("web");  // UDP in keepalived.conf, TCP in YAML
    EXPECT_NE(write_yaml(config).text.find("protocol: udp"), std::string::npos);
}

TEST(YamlWriter, PutsARequestIntoAListWhenTheCheckMeansSomethingElseByItsKeys) {
    const std::string service =
        "ipvs:\n  services:\n    web:\n      listen: [\"192.0.2.1:80\"]\n      protocol: tcp\n"
        "      servers:\n        - address: \"192.0.2.7:80\"\n"
        "          checks:\n            - http:\n";
    const std::string own_host = service +
                                 "                host: b.example\n"
                                 "                urls:\n"
                                 "                  - path: /\n"
                                 "                    host: a.example\n";
    const std::string in_line = service +
                                "                path: /\n"
                                "                expect:\n"
                                "                  no_match: true\n";
    for (const std::string& text : {own_host, in_line}) EXPECT_EQ(again(text), text);
}

}  // namespace
}  // namespace holdfast::config::yaml
