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

TEST(Reporter, KeepsTheFirstOfEachClassWhateverComesBefore) {
    Reporter report;
    for (int i = 0; i < 20'000; ++i) report.error(Complaint::general, "x", {}, "noise");
    report.error(Complaint::security, "y", {}, "signal");
    const auto kept = report.take();
    EXPECT_LT(kept.size(), 10'000U);
    EXPECT_EQ(kept.back().complaint, Complaint::security);
    EXPECT_EQ(report.counts().errors, 20'001U);
}

TEST(Reporter, KeepsErrorsAndLossesBehindThousandsOfNotes) {
    Reporter report;
    for (int i = 0; i < 20'000; ++i) report.warning("noise", {}, "noise");
    for (int i = 0; i < 100; ++i) {
        report.error(Complaint::general, "mistake", {}, "error");
        report.warning("script_disabled", {}, "loss");
    }
    std::size_t grave = 0;
    for (const Diagnostic& found : report.take()) grave += found.class_name != "noise";
    EXPECT_EQ(grave, 200U);
}

TEST(Reporter, KeepsWhatStandsAroundThePositionInAVeryLongLine) {
    Reporter report;
    std::string line(5000, 'x');
    line.replace(3000, 4, "here");
    report.error(Complaint::general, "x", {{nullptr, 1, 3001}, line}, "far out");
    const Diagnostic found = report.take().front();
    EXPECT_LT(found.source_line.size(), 2100U);
    EXPECT_EQ(found.source_line.substr(3000 - found.source_start, 4), "here");
    EXPECT_TRUE(found.cut);
}

TEST(Reload, IsRefusedWhenSomethingWouldBeLost) {
    const auto refused = [](Severity severity, std::string_view class_name) {
        Diagnostic found;
        found.severity = severity;
        found.class_name = class_name;
        return refuses_reload(found);
    };
    EXPECT_TRUE(refused(Severity::fatal, "x"));
    EXPECT_TRUE(refused(Severity::error, "x"));
    for (const char* loss : {"include_missing", "script_disabled", "unknown_user", "unknown_member",
                             "unknown_instance", "undefined_group"}) {
        EXPECT_TRUE(refused(Severity::warning, loss)) << loss;
        EXPECT_FALSE(refused(Severity::note, loss)) << loss;
    }
    for (const char* harmless : {"unused", "weight_cut", "not_carried_out", "duplicate"}) {
        EXPECT_FALSE(refused(Severity::warning, harmless)) << harmless;
    }
}

}  // namespace
}  // namespace holdfast::config
