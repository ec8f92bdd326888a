#include "lib/config/preprocessor.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "lib/core/text.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

using testing::FakeHost;
using testing::MemoryFiles;
using Texts = std::vector<std::string>;

struct Outcome {
    Texts lines;
    std::vector<Diagnostic> diagnostics;
};

Outcome run(MemoryFiles& files, std::uint64_t max_lines = 1000) {
    const FakeHost host;
    LoadRequest request = testing::request_for(host);
    request.max_lines = max_lines;
    Reporter report;
    Preprocessor lines(request, files, report);
    Outcome outcome;
    LogicalLine line;
    while (lines.next(line)) outcome.lines.emplace_back(core::trim(line.text));
    outcome.diagnostics = report.take();
    return outcome;
}
Texts lines_of(std::string text) {
    MemoryFiles files(std::move(text));
    return run(files).lines;
}

TEST(Lines, EndAtLineFeedAndLoseCarriageReturnsAndComments) {
    EXPECT_EQ(lines_of("a\r\n\n  b # c\n! d\ne"), (Texts{"a", "b", "e"}));
}

TEST(Lines, ThatAreTooLongLoseTheirFirstPart) {
    std::string text(1023, 'x');
    text.append("rest\nnext\n");
    MemoryFiles files(text);
    const Outcome outcome = run(files);
    EXPECT_EQ(outcome.lines, (Texts{"rest", "next"}));
    ASSERT_EQ(outcome.diagnostics.size(), 1U);
    EXPECT_EQ(outcome.diagnostics[0].class_name, "line_too_long");
}

TEST(Lines, OfAnyLengthTakeTimeInProportion) {
    std::string crooked;
    for (int i = 0; i < 5'000; ++i) crooked += "x" + std::string(4'090, '\r');
    MemoryFiles mixed(crooked + std::string(20'000'000, '\r') + "x");
    EXPECT_GT(run(mixed).diagnostics.size(), 1'000U);
    MemoryFiles files(std::string(40'000'000, 'x') + "\r\r\nnext\n" + "y" +
                      std::string(1'000'000, '\r') + "\nlast");
    const Outcome outcome = run(files);
    ASSERT_EQ(outcome.lines.size(), 4U);
    EXPECT_EQ(outcome.lines[1], "next");
    EXPECT_EQ(outcome.lines[2], "y");
    EXPECT_EQ(outcome.lines[3], "last");
}

TEST(Lines, WithANulAreIgnored) {
    MemoryFiles files(std::string("a\0b\nc\n", 6));
    const Outcome outcome = run(files);
    EXPECT_EQ(outcome.lines, (Texts{"c"}));
    EXPECT_EQ(outcome.diagnostics.size(), 1U);
}

TEST(Conditions, KeepOneLineForThisIdOrForOthers) {
    EXPECT_EQ(lines_of("@node1 a\n@node2 b\n@^node1 c\n@^node2 d\n@node1\n@ e\n"),
              (Texts{"a", "d"}));
    EXPECT_EQ(lines_of("@node1 @^node2 x\n"), (Texts{"@^node2 x"}));
    EXPECT_EQ(lines_of("@^ a\n"), (Texts{"a"}));
}

TEST(Parameters, AreReplacedWhereTheyAreUsed) {
    EXPECT_EQ(lines_of("$A=one\nx ${A}y $A\n"), (Texts{"x oney one"}));
    EXPECT_EQ(lines_of("$A=one\n$A-z $A/24 \"$A\" $Ab\n"), (Texts{"$A-z $A/24 \"$A\" $Ab"}));
    EXPECT_EQ(lines_of("$A=one\n$B=${A}x\n$A=two\n${B}\n"), (Texts{"twox"}));
    EXPECT_EQ(lines_of("$A=one\nf($A,$A)\n"), (Texts{"f(one,one)"}));
    EXPECT_EQ(lines_of("$A = one\n"), (Texts{"$A = one"}));
    EXPECT_EQ(lines_of("x ${NOT} $$A\n"), (Texts{"x ${NOT} $$A"}));
}

TEST(Parameters, ThatStartALineMayHoldAStatement) {
    EXPECT_EQ(lines_of("$A=~SEQ(i,2) x $i\n$A\n"), (Texts{"x 1", "x 2"}));
    EXPECT_EQ(lines_of("$A=$B=x\n$A\n${B}\n"), (Texts{"x"}));
    EXPECT_EQ(lines_of("$A=@node2\n$A x\n$A=@node1\n$A y\n"), (Texts{"y"}));
    EXPECT_EQ(lines_of("$A=~SEQ(i,2) x $i \\\nz\n$A\n"), (Texts{"x 1", "x 2", "z"}));
}

TEST(Parameters, OfSeveralLinesAreReplayed) {
    EXPECT_EQ(lines_of("$T= \\\n  track_script { \\\n  chk_${SVC} \\\n  }\n$SVC=web\na $T\nb\n"),
              (Texts{"a track_script {", "chk_web", "}", "b"}));
    EXPECT_EQ(lines_of("$T=one \\\ntwo\n$T extra\n"), (Texts{"$T extra"}));
}

TEST(Parameters, OfSeveralLinesGoOnWhereALineEndsInABackslash) {
    EXPECT_EQ(lines_of("$T=one \\\n# c \\\n \\\ntwo # d \\\nthree\n$T\n"),
              (Texts{"one", "two", "three"}));
    EXPECT_EQ(lines_of("$T=one \\\n# c\ntwo\n$T\n"), (Texts{"two", "one"}));
    EXPECT_EQ(lines_of("$T=one \\\n\ntwo\n$T\n"), (Texts{"two", "one"}));
}

TEST(Parameters, ThatNameThemselvesAreAnErrorAndTheirLineIsIgnored) {
    for (const char* definitions :
         {"$A=x${A}${A}\n$B=${A}\n", "$A=x${A}\n$B=${A}\n", "$A=${B}\n$B=${A}\n"}) {
        MemoryFiles files(std::string(definitions) + "a ${B}\nb\n");
        const Outcome outcome = run(files);
        EXPECT_EQ(outcome.lines, (Texts{"b"})) << definitions;
        EXPECT_EQ(outcome.diagnostics.size(), 1U) << definitions;
    }
}

TEST(Parameters, MayNameOneAnotherAsDeepAsAnybodyLikes) {
    std::string text = "$A0=q\n";
    for (int i = 1; i <= 60; ++i) text += fmt::format("$A{}=${{A{}}}\n", i, i - 1);
    EXPECT_EQ(lines_of(text + "x${A60}y\n"), (Texts{"xqy"}));
}

TEST(Parameters, OfSeveralLinesMayComeOutOfOthers) {
    EXPECT_EQ(lines_of("$A=x \\\ny\n$B=b${A}\nc$B\nz\n"), (Texts{"cbx", "y", "z"}));
    EXPECT_EQ(lines_of("$A=a1 \\\na2\n$B=$A \\\nb2\n$B\nz\n"), (Texts{"a1", "a2", "b2", "z"}));
}

TEST(Parameters, AreReplacedInTheNumbersOfASequence) {
    EXPECT_EQ(lines_of("$N=3\n$M=${N}\n~SEQ(i,2,$M) x $i\n"), (Texts{"x 2", "x 3"}));
    EXPECT_EQ(lines_of("~SEQ(a,2) ~SEQ(b,$a) x ${a}-${b}\n"), (Texts{"x 1-1", "x 2-1", "x 2-2"}));
    EXPECT_EQ(lines_of("$v=z\n$L=~LST(v,a,b) y $v\n$L\n"), (Texts{"y a", "y b"}));
    MemoryFiles files("$N=${N}\n~SEQ(i,$N) x\n$M=1 \\\n2\n~SEQ(i,$M) x\n");
    const Outcome outcome = run(files);
    EXPECT_TRUE(outcome.lines.empty());
    EXPECT_EQ(outcome.diagnostics.size(), 2U);
}

TEST(RandomNumbers, LieBetweenTheirBounds) {
    EXPECT_EQ(lines_of("${_RANDOM 7 7}\n"), (Texts{"7"}));
    const std::pair<const char*, const char*> mistakes[] = {
        {"10 5", "10"}, {"40000", "40000"}, {"7 7 9", "7"}, {"a 32767 32767", "32767"}};
    for (const auto& [bounds, number] : mistakes) {
        MemoryFiles files(fmt::format("x ${{_RANDOM {}}}\n", bounds));
        const Outcome outcome = run(files);
        EXPECT_EQ(outcome.lines, (Texts{fmt::format("x {}", number)})) << bounds;
        ASSERT_EQ(outcome.diagnostics.size(), 1U) << bounds;
        EXPECT_EQ(outcome.diagnostics[0].class_name, "bad_random");
    }
}

TEST(StandardParameters, TellAboutTheHostAndTheFile) {
    EXPECT_EQ(lines_of("${_INSTANCE} ${_PWD} \"${_HASH}\" ${_ENV SITE}\n"),
              (Texts{"node1 /etc/keepalived \"#\" vienna"}));
}

TEST(Sequences, CountAsKeepalivedDoes) {
    EXPECT_EQ(lines_of("~SEQ(i,3) x $i\n"), (Texts{"x 1", "x 2", "x 3"}));
    EXPECT_EQ(lines_of("~SEQ(i,4,2) x $i\n"), (Texts{"x 4", "x 3", "x 2"}));
    EXPECT_EQ(lines_of("~SEQ(i,0,5,12) x $i\n"), (Texts{"x 0", "x 5", "x 10"}));
    EXPECT_EQ(lines_of("~SEQ(i,10,-5,-3) x $i\n"), (Texts{"x 10", "x 5", "x 0"}));
    EXPECT_EQ(lines_of("~SEQ(i,0x10,0x12) x $i\n"), (Texts{"x 16", "x 17", "x 18"}));
    EXPECT_EQ(lines_of("~SEQ(i,01,03) x $i\n"), (Texts{"x 1", "x 2", "x 3"}));
    EXPECT_EQ(lines_of("~SEQx(i,14,17) x $i\n"), (Texts{"x e", "x f", "x 10", "x 11"}));
    EXPECT_EQ(lines_of("~SEQ(i,-2) x $i\n"), (Texts{"x -1", "x -2"}));
    EXPECT_EQ(lines_of("~SEQ(a,1,2) ~SEQ(b,1,2) x ${a}-${b}\n"),
              (Texts{"x 1-1", "x 1-2", "x 2-1", "x 2-2"}));
}

TEST(Sequences, OfAWrongFormAreDroppedWithAComplaint) {
    for (const char* line : {"~SEQ(i) x\n", "~SEQ(i,3,-1,5) x\n", "~SEQ(i,1,0,5) x\n", "~SEQ 1,2\n",
                             "~SEQ(1,2) x\n", "~SEQx(i,-2) x\n"}) {
        MemoryFiles files(line);
        const Outcome outcome = run(files);
        EXPECT_TRUE(outcome.lines.empty()) << line;
        EXPECT_EQ(outcome.diagnostics.size(), 1U) << line;
    }
}

TEST(Sequences, WithoutEndAreRefused) {
    MemoryFiles files("~SEQ(i,1,9223372036854775807) x\n");
    const Outcome outcome = run(files);
    ASSERT_EQ(outcome.diagnostics.size(), 1U);
    EXPECT_EQ(outcome.diagnostics[0].severity, Severity::fatal);
}

TEST(Lists, SetOneNameOrSeveral) {
    EXPECT_EQ(lines_of("~LST(v,red, green) x $v\n"), (Texts{"x red", "x green"}));
    EXPECT_EQ(lines_of("~LST({n,ip},{web,10.0.0.1},{db,10.0.0.2}) x ${n}_${ip}\n"),
              (Texts{"x web_10.0.0.1", "x db_10.0.0.2"}));
    MemoryFiles files("~LST(v,a b,c) x $v\n");
    const Outcome outcome = run(files);
    EXPECT_TRUE(outcome.lines.empty());
    EXPECT_EQ(outcome.diagnostics.size(), 1U);
}

TEST(Includes, StandInPlaceOfTheStatementRelativeToTheFile) {
    MemoryFiles files("a\ninclude parts/b.conf\nc\n");
    files.files["/etc/keepalived/parts/b.conf"] = "b1\ninclude b2.conf\n";
    files.files["/etc/keepalived/parts/b2.conf"] = "b2\n";
    EXPECT_EQ(run(files).lines, (Texts{"a", "b1", "b2", "c"}));
}

TEST(Includes, OfSeveralFilesAreSorted) {
    MemoryFiles files("include conf.d/*\n");
    files.files["/etc/keepalived/conf.d/2.conf"] = "two\n";
    files.files["/etc/keepalived/conf.d/1.conf"] = "one\n";
    EXPECT_EQ(run(files).lines, (Texts{"one", "two"}));
}

TEST(Includes, ThatAreMissingAreErrorsOnlyForTheStricterWords) {
    const std::pair<const char*, Severity> cases[] = {{"include", Severity::warning},
                                                      {"includer", Severity::warning},
                                                      {"includem", Severity::fatal},
                                                      {"includew", Severity::fatal},
                                                      {"includea", Severity::fatal}};
    for (const auto& [word, severity] : cases) {
        MemoryFiles files(std::string(word) + " nothing.conf\n");
        const Outcome outcome = run(files);
        ASSERT_EQ(outcome.diagnostics.size(), 1U) << word;
        EXPECT_EQ(outcome.diagnostics[0].severity, severity) << word;
    }
}

TEST(Includes, AreCheckedAsIncludeCheckSays) {
    const std::tuple<const char*, const char*, int> cases[] = {
        {"", "include no.conf", 6},
        {"", "include no*", 6},
        {"read", "include no.conf", 0},
        {"match", "include no.conf", 6},
        {"match", "include no*", 0},
        {"wildcard_match", "include no*", 6},
        {"match -match", "include no.conf", 0},
        {"+match +wildcard_match -match", "include no*", 6},
        {"match\ninclude_check read", "include no.conf", 0},
        {"match\ninclude_check +read", "include no.conf", 6},
        {"match", "include part.conf", 6},
    };
    for (const auto& [words, include, status] : cases) {
        MemoryFiles files(
            fmt::format("global_defs {{\ninclude_check {}\n}}\n{}\n", words, include));
        files.files["/etc/keepalived/part.conf"] = "include no.conf\n";
        const FakeHost host;
        EXPECT_EQ(load(testing::request_for(host), files).test_status, status)
            << words << ": " << include;
    }
}

TEST(Includes, MayNameAlternatives) {
    MemoryFiles files("include {/srv/b.conf,a}.conf\ninclude {/srv/{c,b},a}.conf\n");
    files.files["/srv/b.conf"] = "b\n";
    files.files["/srv/c.conf"] = "c\n";
    files.files["/etc/keepalived/a.conf"] = "a\n";
    const Outcome outcome = run(files);
    EXPECT_EQ(outcome.lines, (Texts{"a", "c", "b", "a"}));
    ASSERT_EQ(outcome.diagnostics.size(), 1U);
    EXPECT_EQ(outcome.diagnostics[0].class_name, "include_missing");
}

TEST(Includes, OfTheFileItselfAreRefused) {
    MemoryFiles files("include keepalived.conf\n");
    const Outcome outcome = run(files);
    ASSERT_EQ(outcome.diagnostics.size(), 1U);
    EXPECT_EQ(outcome.diagnostics[0].class_name, "include_loop");
}

TEST(MainFile, ThatIsMissingIsFatalButNotForTheTest) {
    MemoryFiles files;
    const Outcome outcome = run(files);
    ASSERT_EQ(outcome.diagnostics.size(), 1U);
    EXPECT_EQ(outcome.diagnostics[0].severity, Severity::fatal);
    EXPECT_EQ(test_status(outcome.diagnostics), 0);
}

}  // namespace
}  // namespace holdfast::config
