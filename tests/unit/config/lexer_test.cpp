#include "lib/config/lexer.hpp"

#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

std::vector<std::string> words(std::string_view text) {
    Arena arena;
    std::vector<std::string> texts;
    for (const Word& word : split_words(text, 1, arena)) texts.emplace_back(word.text);
    return texts;
}
std::string uncommented(std::string_view line) {
    Arena arena;
    return std::string(without_comment(line, arena));
}

std::vector<std::string> arguments(std::string_view command) {
    std::vector<std::string> texts;
    const auto split = to_arguments(command);
    if (!split) return {"(none)"};
    for (const Argument& argument : *split) texts.push_back(argument.text);
    return texts;
}

using Texts = std::vector<std::string>;

TEST(Comments, BeginAnywhereOutsideOfDoubleQuotes) {
    EXPECT_EQ(uncommented("a#b"), "a");
    EXPECT_EQ(uncommented("x ! y"), "x ");
    EXPECT_EQ(uncommented("\"a#b\" # c"), "\"a#b\" ");
    EXPECT_EQ(uncommented("'a#b'"), "'a");
    EXPECT_EQ(uncommented("a\\#b\\!c"), "a#b!c");
    EXPECT_EQ(uncommented("a\\b"), "a\\b");
    EXPECT_EQ(uncommented("a\\\\#b"), "a\\\\");
    EXPECT_EQ(uncommented("a\\"), "a\\");
    EXPECT_EQ(uncommented("\"a\\#b\" \\# c # d"), "\"a\\#b\" # c ");
}

TEST(Comments, DoNotBeginBetweenEscapedQuotesOfAQuotedText) {
    EXPECT_EQ(uncommented("script \"sh -c \\\"[ ! -e x ]\\\"\" # c"),
              "script \"sh -c \\\"[ ! -e x ]\\\"\" ");
    EXPECT_EQ(uncommented("\\\"a#b"), "\\\"a");
    EXPECT_EQ(uncommented("\"a\\\\\"#b"), "\"a\\\\\"");
}

TEST(Comments, AreFoundWhereTheyBegin) {
    EXPECT_EQ(comment_start("a \\# \"#\" \\\" # c"), 12U);
    EXPECT_EQ(comment_start("script \"sh -c \\\"! x\\\"\""), std::string_view::npos);
}

TEST(Comments, LeaveTheBackslashAtTheEndOfTheLine) {
    EXPECT_EQ(uncommented("state MASTER \\"), "state MASTER\\");
    EXPECT_EQ(uncommented("a \\# b # c \\"), "a # b\\");
    EXPECT_EQ(uncommented("# c \\"), "\\");
    EXPECT_EQ(uncommented("a # c \\\\"), "a ");
    EXPECT_EQ(uncommented("\\"), "\\");
}

TEST(WordsOfALine, AreSplitAtBlanksAndDoubleQuotes) {
    EXPECT_EQ(words("  state   MASTER\t1 "), (Texts{"state", "MASTER", "1"}));
    EXPECT_EQ(words("ab\"c d\"e"), (Texts{"ab", "c d", "e"}));
    EXPECT_EQ(words("\"a\"\"b\""), (Texts{"a", "b"}));
    EXPECT_EQ(words("'a b'"), (Texts{"'a", "b'"}));
    EXPECT_EQ(words("x \"\""), (Texts{"x", ""}));
    EXPECT_EQ(words("a\rb\fc\vd"), (Texts{"a", "b", "c", "d"}));
}

TEST(WordsOfALine, KnowTheirColumns) {
    Arena arena;
    const Words split = split_words("  ab \"c d\" e", 10, arena);
    ASSERT_EQ(split.size(), 3U);
    EXPECT_EQ(split[0].column, 12U);
    EXPECT_EQ(split[1].column, 15U);
    EXPECT_TRUE(split[1].quoted);
    EXPECT_EQ(split[2].column, 21U);
}

TEST(WordsOfALine, BehindAnOpenQuoteAreDropped) {
    EXPECT_EQ(words("router_id \"node1"), (Texts{"router_id"}));
}

TEST(Braces, CountOnlyOutsideOfQuotes) {
    EXPECT_EQ(find_brace("a \"{\" {", 0), 6U);
    EXPECT_EQ(find_brace("a } {", 0), 2U);
    EXPECT_EQ(find_brace("abc", 0), std::string_view::npos);
}

TEST(ScriptWords, JoinQuotedPiecesAndKeepEscapes) {
    EXPECT_EQ(*split_script_words("a\"b c\"d e"), (Texts{"ab cd", "e"}));
    EXPECT_EQ(*split_script_words("'/opt/n.sh \"a b\" c' user"),
              (Texts{"/opt/n.sh \"a b\" c", "user"}));
    EXPECT_EQ(*split_script_words("a\\ b"), (Texts{"a\\ b"}));
    EXPECT_FALSE(split_script_words("'open"));
    EXPECT_FALSE(split_script_words("end\\"));
}

// The table of config-language: what becomes of the command word.
TEST(Arguments, AreSplitWithQuotesAndEscapes) {
    EXPECT_EQ(arguments("/opt/n.sh a b"), (Texts{"/opt/n.sh", "a", "b"}));
    EXPECT_EQ(arguments("/opt/n.sh \"a b\" c"), (Texts{"/opt/n.sh", "a b", "c"}));
    EXPECT_EQ(arguments("/opt/n.sh 'a''b' x\\ y z\\x41\\101\\t"),
              (Texts{"/opt/n.sh", "ab", "x y", "zAA\t"}));
    EXPECT_EQ(arguments("/opt/n.sh # !"), (Texts{"/opt/n.sh", "#", "!"}));
    EXPECT_EQ(arguments("/opt/n.sh $HOME `id`; ls"), (Texts{"/opt/n.sh", "$HOME", "`id`;", "ls"}));
    EXPECT_EQ(arguments("x \\cA"), (Texts{"x", "\x01"}));
    EXPECT_EQ(arguments("x 'y"), (Texts{"(none)"}));
}

}  // namespace
}  // namespace holdfast::config
