// Words that are written are read back by the lexer as they were.
#include <gtest/gtest.h>

#include "lib/config/legacy_text.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/lexer.hpp"
#include "lib/config/written.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

std::vector<std::string> words_of(const std::string& line) {
    Arena arena;
    std::vector<std::string> words;
    for (const Word& word : split_words(without_comment(line, arena), 1, arena)) {
        words.emplace_back(word.text);
    }
    return words;
}

TEST(LegacyText, QuotesWordsSoThatTheyAreReadBack) {
    const std::vector<std::string> words = {
        "plain", "",   "two words", "a{b}c", "#1",       "really!", "\ttab",      "it's",
        "a\\b",  "@x", "${NAME}",   "$A-z",  "\xc3\xa9", "a\rb",    "~SEQ(i,1,2)"};
    LegacyText text;
    text.statement_of("keyword", words);
    std::vector<std::string> expected = {"keyword"};
    expected.insert(expected.end(), words.begin(), words.end());
    EXPECT_EQ(words_of(text.text().substr(0, text.text().size() - 1)), expected);
    EXPECT_TRUE(text.problems().empty());
}

TEST(LegacyText, QuotesAFirstWordThatThePreprocessorWouldTake) {
    LegacyText text;
    text.open("group");
    for (const char* name : {"@node1", "$A=1", "~SEQ(i,1,2)", "include", "plain"}) {
        text.statement(name);
    }
    text.close();
    EXPECT_EQ(text.text(),
              "group {\n    \"@node1\"\n    \"$A=1\"\n    \"~SEQ(i,1,2)\"\n    \"include\"\n"
              "    plain\n}\n");
}

TEST(LegacyText, ReportsWhatCannotBeSaid) {
    LegacyText text;
    text.open("vrrp_instance", "VI_1");
    for (const char* word : {"say \"hi\"", "two\nlines", "${_PWD}/x"}) {
        text.statement("router_id", word);
    }
    text.close();
    EXPECT_EQ(text.text(), "vrrp_instance VI_1 {\n}\n");
    ASSERT_EQ(text.problems().size(), 3U);
    EXPECT_TRUE(text.problems().front().starts_with("vrrp_instance VI_1: router_id "));
}

TEST(LegacyText, WritesCommandsSoThatTheirArgumentsAreReadBack) {
    const std::vector<std::vector<std::string>> commands = {
        {"/bin/true"},
        {"/bin/n.sh", "a b", "", "it's", "say \"hi\"", "back\\slash", "#", "!", "{x}"},
        {"/bin/n.sh", "&&", "[[", "${_PWD}", "$HOME", "two\nlines", "\ttab", "\x01"},
        {"/bin/sh", "-c", "killall -0 nginx && echo \"$?\" | grep 0"},
        {"/a path/with blanks"},
        {"</etc/file"}};
    for (const auto& argv : commands) {
        v1::Script script;
        for (const std::string& argument : argv) script.add_argv(argument);
        script.set_user("the user");
        LegacyText text;
        text.command("notify", script);
        const std::string line = text.text().substr(0, text.text().size() - 1);
        EXPECT_FALSE(has_open_quote(line)) << line;
        Arena arena;
        const auto words = split_script_words(without_comment(line, arena).substr(7));
        ASSERT_TRUE(words && words->size() == 2) << line;
        EXPECT_EQ(words->back(), "the user");
        const auto arguments = to_arguments(words->front());
        ASSERT_TRUE(arguments) << line;
        std::vector<std::string> read;
        for (const Argument& argument : *arguments) read.push_back(argument.text);
        EXPECT_EQ(read, argv) << line;
    }
}

TEST(LegacyText, QuotesTheUserOfACommandAndSaysWhichItCannot) {
    v1::Script script;
    script.add_argv("/bin/true");
    script.set_user("it's");
    LegacyText text;
    text.command("notify", script);
    EXPECT_EQ(text.text(), "notify /bin/true \"it's\"\n");
    EXPECT_TRUE(text.problems().empty());
    script.set_group("DOMAIN\\group");
    text.command("notify", script);
    EXPECT_EQ(text.problems().size(), 1U);
}

TEST(LegacyWriter, SaysWhatHasNoPlaceInABlockAndLeavesEmptyOnesOut) {
    v1::Config config;
    config.add_static_rules()->set_no_track(false);  // `track: true` in YAML
    auto& instance = *config.add_vrrp_instances();
    instance.set_name("VI_1");
    instance.mutable_authentication();
    auto& group = *config.add_vrrp_sync_groups();
    group.set_name("G1");
    group.mutable_notify()->mutable_deleted()->add_argv("/bin/true");
    const LegacyOutput output = write_legacy(config);
    EXPECT_EQ(output.text,
              "static_rules {\n}\n\nvrrp_instance VI_1 {\n}\n\nvrrp_sync_group G1 {\n}\n");
    ASSERT_EQ(output.problems.size(), 2U);
    EXPECT_EQ(output.problems[0], "static_rules: a line that says nothing cannot be written");
    EXPECT_EQ(output.problems[1], "vrrp_sync_group G1: notify_deleted has no place in this block");
}

TEST(LegacyText, WritesTimesWithAsFewDecimalsAsNeeded) {
    EXPECT_EQ(decimal_text(1'000'000), "1");
    EXPECT_EQ(decimal_text(250'000), "0.25");
    EXPECT_EQ(decimal_text(1), "0.000001");
    EXPECT_EQ(decimal_text(1'500, 1'000), "1.5");
    EXPECT_EQ(decimal_text(4'294'000'000), "4294");
}

TEST(KeptAsWritten, IsWhatStoodInTheFileWithThePlaceOfEverything) {
    const testing::FakeHost host;
    testing::MemoryFiles files(
        "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n"
        " virtual_ipaddress {\n  192.0.2.1/24\n  192.0.2.2/24\n }\n"
        " authentication {\n  auth_type PASS\n  auth_pass x\n }\n}\n");
    LoadRequest request = testing::request_for(host);
    request.keep_written = true;
    const LoadResult result = load(request, files);
    ASSERT_TRUE(result.written);
    const auto& instance = result.written->config.vrrp_instances(0);
    EXPECT_FALSE(instance.has_priority());
    EXPECT_TRUE(result.config.vrrp_instances(0).has_priority());
    const Origins& origins = result.written->origins;
    EXPECT_EQ(origins.of(&instance, "virtual_router_id").line, 3U);
    EXPECT_EQ(origins.of(&instance, "priority").line, 1U);
    EXPECT_EQ(origins.of(&instance.authentication(), "auth_pass").line, 10U);
    const auto* addresses = origins.find(&instance)->find("virtual_ipaddress");
    ASSERT_TRUE(addresses != nullptr && addresses->entries.size() == 2);
    EXPECT_EQ(addresses->entries[1].line, 6U);
}

}  // namespace
}  // namespace holdfast::config
