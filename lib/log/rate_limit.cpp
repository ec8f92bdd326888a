#include "lib/log/rate_limit.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::log {

std::optional<std::uint64_t> RateLimit::admit(std::uint64_t key, core::Instant now) {
    if (buckets_.size() >= max_keys_ && buckets_.find(key) == buckets_.end()) make_room();
    Bucket& bucket = buckets_.try_emplace(key, Bucket{now}).first->second;
    const core::Instant full_at = std::max(bucket.full_at, now) + rate_.every;
    if (full_at - now > rate_.every * rate_.burst) {
        ++bucket.left_out;
        return std::nullopt;
    }
    bucket.full_at = full_at;
    return std::exchange(bucket.left_out, 0);
}

void RateLimit::make_room() {
    const auto oldest = std::min_element(
        buckets_.begin(), buckets_.end(),
        [](const auto& a, const auto& b) { return a.second.full_at < b.second.full_at; });
    if (oldest != buckets_.end()) buckets_.erase(oldest);
}

}  // namespace holdfast::log
