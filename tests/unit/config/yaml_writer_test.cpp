// What the writer of YAML puts on paper is read back, by us and by other readers.
#include <gtest/gtest.h>

#include "lib/config/yaml/emitter.hpp"
#include "lib/config/yaml/writer.hpp"
#include "tests/unit/config/yaml_text.hpp"

namespace holdfast::config::yaml {
namespace {

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

}  // namespace
}  // namespace holdfast::config::yaml
