// The exact text of findings, as people see it.
#include "lib/config/rendering.hpp"

#include <gtest/gtest.h>

#include "lib/config/display_text.hpp"

namespace holdfast::config {
namespace {

const FileTrail* file(std::string path, const Position& included_at = {}) {
    static FileTrails trails;
    return trails.add(std::move(path), included_at);
}

Diagnostic finding(std::string line, std::uint32_t column, std::string text = "wrong") {
    Diagnostic found;
    found.position = {file("/etc/a.conf"), 27, column};
    found.source_line = std::move(line);
    found.text = std::move(text);
    return found;
}

TEST(Rendering, ShowsPlaceLineUnderlineHintAndIncludes) {
    Diagnostic found = finding("\tgrün stmp 30", 8, "unknown keyword 'stmp'");
    found.position.file = file("/etc/part.conf", {file("/etc/main.conf"), 7, 1});
    found.hint = "did you mean smtp?";
    EXPECT_EQ(render(found),
              "/etc/part.conf:27:8: error: unknown keyword 'stmp'\n"
              "   27 |         grün stmp 30\n"
              "      |              ^~~~ did you mean smtp?\n"
              "  included from /etc/main.conf:7:1\n");
}

TEST(Rendering, UnderlinesWhatTheFindingCovers) {
    Diagnostic found = finding("      virtual_routerid: 51", 7);
    EXPECT_EQ(render(found),
              "/etc/a.conf:27:7: error: wrong\n"
              "   27 |       virtual_routerid: 51\n"
              "      |       ^~~~~~~~~~~~~~~~\n");
    found.length = 20;
    EXPECT_TRUE(render(found).ends_with("      |       ^~~~~~~~~~~~~~~~~~~~\n"));
}

TEST(Rendering, UnderlinesAQuotedTextWhole) {
    EXPECT_EQ(render(finding("notify \"/bin/a b\" root", 8)),
              "/etc/a.conf:27:8: error: wrong\n"
              "   27 | notify \"/bin/a b\" root\n"
              "      |        ^~~~~~~~~~\n");
}

TEST(Rendering, PointsBehindTheEndOfALine) {
    EXPECT_EQ(render(finding("priority \r", 10)),
              "/etc/a.conf:27:10: error: wrong\n"
              "   27 | priority\n"
              "      |         ^\n");
}

TEST(Rendering, CountsWideAndCombiningCharactersAsTerminalsDo) {
    EXPECT_EQ(render(finding("state ！从 e\xcc\x81x y", 17)),
              "/etc/a.conf:27:17: error: wrong\n"
              "   27 | state ！从 e\xcc\x81x y\n"
              "      |             ^\n");
}

TEST(Rendering, LetsNothingOfTheFileDriveATerminal) {
    EXPECT_EQ(render(finding("\x1b[2J \xff x", 8, "'\x1b[2J' is unknown")),
              "/etc/a.conf:27:8: error: '\\x1b[2J' is unknown\n"
              "   27 | \\x1b[2J \xef\xbf\xbd x\n"
              "      |           ^\n");
}

TEST(Rendering, CutsATextThatQuotesTooMuch) {
    EXPECT_LT(render(finding("x", 1, std::string(100'000, 'y'))).size(), 1200U);
}

TEST(Rendering, CutsALongLineAroundTheCaret) {
    const std::string line = std::string(200, 'a') + " here " + std::string(200, 'b');
    EXPECT_EQ(render(finding(line, 202)),
              "/etc/a.conf:27:202: error: wrong\n"
              "   27 | ..." +
                  std::string(49, 'a') + " here " + std::string(45, 'b') +
                  "...\n"
                  "      | " +
                  std::string(53, ' ') + "^~~~\n");
}

TEST(Rendering, KnowsThatTheKeptPieceBeginsWithinTheLine) {
    Diagnostic found = finding("here is more", 5001);
    found.source_start = 5000;
    found.cut = true;
    EXPECT_EQ(render(found),
              "/etc/a.conf:27:5001: error: wrong\n"
              "   27 | ...here is more...\n"
              "      |    ^~~~\n");
}

TEST(Rendering, OfAWholeFileHasNoLine) {
    Diagnostic found = finding("", 0);
    found.position.line = 0;
    found.hint = "it is no regular file";
    EXPECT_EQ(render(found), "/etc/a.conf: error: wrong\n  it is no regular file\n");
    found.position.file = nullptr;
    EXPECT_TRUE(render(found).starts_with("configuration: error"));
}

TEST(Rendering, ShowsNoSecret) {
    for (const auto& [line, shown] :
         {std::pair{"  auth_pass s3c ret", "  auth_pass *** ***"},
          std::pair{"  key 1 s3cret", "  key * ******"},
          std::pair{"auth: {type: pass, password: s3cret, x: 1}",
                    "auth: {type: pass, password: ******, x: 1}"},
          std::pair{"  \"password\": 's3 cret' # why", "  \"password\": *** ***** # why"},
          std::pair{"  secret: hex:00", "  secret: ******"},
          std::pair{"  password_file: /etc/pw", "  password_file: /etc/pw"},
          std::pair{"  priority 100", "  priority 100"}}) {
        EXPECT_NE(render(finding(line, 1)).find(std::string("| ") + shown + "\n"),
                  std::string::npos)
            << render(finding(line, 1));
    }
}

struct Findings {
    std::vector<Diagnostic> all;
    Counts counts;

    void add(Severity severity, const std::string& path) {
        Diagnostic& found = all.emplace_back(finding("", 1));
        found.position.file = file(path);
        found.severity = severity;
        counts.add(severity);
    }
};

TEST(Report, SummarisesInOneLine) {
    Findings two;
    two.add(Severity::error, "/a");
    two.add(Severity::warning, "/b");
    EXPECT_EQ(render_report(two.all, two.counts, {.keepalived_status = 5}),
              "/a:27:1: error: wrong\n"
              "/b:27:1: warning: wrong\n"
              "1 error, 1 warning in 2 files; keepalived would exit with 5\n");
    EXPECT_EQ(render_report({}, {}, {}), "");
    Findings missing;
    missing.add(Severity::fatal, "/a");
    missing.all[0].class_name = "no_configuration";
    EXPECT_TRUE(render_report(missing.all, missing.counts, {.keepalived_status = 0})
                    .ends_with("wrong\n1 fatal\n"));
}

TEST(Report, HidesNoErrorBehindWarnings) {
    Findings many;
    for (int i = 0; i < 30; ++i) many.add(Severity::warning, "/a");
    for (int i = 0; i < 7; ++i) many.add(Severity::error, "/a");
    many.add(Severity::fatal, "/a");
    many.all.back().text = "the worst";
    const std::string text =
        render_report(many.all, many.counts, {.at_most = 5, .rest = "--all shows them"});
    EXPECT_EQ(text,
              "/a:27:1: error: wrong\n"
              "/a:27:1: error: wrong\n"
              "/a:27:1: error: wrong\n"
              "/a:27:1: error: wrong\n"
              "/a:27:1: fatal: the worst\n"
              "and 33 more: 3 errors, 30 warnings; --all shows them\n"
              "1 fatal, 7 errors, 30 warnings\n");
}

TEST(Report, ShowsEverythingWhenAsked) {
    Findings many;
    for (int i = 0; i < 30; ++i) many.add(Severity::warning, "/a");
    const std::string text = render_report(many.all, many.counts, {.at_most = 0, .rest = {}});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 31);
}

TEST(DisplayText, TakesOnlyProperUtf8AsCharacters) {
    EXPECT_EQ(printable("\xc0\x80"), "\xef\xbf\xbd\xef\xbf\xbd");       // overlong
    EXPECT_EQ(printable("\xed\xa0\x80").substr(0, 3), "\xef\xbf\xbd");  // a surrogate
    EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");                          // C1: another CSI
    EXPECT_EQ(printable("grün"), "grün");
}

}  // namespace
}  // namespace holdfast::config
