#include "checkerd/saved_state.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace holdfast::checkerd {
namespace {

Saved sample() {
    return {
        .fingerprint = 0x0123456789abcdefULL,
        .standing = {
            .verdict = {.up = false, .judged = true, .failures = 2, .url = 3, .url_failed = true},
            .runs = 100,
            .failures = 40,
            .since_timestamp_seconds = 1700000000.25,
            .next_run = core::Instant(core::Interval(123456789)),
            .cannot_test = true,
            .last_error = "connect to 192.0.2.1:80: Connection refused"}};
}

TEST(SavedState, ComesBackAsItWas) {
    EXPECT_EQ(decode(encode(sample())), sample());
    EXPECT_EQ(decode(encode(Saved{})), Saved{});
}

TEST(SavedState, CutsLongTextsAndKeepsThemPrintable) {
    Saved saved = sample();
    saved.standing.last_error = "\x1b[2J" + std::string(500, 'x');
    const auto back = decode(encode(saved));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->standing.last_error, ".[2J" + std::string(kLongestError - 4, 'x'));
}

TEST(SavedState, BelievesNoOtherSize) {
    const Record record = encode(sample());
    EXPECT_FALSE(decode(std::span(record).first(kRecordSize - 1)));
    EXPECT_FALSE(decode({}));
}

TEST(SavedState, BelievesNothingOutOfRange) {
    EXPECT_FALSE(decode([] {
        Record all_ones;
        all_ones.fill(std::byte{0xff});
        return all_ones;
    }()));
    Saved more_failures_than_runs = sample();
    more_failures_than_runs.standing.failures = 101;
    EXPECT_FALSE(decode(encode(more_failures_than_runs)));
    Saved endless = sample();
    endless.standing.since_timestamp_seconds = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(decode(encode(endless)));
    Saved before_time = sample();
    before_time.standing.next_run = core::Instant(core::Interval(-1));
    EXPECT_FALSE(decode(encode(before_time)));
}

// Whatever stands in the file, reading it does no harm: each octet of a good record, set to each of
// a few bad values.
TEST(SavedState, SurvivesEveryDamagedOctet) {
    const Record good = encode(sample());
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const int value : {0x00, 0x7f, 0x80, 0xff}) {
            Record damaged = good;
            damaged.at(at) = static_cast<std::byte>(value);
            const auto back = decode(damaged);
            if (back) {
                EXPECT_LE(back->standing.last_error.size(), kLongestError);
            }
        }
    }
}

}  // namespace
}  // namespace holdfast::checkerd
