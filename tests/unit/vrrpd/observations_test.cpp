#include "vrrpd/observations.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/vrrpd/machine.hpp"
#include "vrrpd/strangers.hpp"

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

TEST(Observations, StaySmallWhateverIsAdvertised) {
    Observations seen;
    Accepted many = said(100, true);
    for (std::uint32_t each = 1; each < 255; ++each)
        many.advertisement.addresses.push_back(numbered(each));
    seen.heard(numbered(1), many, kNow);
    EXPECT_EQ(seen.heard()[0].addresses.size(), Observations::kMaxAddresses);
    EXPECT_EQ(seen.heard()[0].address_count, 255U);
}

TEST(Observations, CountWhatDiffers) {
    Observations seen;
    Accepted slow = said(100);
    slow.interval_differs = true;
    seen.heard(numbered(1), said(100, true), kNow);
    seen.heard(numbered(1), said(100, true), kNow);
    seen.heard(numbered(1), slow, kNow);
    EXPECT_EQ(seen.addresses_differed(), 2U);
    EXPECT_EQ(seen.intervals_differed(), 1U);
}

TEST(Observations, CountFailuresByErrnoUntilOneGoesOut) {
    Observations seen;
    seen.send_failed(EPERM, kNow);
    seen.send_failed(EPERM, kNow + 1s);
    seen.send_failed(ENETUNREACH, kNow + 2s);
    EXPECT_EQ(seen.failing(), ENETUNREACH);
    EXPECT_EQ(seen.send_errors().at(EPERM).count, 2U);
    EXPECT_EQ(seen.send_errors().at(EPERM).last, kNow + 1s);
    EXPECT_EQ(seen.sent_to_all(), 3U);
    EXPECT_EQ(seen.sent_to_all(), 0U);
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

TEST(Strangers, AreCountedByInterfaceAndIdAndTheStalestIsForgotten) {
    Strangers strangers;
    const WireKey eth0{.interface = "eth0"};
    strangers.seen(eth0, 1, numbered(1), kNow);
    strangers.seen({.interface = "eth1"}, 1, numbered(2), kNow + 1s);
    strangers.seen(eth0, 1, numbered(3), kNow + 2s);
    ASSERT_EQ(strangers.all().size(), 2U);
    const Strangers::Seen& seen = strangers.all().begin()->second;
    EXPECT_EQ(seen.count, 2U);
    EXPECT_EQ(seen.source, numbered(3));
    EXPECT_EQ(seen.last, kNow + 2s);

    for (unsigned each = 0; each < 10'000; ++each)
        strangers.seen({.interface = fmt::format("eth{}", each)}, 7, numbered(1), kNow + 3s);
    EXPECT_EQ(strangers.all().size(), Strangers::kMost);
    EXPECT_FALSE(strangers.all().contains({"eth0", core::Family::ipv4, 1}));
}

}  // namespace
}  // namespace holdfast::vrrp
