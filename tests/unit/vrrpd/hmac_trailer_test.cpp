#include "vrrpd/hmac_trailer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/vrrpd/machine.hpp"

namespace holdfast::vrrp::testing {
namespace {

constexpr core::Interval kNoon = 1'700'000'000s;

/// The clocks when the machine has run for a thousand seconds.
Moment at(core::Interval wall, core::Interval steady = 1000s) {
    return {.wall = wall, .steady = steady};
}

std::vector<std::byte> octets(std::string_view hex) {
    std::vector<std::byte> made;
    for (std::size_t place = 0; place < hex.size(); place += 2)
        made.push_back(
            static_cast<std::byte>(std::stoi(std::string(hex.substr(place, 2)), nullptr, 16)));
    return made;
}

std::vector<std::byte> key(std::uint8_t first = 0) {
    std::vector<std::byte> made;
    for (std::uint8_t each = 0; each < 32; ++each)
        made.push_back(static_cast<std::byte>(first + each));
    return made;
}

TrailerSetting setting(TrailerSetting::AntiReplay replay = TrailerSetting::AntiReplay::time) {
    return {.keys = {{7, key()}, {200, key()}, {8, key(100)}},
            .active_key = 7,
            .time_window = 5s,
            .anti_replay = replay};
}

TrailerKeeper keeper(const TrailerSetting& given = setting(), std::size_t senders = 4) {
    auto made = TrailerKeeper::make(given, senders);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
}

const char* const kMessage3 = "3133640100647874c0a8c810";
const core::Address kFrom = address("192.168.200.1");

/// A message with its trailer, and both apart.
struct Signed {
    std::vector<std::byte> whole;
    [[nodiscard]] std::span<const std::byte> message() const {
        return std::span(whole).first(whole.size() - kTrailer);
    }
    [[nodiscard]] std::span<const std::byte> trailer() const {
        return std::span(whole).last(kTrailer);
    }
};

Signed sign(TrailerKeeper& by, const Moment& now, const char* message = kMessage3,
            const core::Address& from = kFrom) {
    Signed made{octets(message)};
    by.sign(made.whole, from, now);
    return made;
}

std::optional<Rejection> check(TrailerKeeper& by, const Signed& what, const Moment& now,
                               const core::Address& from = kFrom) {
    return by.check(what.message(), what.trailer(), from, now);
}

TEST(HmacTrailer, IsWhatPythonsHmacMakesOfTheSameOctets) {
    const struct {
        std::uint8_t key;
        const char* message;
        const char* source;
        const char* trailer;
    } cases[] = {
        {7, kMessage3, "192.168.200.1", "010700006553f10080000000e68983bc2a17dbb0db7245aa9c72cd1a"},
        {7, "2133640101018eaec0a8c8103131313100000000", "192.168.200.1",
         "010700006553f100800000009928b2e117d1cbe58610b534dca6cfc1"},
        {200, "3107ff020005000020010db8000000000000000000000001fe800000000000000000000000000007",
         "fe80::1", "01c800006553f100800000003101e075b530d4c9688b5f216ad44341"},
    };
    for (const auto& each : cases) {
        TrailerSetting given = setting();
        given.active_key = each.key;
        auto by = keeper(given);
        const Signed made = sign(by, at(kNoon + 500ms), each.message, address(each.source));
        const auto expected = octets(each.trailer);
        EXPECT_TRUE(std::ranges::equal(made.trailer(), expected)) << each.message;
    }
}

TEST(HmacTrailer, CountsWhenTheClockStandsStill) {
    auto by = keeper();
    static_cast<void>(sign(by, at(kNoon + 500ms)));
    EXPECT_TRUE(
        std::ranges::equal(sign(by, at(kNoon + 500ms)).trailer(),
                           octets("010700006553f1008000000180b8efc50011957a1778a17d10355c8d")));
}

TEST(HmacTrailer, IsBelievedOnce) {
    auto by = keeper();
    auto reader = keeper();
    const Signed made = sign(by, at(kNoon));
    EXPECT_EQ(check(reader, made, at(kNoon)), std::nullopt);
    EXPECT_EQ(check(reader, made, at(kNoon)), Rejection::trailer_replayed);
    EXPECT_EQ(check(reader, sign(by, at(kNoon)), at(kNoon)), std::nullopt);
    EXPECT_EQ(check(reader, made, at(kNoon)), Rejection::trailer_replayed);
}

TEST(HmacTrailer, EveryOctetCounts) {
    auto by = keeper();
    const Signed made = sign(by, at(kNoon));
    for (std::size_t place = 0; place < made.whole.size(); ++place) {
        if (place == 6 || place == 7) continue;  // the checksum is no part of it
        auto reader = keeper();
        Signed changed = made;
        changed.whole[place] ^= std::byte{1};
        EXPECT_NE(check(reader, changed, at(kNoon)), std::nullopt) << place;
        EXPECT_EQ(check(reader, made, at(kNoon)), std::nullopt);
    }
    auto reader = keeper();
    EXPECT_EQ(check(reader, made, at(kNoon), address("192.168.200.2")), Rejection::trailer_forged);
}

TEST(HmacTrailer, NamesWhatIsWrong) {
    auto by = keeper();
    auto reader = keeper();
    const Signed good = sign(by, at(kNoon));
    const auto with = [&](std::size_t place, unsigned value) {
        Signed changed = good;
        changed.whole[changed.whole.size() - kTrailer + place] = static_cast<std::byte>(value);
        return check(reader, changed, at(kNoon));
    };
    EXPECT_EQ(with(0, 2), Rejection::trailer_malformed);
    EXPECT_EQ(with(2, 1), Rejection::trailer_malformed);
    EXPECT_EQ(with(3, 1), Rejection::trailer_malformed);
    EXPECT_EQ(with(1, 9), Rejection::trailer_key);
    EXPECT_EQ(with(1, 8), Rejection::trailer_forged);  // another key
    EXPECT_EQ(with(4, 0), Rejection::trailer_stale);
    EXPECT_EQ(with(27, 0xff), Rejection::trailer_forged);
    EXPECT_EQ(with(0, 1), std::nullopt) << "nothing of that was remembered";
}

TEST(HmacTrailer, OfAnotherTimeIsStaleUnlessSequencesOnlyGrow) {
    using enum TrailerSetting::AntiReplay;
    auto by = keeper();
    const Signed made = sign(by, at(kNoon));
    for (const core::Interval off : {6s, -6s}) {
        auto reader = keeper();
        EXPECT_EQ(check(reader, made, at(kNoon + off)), Rejection::trailer_stale);
        auto patient = keeper(setting(monotonic));
        EXPECT_EQ(check(patient, made, at(kNoon + off)), std::nullopt);
    }
    auto reader = keeper();
    EXPECT_EQ(check(reader, made, at(kNoon + 5s)), std::nullopt);
}

TEST(HmacTrailer, AClockThatIsSetSplitsNobody) {
    for (const core::Interval step : {3600s, -3600s}) {
        auto by = keeper();
        auto reader = keeper();
        EXPECT_EQ(check(reader, sign(by, at(kNoon)), at(kNoon)), std::nullopt);
        // The sender's clock is set, then the reader's.
        EXPECT_EQ(check(reader, sign(by, at(kNoon + 1s + step, 1001s)), at(kNoon + 1s, 1001s)),
                  std::nullopt);
        EXPECT_EQ(by.time_difference(at(kNoon + 1s + step, 1001s)), step);
        EXPECT_EQ(
            check(reader, sign(by, at(kNoon + 2s + step, 1002s)), at(kNoon + 2s + step, 1002s)),
            std::nullopt);
        // Only the reader's.
        auto other = keeper();
        EXPECT_EQ(check(reader, sign(other, at(kNoon + 3s)), at(kNoon + 3s + step, 1003s)),
                  std::nullopt);
    }
}

TEST(HmacTrailer, APeerThatAgreesWithTheNewTimeAloneSettlesIt) {
    auto by = keeper();
    auto reader = keeper();
    // Our clock was an hour behind, and is set right.
    static_cast<void>(sign(reader, at(kNoon - 3600s)));
    EXPECT_EQ(check(reader, sign(by, at(kNoon)), at(kNoon - 3600s)), Rejection::trailer_stale);
    EXPECT_EQ(check(reader, sign(by, at(kNoon)), at(kNoon)), std::nullopt);
    EXPECT_EQ(reader.time_difference(at(kNoon)), 0s);
    EXPECT_EQ(check(by, sign(reader, at(kNoon + 1s, 1001s)), at(kNoon + 1s, 1001s)), std::nullopt);
}

TEST(HmacTrailer, ASenderWhoseClockWentBackIsBelievedAgainOnceItsLastWordIsStale) {
    auto by = keeper();
    auto reader = keeper();
    EXPECT_EQ(check(reader, sign(by, at(kNoon + 4s)), at(kNoon)), std::nullopt);
    auto restarted = keeper();
    EXPECT_EQ(check(reader, sign(restarted, at(kNoon + 1s)), at(kNoon + 1s, 1001s)),
              Rejection::trailer_replayed);
    EXPECT_EQ(check(reader, sign(restarted, at(kNoon + 10s, 1010s)), at(kNoon + 10s, 1010s)),
              std::nullopt);
}

TEST(HmacTrailer, RemembersTheSendersHeardLast) {
    auto by = keeper();
    auto reader = keeper();
    const auto from = [](unsigned last) { return core::Address::v4(0xc0000200U + last); };
    std::vector<Signed> said;
    for (unsigned sender = 1; sender <= 5; ++sender) {
        said.push_back(sign(by, at(kNoon), kMessage3, from(sender)));
        EXPECT_EQ(check(reader, said.back(), at(kNoon), from(sender)), std::nullopt);
    }
    EXPECT_EQ(check(reader, said[1], at(kNoon), from(2)), Rejection::trailer_replayed);
    EXPECT_EQ(check(reader, said[0], at(kNoon), from(1)), std::nullopt) << "the oldest one went";
    auto with_peers = keeper(setting(), 5);
    for (unsigned round = 0; round < 2; ++round)
        for (unsigned sender = 1; sender <= 5; ++sender)
            EXPECT_EQ(check(with_peers, said[sender - 1], at(kNoon), from(sender)).has_value(),
                      round == 1);
}

TEST(HmacTrailer, ASuccessorRemembersWhatItsPredecessorBelievedAndSaid) {
    auto by = keeper();
    auto reader = keeper(setting(TrailerSetting::AntiReplay::monotonic));
    const Signed made = sign(by, at(kNoon));
    EXPECT_EQ(check(reader, made, at(kNoon)), std::nullopt);
    const Signed said = sign(reader, at(kNoon));
    auto successor = keeper(setting(TrailerSetting::AntiReplay::monotonic));
    successor.restore(reader.memory());
    EXPECT_EQ(successor.memory(), reader.memory());
    EXPECT_EQ(check(successor, made, at(kNoon)), Rejection::trailer_replayed);
    auto peer = keeper(setting(TrailerSetting::AntiReplay::monotonic));
    EXPECT_EQ(check(peer, said, at(kNoon)), std::nullopt);
    EXPECT_EQ(check(peer, sign(successor, at(kNoon - 3600s, 1001s)), at(kNoon)), std::nullopt);
}

TEST(HmacTrailer, NeedsItsActiveKey) {
    TrailerSetting given = setting();
    given.active_key = 9;
    EXPECT_FALSE(TrailerKeeper::make(given).ok());
    given.keys.clear();
    EXPECT_FALSE(TrailerKeeper::make(given).ok());
}

}  // namespace
}  // namespace holdfast::vrrp::testing
