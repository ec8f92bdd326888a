#include "lib/config/diagnostics.hpp"

#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

Diagnostic with(Complaint complaint) {
    Diagnostic diagnostic;
    diagnostic.complaint = complaint;
    return diagnostic;
}

TEST(TestStatus, IsThatOfTheHighestClass) {
    EXPECT_EQ(test_status({}), 0);
    EXPECT_EQ(test_status({with(Complaint::none)}), 0);
    EXPECT_EQ(test_status({with(Complaint::bad_interface), with(Complaint::fatal)}), 4);
    EXPECT_EQ(test_status({with(Complaint::fatal), with(Complaint::unknown_keyword)}), 5);
    EXPECT_EQ(test_status({with(Complaint::security), with(Complaint::general)}), 6);
}

TEST(TestStatus, OfAMissingWordIsTwoUnlessAnIncludeFailed) {
    Diagnostic ended = with(Complaint::missing_parameter);
    ended.ends_at_once = true;
    EXPECT_EQ(test_status({with(Complaint::security), ended}), 2);
    EXPECT_EQ(test_status({ended, with(Complaint::include)}), 6);
}

TEST(Rendering, ShowsPlaceLineCaretHintAndIncludes) {
    Diagnostic diagnostic;
    const auto main = std::make_shared<FileTrail>(FileTrail{"/etc/main.conf", {}});
    const auto part = std::make_shared<FileTrail>(FileTrail{"/etc/part.conf", {main, 7, 1}});
    diagnostic.position = {part, 3, 6};
    diagnostic.text = "unknown keyword 'stmp'";
    diagnostic.source_line = "\tgrün stmp 30";
    diagnostic.hint = "did you mean smtp?";
    EXPECT_EQ(render(diagnostic),
              "/etc/part.conf:3:6: error: unknown keyword 'stmp'\n"
              "  \tgrün stmp 30\n"
              "  \t   ^\n"
              "  hint: did you mean smtp?\n"
              "  included from /etc/main.conf:7:1\n");
}

TEST(Reporter, KeepsTheFirstOfEachClassWhateverComesBefore) {
    Reporter report;
    for (int i = 0; i < 20'000; ++i) report.error(Complaint::general, "x", {}, "noise");
    report.error(Complaint::security, "y", {}, "signal");
    const auto kept = report.take();
    EXPECT_LT(kept.size(), 10'000U);
    EXPECT_EQ(kept.back().complaint, Complaint::security);
}

}  // namespace
}  // namespace holdfast::config
