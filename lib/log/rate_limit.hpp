#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "lib/core/interval.hpp"

namespace holdfast::log {

/// For lines that the network can provoke: a token bucket for each key (an instance's id, a kind of
/// error). Remembers `max_keys` keys at most; when there are more, the one that was quiet longest
/// is forgotten.
class RateLimit {
  public:
    struct Rate {
        core::Interval every;  // one line in this time on average
        unsigned burst = 1;    // so many at once after silence
    };
    explicit RateLimit(Rate rate, std::size_t max_keys = 4096) : rate_(rate), max_keys_(max_keys) {}

    /// Nothing when the line should be left out; else how many were left out since the last one
    /// that was not, to be told with it.
    [[nodiscard]] std::optional<std::uint64_t> admit(std::uint64_t key, core::Instant now);

  private:
    struct Bucket {
        /// When the bucket is full again: each line moves it `every` further.
        core::Instant full_at;
        std::uint64_t left_out = 0;
    };
    void make_room();

    Rate rate_;
    std::size_t max_keys_;
    std::unordered_map<std::uint64_t, Bucket> buckets_;
};

}  // namespace holdfast::log
