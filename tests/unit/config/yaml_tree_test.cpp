// YAML texts as trees: what is read, what is refused, and that nothing grows without bound.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/config/yaml/documents.hpp"
#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Parsed {
    explicit Parsed(std::string text, Limits limits = {})
        : bytes(std::move(text)), source(report.add_file("/f.yaml"), bytes, report) {
        if (source.readable()) root = parse(source, limits, report);
        findings = report.take();
    }
    [[nodiscard]] std::string first() const {
        if (findings.empty()) return {};
        return std::to_string(findings[0].position.line) + ":" +
               std::to_string(findings[0].position.column) + " " + findings[0].text;
    }
    std::string bytes;
    Reporter report;
    Source source;
    std::optional<Node> root;
    std::vector<Diagnostic> findings;
};

TEST(YamlTree, KeepsScalarsAsTheyWereWrittenWithTheirPlaces) {
    const Parsed text("a: 010\nb:\n  - yes\n  - \"3\"\n  - ~\n");
    ASSERT_TRUE(text.root);
    const Entry* a = text.root->find("a");
    EXPECT_EQ(a->value.text, "010");
    EXPECT_EQ(a->value.mark.column, 4U);
    const Node& list = text.root->find("b")->value;
    ASSERT_EQ(list.items.size(), 3U);
    EXPECT_FALSE(list.items[0].quoted);
    EXPECT_TRUE(list.items[1].quoted);
    EXPECT_TRUE(list.items[2].is_null());
    EXPECT_EQ(list.items[1].mark.line, 4U);
    EXPECT_EQ(list.items[1].mark.column, 5U);
}

TEST(YamlTree, ReadsWindowsLinesAndAByteOrderMark) {
    const Parsed text(
        "\xef\xbb\xbf"
        "a: 1\r\nb: 2\r\n");
    ASSERT_TRUE(text.root);
    EXPECT_EQ(text.root->find("b")->value.text, "2");
    EXPECT_EQ(text.source.line(2), "b: 2");
    EXPECT_TRUE(text.findings.empty());
}

TEST(YamlTree, NamesBothPlacesOfADoubledKey) {
    const Parsed text("a: 1\nb: 2\na: 3\n");
    EXPECT_EQ(text.first(), "3:1 the key \"a\" is there twice; the first is in line 1");
}

TEST(YamlTree, FindsADoubledKeyInALargeMap) {
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += "k" + std::to_string(i) + ": 1\n";
    EXPECT_EQ(Parsed(lines + "k3: 1\n").first(),
              "101:1 the key \"k3\" is there twice; the first is in line 4");
}

TEST(YamlTree, RefusesWhatHasNoMeaningHere) {
    EXPECT_THAT(Parsed("a: !!int 3\n").first(), HasSubstr("a tag"));
    EXPECT_THAT(Parsed("a: &x {b: 1}\nc:\n  <<: *x\n").first(), HasSubstr("3:3 a merge key"));
    EXPECT_THAT(Parsed("[1, 2]: 3\n").first(), HasSubstr("a key must be a word"));
    EXPECT_THAT(Parsed("a: 1\n---\nb: 2\n").first(), HasSubstr("a second document"));
    EXPECT_THAT(Parsed("a: [1, 2\nb: 3\n").first(), HasSubstr("this is no YAML"));
    EXPECT_THAT(Parsed("a:\n\tb: 1\n").first(), HasSubstr("2:1 a tab indents"));
    EXPECT_THAT(Parsed(std::string("a: \0b\n", 6)).first(), HasSubstr("1:4 the control character"));
    EXPECT_THAT(Parsed("a: \xff\n").first(), HasSubstr("1:4 this is no UTF-8"));
    EXPECT_THAT(Parsed("a: *b\n").first(), HasSubstr("this is no YAML"));
    EXPECT_THAT(Parsed("a: &x [*x]\n").first(), HasSubstr("alias"));
}

TEST(YamlTree, SpellsAliasesOut) {
    const Parsed text("a: &x [1, 2]\nb: *x\n");
    ASSERT_TRUE(text.root);
    EXPECT_EQ(text.root->find("b")->value.items.size(), 2U);
}

TEST(YamlTree, StopsAtItsLimits) {
    EXPECT_THAT(Parsed(std::string(200, '[')).first(), HasSubstr("nested more than 100 deep"));
    std::string bomb = "a0: &a0 [x, x]\n";
    for (int i = 1; i < 40; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " +
                before + "]\n";
    }
    EXPECT_THAT(Parsed(bomb, {100, 10'000}).first(), HasSubstr("more than 10000 values"));
    EXPECT_THAT(Parsed(bomb).first(), HasSubstr("aliases stand for more than 500000 values"));
    std::string ladder = "a0: &a0 [x]\n";
    for (int i = 1; i < 200; ++i) {
        ladder += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
                  std::to_string(i - 1) + "]\n";
    }
    EXPECT_THAT(Parsed(ladder).first(), HasSubstr("nested more than 100 deep"));
}

TEST(YamlFormat, IsToldByTheFirstSignificantLine) {
    for (const char* text : {"version: 1\n", "# x\n\n---\nversion: 1\n", "\"version\": 1\n",
                             "vrrp:\n", "\xef\xbb\xbfversion: 1\n", "%YAML 1.2\n---\n"}) {
        EXPECT_TRUE(looks_like_yaml(text)) << text;
    }
    for (const char* text :
         {"", "# only\n", "! a comment\nglobal_defs {\n", "global_defs {\n}\n", "$A=1\n",
          "@node priority 3\n", "include x:\n", "vrrp_instance a: {\n"}) {
        EXPECT_FALSE(looks_like_yaml(text)) << text;
    }
}

}  // namespace
}  // namespace holdfast::config::yaml
