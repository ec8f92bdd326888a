#include "lib/log/rate_limit.hpp"

#include <gtest/gtest.h>

namespace holdfast::log {
namespace {

using namespace std::chrono_literals;
using core::Instant;

constexpr Instant kStart{1000s};
const std::optional<std::uint64_t> kLeftOut = std::nullopt;

TEST(RateLimit, ABurstPassesThenOneInEachInterval) {
    RateLimit limit({.every = 10s, .burst = 3});
    EXPECT_EQ(limit.admit(1, kStart), 0U);
    EXPECT_EQ(limit.admit(1, kStart), 0U);
    EXPECT_EQ(limit.admit(1, kStart), 0U);
    EXPECT_EQ(limit.admit(1, kStart), kLeftOut);
    EXPECT_EQ(limit.admit(1, kStart + 9s), kLeftOut);
    EXPECT_EQ(limit.admit(1, kStart + 10s), 2U);
    EXPECT_EQ(limit.admit(1, kStart + 10s), kLeftOut);
}

TEST(RateLimit, SilenceFillsTheBucketNoFurtherThanTheBurst) {
    RateLimit limit({.every = 1s, .burst = 2});
    EXPECT_EQ(limit.admit(1, kStart), 0U);
    EXPECT_EQ(limit.admit(1, kStart + 1h), 0U);
    EXPECT_EQ(limit.admit(1, kStart + 1h), 0U);
    EXPECT_EQ(limit.admit(1, kStart + 1h), kLeftOut);
}

TEST(RateLimit, KeysDoNotDisturbEachOther) {
    RateLimit limit({.every = 10s, .burst = 1});
    EXPECT_EQ(limit.admit(1, kStart), 0U);
    EXPECT_EQ(limit.admit(2, kStart), 0U);
    EXPECT_EQ(limit.admit(1, kStart), kLeftOut);
}

TEST(RateLimit, ForgetsTheQuietestKeyWhenThereAreTooMany) {
    RateLimit limit({.every = 10s, .burst = 1}, 2);
    EXPECT_EQ(limit.admit(1, kStart), 0U);
    EXPECT_EQ(limit.admit(2, kStart + 1s), 0U);
    EXPECT_EQ(limit.admit(3, kStart + 2s), 0U);
    EXPECT_EQ(limit.admit(2, kStart + 2s), kLeftOut);
    EXPECT_EQ(limit.admit(1, kStart + 2s), 0U);
}

}  // namespace
}  // namespace holdfast::log
