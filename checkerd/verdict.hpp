#pragma once

#include <cstdint>

#include "lib/core/interval.hpp"

namespace holdfast::checkerd {

/// What one run of a check found out.
enum class Outcome : std::uint8_t {
    success,
    failure,
    /// The reason lies on this host (no route, no source address, no descriptors): it says nothing
    /// about the server.
    cannot_test,
};

/// How results become a verdict: keepalived's rules and settings.
struct Rules {
    /// Starts down instead of up.
    bool alpha = false;
    /// Failures in a row beyond the first that an up check tolerates once it has been judged.
    std::uint32_t retry = 1;
    core::Interval delay_loop = std::chrono::seconds(60);
    core::Interval delay_before_retry = std::chrono::seconds(1);
    /// Number of URLs that are asked one at a time, in turn; 0 where one run is the whole check.
    std::uint32_t urls = 0;
    /// Goes through the URLs without pauses while the check is not up and none is known to fail.
    bool fast_recovery = false;

    friend bool operator==(const Rules&, const Rules&) = default;
};

/// What is known about one check. Starts with start_state().
struct VerdictState {
    bool up = true;
    /// A result has counted since the check began: from now on failures must repeat.
    bool judged = false;
    /// Failures in a row while still up.
    std::uint32_t failures = 0;
    /// The URL to ask next.
    std::uint32_t url = 0;
    /// `url` is the one that failed: no other is asked until it works.
    bool url_failed = false;

    friend bool operator==(const VerdictState&, const VerdictState&) = default;
};

/// How long to wait before the next run.
struct Pause {
    enum class From : std::uint8_t { start, end };
    core::Interval length{};
    /// Regular runs keep their rhythm (from the start of this one); a retry leaves the server
    /// alone for the whole time (from the end).
    From from = From::start;

    friend bool operator==(const Pause&, const Pause&) = default;
};

struct Judgement {
    VerdictState state;
    Pause pause;

    friend bool operator==(const Judgement&, const Judgement&) = default;
};

[[nodiscard]] VerdictState start_state(const Rules& rules);

/// A changed check is judged anew, while the verdict of the old one holds.
[[nodiscard]] VerdictState judged_anew(const VerdictState& old);

/// The one decision of checkerd: the first failure after start takes a check down at once, later a
/// failure must repeat; one success (of all URLs) brings it up; a local failure changes nothing.
[[nodiscard]] Judgement judge(const Rules& rules, const VerdictState& before, Outcome outcome);

}  // namespace holdfast::checkerd
