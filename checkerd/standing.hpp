#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkerd/verdict.hpp"
#include "lib/core/interval.hpp"

namespace holdfast::checkerd {

/// Octets of an error text that ipvsd, the state file and holdfastctl get.
inline constexpr std::size_t kLongestError = 200;

/// Where a check stands: all that outlives the process.
struct Standing {
    VerdictState verdict;
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
    /// Of the last change between up and down, or of the first start; Unix time, for people.
    double since_timestamp_seconds = 0;
    /// When the next run is due.
    core::Instant next_run{};
    /// The last run could not test, for a reason on this host.
    bool cannot_test = false;
    /// Why it is down, or what failed last; empty while all is well. kLongestError octets at most.
    std::string last_error;

    friend bool operator==(const Standing&, const Standing&) = default;
};

/// At most kLongestError octets of printable ASCII: what a server sent may be quoted in it.
[[nodiscard]] std::string as_error_text(std::string_view text);

/// A record of the state file: the standing, and the fingerprint of the settings it belongs to.
struct Saved {
    std::uint64_t fingerprint = 0;
    Standing standing;

    friend bool operator==(const Saved&, const Saved&) = default;
};

}  // namespace holdfast::checkerd
