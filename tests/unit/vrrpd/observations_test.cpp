#include "vrrpd/observations.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/vrrpd/machine.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

Accepted said(std::uint8_t priority, bool differ = false) {
    return {.advertisement = {.priority = priority, .addresses = {address("198.51.100.1")}},
            .addresses_differ = differ};
}
core::Address numbered(std::uint32_t number) {
    return core::Address::v4(0xc0000200U + number);
}

TEST(Observations, KeepSixteenRoutersAndForgetTheOneThatWasSilentForLongest) {
    Observations seen;
    for (std::uint32_t each = 1; each <= 16; ++each)
        seen.heard(numbered(each), said(100), kNow + each * 1s);
    seen.heard(numbered(1), said(100), kNow + 20s);
    seen.heard(numbered(17), said(100), kNow + 21s);
    const auto heard = seen.heard();
    ASSERT_EQ(heard.size(), 16U);
    EXPECT_EQ(heard[0].address, numbered(17));
    EXPECT_EQ(heard[1].address, numbered(1));
    EXPECT_EQ(heard[1].count, 2U);
    EXPECT_EQ(heard.back().address, numbered(3));
}

TEST(Observations, KeepTheAddressesOfARouterOnlyWhileTheyDifferFromOurs) {
    Observations seen;
    seen.heard(numbered(1), said(100, true), kNow);
    EXPECT_EQ(seen.heard()[0].addresses, (std::vector{address("198.51.100.1")}));
    seen.heard(numbered(1), said(90), kNow + 1s);
    EXPECT_TRUE(seen.heard()[0].addresses.empty());
    EXPECT_EQ(seen.heard()[0].priority, 90);
}

TEST(Observations, CountFailuresByErrnoUntilOneGoesOut) {
    Observations seen;
    seen.send_failed(EPERM, kNow);
    seen.send_failed(EPERM, kNow + 1s);
    seen.send_failed(ENETUNREACH, kNow + 2s);
    EXPECT_EQ(seen.failing(), ENETUNREACH);
    EXPECT_EQ(seen.send_errors().at(EPERM).count, 2U);
    EXPECT_EQ(seen.send_errors().at(EPERM).last, kNow + 1s);
    EXPECT_EQ(seen.sent(), 3U);
    EXPECT_EQ(seen.sent(), 0U);
    EXPECT_EQ(seen.failing(), 0);
    for (int error = 1; error < 100; ++error) seen.send_failed(error, kNow);
    EXPECT_EQ(seen.send_errors().size(), Observations::kMaxSendErrors);
}

TEST(Observations, KeepTheLastEpisodesAndCountAll) {
    Observations seen;
    for (std::uint32_t each = 1; each <= 10; ++each) {
        seen.episode_began({.peer = numbered(each), .priority = 50, .start = kNow + each * 10s});
        EXPECT_FALSE(seen.episodes().back().end);
        seen.episode_ended(kNow + each * 10s + 3s, "fell silent");
    }
    EXPECT_EQ(seen.episode_count(), 10U);
    ASSERT_EQ(seen.episodes().size(), Observations::kMaxEpisodes);
    EXPECT_EQ(seen.episodes().front().peer, numbered(3));
    EXPECT_EQ(seen.episodes().back().end, kNow + 103s);
    seen.episode_ended(kNow + 200s, "again");  // there is none
    EXPECT_EQ(seen.episodes().back().how_it_ended, "fell silent");
}

}  // namespace
}  // namespace holdfast::vrrp
