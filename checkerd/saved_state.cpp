#include "checkerd/saved_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace holdfast::checkerd {
namespace {

enum Flag : std::uint8_t { up = 1, judged = 2, url_failed = 4, cannot_test = 8, all_flags = 15 };

/// The record as it lies in the file.
struct Layout {
    std::uint64_t fingerprint;
    std::uint64_t runs;
    std::uint64_t failures;
    double since_timestamp_seconds;
    std::int64_t next_run_us;
    std::uint32_t failures_in_a_row;
    std::uint32_t url;
    std::uint8_t flags;
    std::uint8_t error_octets;
    std::array<char, kLongestError> error;
    std::array<std::uint8_t, 6> unused;
};
static_assert(sizeof(Layout) == kRecordSize);
static_assert(std::is_trivially_copyable_v<Layout>);

std::uint8_t flags_of(const Standing& standing) {
    unsigned flags = 0;
    if (standing.verdict.up) flags |= up;
    if (standing.verdict.judged) flags |= judged;
    if (standing.verdict.url_failed) flags |= url_failed;
    if (standing.cannot_test) flags |= cannot_test;
    return static_cast<std::uint8_t>(flags);
}

bool in_range(const Layout& layout) {
    return layout.flags <= all_flags && layout.error_octets <= kLongestError &&
           layout.next_run_us >= 0 && std::isfinite(layout.since_timestamp_seconds) &&
           layout.failures <= layout.runs;
}

}  // namespace

std::string as_error_text(std::string_view text) {
    std::string shown(text.substr(0, kLongestError));
    std::ranges::replace_if(
        shown, [](char c) { return c < ' ' || c > '~'; }, '.');
    return shown;
}

Record encode(const Saved& saved) {
    const Standing& standing = saved.standing;
    Layout layout{};
    layout.fingerprint = saved.fingerprint;
    layout.runs = standing.runs;
    layout.failures = standing.failures;
    layout.since_timestamp_seconds = standing.since_timestamp_seconds;
    layout.next_run_us = standing.next_run.time_since_epoch().count();
    layout.failures_in_a_row = standing.verdict.failures;
    layout.url = standing.verdict.url;
    layout.flags = flags_of(standing);
    const std::string error = as_error_text(standing.last_error);
    layout.error_octets = static_cast<std::uint8_t>(error.size());
    std::ranges::copy(error, layout.error.begin());
    Record record{};
    std::memcpy(record.data(), &layout, sizeof layout);
    return record;
}

std::optional<Saved> decode(std::span<const std::byte> record) {
    Layout layout{};
    if (record.size() != sizeof layout) return std::nullopt;
    std::memcpy(&layout, record.data(), sizeof layout);
    if (!in_range(layout)) return std::nullopt;
    Saved saved{.fingerprint = layout.fingerprint};
    Standing& standing = saved.standing;
    standing.verdict = {.up = (layout.flags & up) != 0,
                        .judged = (layout.flags & judged) != 0,
                        .failures = layout.failures_in_a_row,
                        .url = layout.url,
                        .url_failed = (layout.flags & url_failed) != 0};
    standing.runs = layout.runs;
    standing.failures = layout.failures;
    standing.since_timestamp_seconds = layout.since_timestamp_seconds;
    standing.next_run = core::Instant(core::Interval(layout.next_run_us));
    standing.cannot_test = (layout.flags & cannot_test) != 0;
    standing.last_error = as_error_text({layout.error.data(), layout.error_octets});
    return saved;
}

}  // namespace holdfast::checkerd
