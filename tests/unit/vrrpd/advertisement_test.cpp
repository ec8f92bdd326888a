#include "vrrpd/advertisement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "vrrpd/hmac_trailer.hpp"

namespace holdfast::vrrp {
namespace {

using namespace std::chrono_literals;
using core::Address;

Address address(const char* text) {
    return *Address::from_text(text);
}

std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte octet : bytes) {
        constexpr const char* kDigits = "0123456789abcdef";
        text += kDigits[std::to_integer<unsigned>(octet) >> 4U];
        text += kDigits[std::to_integer<unsigned>(octet) & 0xfU];
    }
    return text;
}

struct Case {
    Advertisement sent;
    Authentication authentication;
    Address source;
    Address destination;

    [[nodiscard]] Expectation expectation() const {
        return {.version = sent.version,
                .family = source.family(),
                .vrid = sent.vrid,
                .advert_interval = sent.max_advertise_interval,
                .authentication = authentication,
                .unicast = !destination.is_multicast(),
                .addresses = sent.addresses};
    }
    [[nodiscard]] Datagram datagram(std::span<const std::byte> message) const {
        return {.source = source,
                .destination = destination,
                .time_to_live = kTimeToLive,
                .protocol = kProtocol,
                .message = message};
    }
};

Case version2() {
    return {.sent = {.version = Version::v2,
                     .vrid = 51,
                     .priority = 100,
                     .max_advertise_interval = 1s,
                     .addresses = {address("192.168.200.16")}},
            .authentication = Authentication::simple("1111"),
            .source = address("192.168.200.1"),
            .destination = address("224.0.0.18")};
}

Case version3() {
    Case made = version2();
    made.sent.version = Version::v3;
    made.authentication = {};
    return made;
}

Case version3_over_ipv6() {
    return {.sent = {.version = Version::v3,
                     .vrid = 7,
                     .priority = 255,
                     .max_advertise_interval = 50ms,
                     .addresses = {address("2001:db8::1"), address("fe80::7")}},
            .authentication = {},
            .source = address("fe80::1"),
            .destination = address("ff02::12")};
}

std::vector<std::byte> bytes_of(const Case& from) {
    return encode(from.sent, from.authentication, from.source, from.destination);
}

Rejection refused(const Expectation& expected, const Datagram& datagram) {
    const auto verdict = check(expected, datagram);
    EXPECT_TRUE(std::holds_alternative<Rejection>(verdict)) << "was accepted";
    if (const auto* why = std::get_if<Rejection>(&verdict)) return *why;
    return Rejection::ip_header;
}

/// Adds the checksum again after a test changed the message.
void seal(std::vector<std::byte>& message) {
    message[6] = message[7] = std::byte{0};
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < message.size(); at += 2)
        sum += std::to_integer<unsigned>(message[at]) << 8U |
               std::to_integer<unsigned>(message[at + 1]);
    while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
    message[6] = static_cast<std::byte>(~sum >> 8U & 0xffU);
    message[7] = static_cast<std::byte>(~sum & 0xffU);
}

TEST(Advertisement, OfVersion2CarriesPasswordAndPlainChecksum) {
    EXPECT_EQ(hex(bytes_of(version2())),
              "21336401"
              "01018eae"
              "c0a8c810"
              "31313131"
              "00000000");
}

TEST(Advertisement, OfVersion3HasThePseudoHeaderInItsChecksum) {
    EXPECT_EQ(hex(bytes_of(version3())),
              "31336401"
              "00647874"
              "c0a8c810");
}

TEST(Advertisement, ReadsWhatItWrote) {
    for (const Case& each : {version2(), version3(), version3_over_ipv6()}) {
        const auto message = bytes_of(each);
        const auto verdict = check(each.expectation(), each.datagram(message));
        ASSERT_TRUE(std::holds_alternative<Accepted>(verdict))
            << to_text(std::get<Rejection>(verdict));
        EXPECT_EQ(std::get<Accepted>(verdict).advertisement, each.sent);
        EXPECT_FALSE(std::get<Accepted>(verdict).addresses_differ);
        EXPECT_FALSE(std::get<Accepted>(verdict).interval_differs);
    }
}

TEST(Advertisement, OverIpv4MayHaveBothKindsOfChecksum) {
    const Case from = version3();
    auto message = bytes_of(from);
    seal(message);  // RFC 9568 5.2.8: without pseudo header
    EXPECT_TRUE(
        std::holds_alternative<Accepted>(check(from.expectation(), from.datagram(message))));
}

TEST(Advertisement, OverIpv6NeedsThePseudoHeader) {
    const Case from = version3_over_ipv6();
    auto message = bytes_of(from);
    seal(message);
    EXPECT_EQ(refused(from.expectation(), from.datagram(message)), Rejection::checksum);
}

TEST(Advertisement, WithOtherAddressesIsAcceptedAndSaysSo) {
    const Case from = version3();
    const auto message = bytes_of(from);
    Expectation expected = from.expectation();
    expected.addresses = {address("192.168.200.17")};
    const auto verdict = check(expected, from.datagram(message));
    ASSERT_TRUE(std::holds_alternative<Accepted>(verdict));
    EXPECT_TRUE(std::get<Accepted>(verdict).addresses_differ);
}

TEST(Advertisement, OfVersion3WithAnotherIntervalIsAcceptedAndSaysSo) {
    const Case from = version3();
    const auto message = bytes_of(from);
    Expectation expected = from.expectation();
    expected.advert_interval = 100ms;
    const auto verdict = check(expected, from.datagram(message));
    ASSERT_TRUE(std::holds_alternative<Accepted>(verdict));
    EXPECT_TRUE(std::get<Accepted>(verdict).interval_differs);
    EXPECT_EQ(std::get<Accepted>(verdict).advertisement.max_advertise_interval, 1s);
}

TEST(Advertisement, OrderOfAddressesDoesNotMatter) {
    Case from = version3_over_ipv6();
    std::swap(from.sent.addresses[0], from.sent.addresses[1]);
    const auto message = bytes_of(from);
    Expectation expected = from.expectation();
    std::ranges::sort(expected.addresses);
    const auto verdict = check(expected, from.datagram(message));
    ASSERT_TRUE(std::holds_alternative<Accepted>(verdict));
    EXPECT_FALSE(std::get<Accepted>(verdict).addresses_differ);
}

struct Spoiled {
    const char* name;
    void (*spoil)(Case&, Expectation&, std::vector<std::byte>&, Datagram&);
    Rejection because;
};

/// Each row breaks one thing of a good version 2 packet; the checksum is right again afterwards.
const Spoiled kSpoiled[] = {
    {"another VRID", [](auto&, auto&, auto& m, auto&) { m[1] = std::byte{52}; },
     Rejection::unknown_vrid},
    {"an authentication header", [](auto&, auto&, auto&, auto& d) { d.protocol = 51; },
     Rejection::unexpected_ah},
    {"no authentication header where one is wanted",
     [](auto&, auto& e, auto&, auto&) { e.authentication.type = Authentication::Type::header; },
     Rejection::unexpected_ah},
    {"more addresses counted than there are",
     [](auto&, auto&, auto& m, auto&) { m[3] = std::byte{2}; }, Rejection::incomplete},
    {"TTL 254", [](auto&, auto&, auto&, auto& d) { d.time_to_live = 254; },
     Rejection::time_to_live},
    {"version 3", [](auto&, auto&, auto& m, auto&) { m[0] = std::byte{0x31}; }, Rejection::version},
    {"a keyed trailer", [](auto&, auto&, auto& m, auto&) { m.resize(m.size() + 28); },
     Rejection::trailer},
    {"no authentication", [](auto&, auto&, auto& m, auto&) { m[4] = std::byte{0}; },
     Rejection::authentication_type},
    {"another password", [](auto&, auto&, auto& m, auto&) { m[19] = std::byte{'1'}; },
     Rejection::authentication_data},
    {"two seconds", [](auto&, auto&, auto& m, auto&) { m[5] = std::byte{2}; }, Rejection::interval},
    {"type 2", [](auto&, auto&, auto& m, auto&) { m[0] = std::byte{0x22}; }, Rejection::type},
    {"octets behind it", [](auto&, auto&, auto& m, auto&) { m.resize(m.size() + 8); },
     Rejection::total_length},
    {"a unicast destination", [](auto&, auto&, auto&, auto& d) { d.destination = d.source; },
     Rejection::destination},
};

TEST(Advertisement, RefusesEachFaultByItsName) {
    for (const Spoiled& each : kSpoiled) {
        Case from = version2();
        Expectation expected = from.expectation();
        auto message = bytes_of(from);
        Datagram datagram = from.datagram(message);
        each.spoil(from, expected, message, datagram);
        if (message.size() % 2 == 0) seal(message);
        datagram.message = message;
        EXPECT_EQ(to_text(refused(expected, datagram)), to_text(each.because)) << each.name;
    }
}

TEST(Advertisement, RefusesAWrongChecksum) {
    for (const Case& each : {version2(), version3(), version3_over_ipv6()}) {
        auto message = bytes_of(each);
        message[6] ^= std::byte{1};
        EXPECT_EQ(refused(each.expectation(), each.datagram(message)), Rejection::checksum);
    }
}

TEST(Advertisement, OfVersion3NeedsAnInterval) {
    Case from = version3();
    const Expectation expected = from.expectation();
    from.sent.max_advertise_interval = 0s;
    const auto message = bytes_of(from);
    EXPECT_EQ(refused(expected, from.datagram(message)), Rejection::interval);
}

TEST(Advertisement, OfAUnicastPeerMayHaveAnyTtl) {
    Case from = version2();
    from.destination = address("192.168.200.2");
    const auto message = bytes_of(from);
    Datagram datagram = from.datagram(message);
    datagram.time_to_live = 64;
    EXPECT_TRUE(std::holds_alternative<Accepted>(check(from.expectation(), datagram)));
    datagram.destination = address("224.0.0.18");
    datagram.time_to_live = 255;
    EXPECT_EQ(refused(from.expectation(), datagram), Rejection::destination);
}

TEST(Advertisement, OfAnotherMulticastGroupIsRefused) {
    Case from = version3_over_ipv6();
    Expectation expected = from.expectation();
    expected.group = from.destination;
    auto message = bytes_of(from);
    EXPECT_TRUE(std::holds_alternative<Accepted>(check(expected, from.datagram(message))));
    from.destination = address("ff02::1");
    message = bytes_of(from);
    EXPECT_EQ(refused(expected, from.datagram(message)), Rejection::destination);
}

TEST(Advertisement, PaddingOfAShortEthernetFrameIsTolerated) {
    const Case from = version2();
    auto message = bytes_of(from);
    message.resize(message.size() + 3);
    EXPECT_TRUE(
        std::holds_alternative<Accepted>(check(from.expectation(), from.datagram(message))));
}

TEST(Advertisement, EveryCutIsIncompleteOrWithoutVrid) {
    for (const Case& each : {version2(), version3(), version3_over_ipv6()}) {
        const auto message = bytes_of(each);
        for (std::size_t length = 0; length < message.size(); ++length) {
            const auto why =
                refused(each.expectation(), each.datagram(std::span(message).first(length)));
            EXPECT_EQ(why, length < 2 ? Rejection::unknown_vrid : Rejection::incomplete);
        }
    }
}

TEST(Advertisement, EveryFlippedBitIsRefused) {
    for (const Case& each : {version2(), version3(), version3_over_ipv6()}) {
        const auto good = bytes_of(each);
        for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
            auto message = good;
            message[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            const auto verdict = check(each.expectation(), each.datagram(message));
            EXPECT_TRUE(std::holds_alternative<Rejection>(verdict)) << "bit " << bit;
        }
    }
}

/// A unicast version 3 packet of 192.168.200.1 to 192.168.200.2, with these octets as TTL.
Case unicast() {
    Case made = version3();
    made.destination = address("192.168.200.2");
    return made;
}

std::string verdict(const Expectation& expected, const Datagram& datagram) {
    const auto said = check(expected, datagram);
    if (const auto* why = std::get_if<Rejection>(&said)) return std::string(to_text(*why));
    return "accepted";
}

TEST(Advertisement, OfSomebodyWhoIsNoPeerIsRefusedWhenOnlyPeersAreBelieved) {
    const Case from = unicast();
    const auto message = bytes_of(from);
    Expectation expected = from.expectation();
    expected.peers = {{.address = address("192.168.200.3")}};
    EXPECT_EQ(verdict(expected, from.datagram(message)), "accepted");
    expected.peers_only = true;
    EXPECT_EQ(verdict(expected, from.datagram(message)), "its sender is no peer");
    expected.peers.push_back({.address = from.source});
    EXPECT_EQ(verdict(expected, from.datagram(message)), "accepted");
}

TEST(Advertisement, OfAPeerMustHaveATtlInItsRange) {
    const Case from = unicast();
    const auto message = bytes_of(from);
    Expectation expected = from.expectation();
    expected.peers = {{.address = from.source, .min_ttl = 62, .max_ttl = 64}};
    Datagram datagram = from.datagram(message);
    for (const auto& [ttl, good] :
         {std::pair{61, false}, {62, true}, {64, true}, {65, false}, {255, false}}) {
        datagram.time_to_live = static_cast<std::uint8_t>(ttl);
        EXPECT_EQ(verdict(expected, datagram) == "accepted", good) << ttl;
    }
}

TEST(Advertisement, TellsTheFormOfItsChecksum) {
    const auto group = address("224.0.0.18");
    const Case from = unicast();
    Expectation expected = from.expectation();
    expected.old_checksum_group = group;
    using enum ChecksumForm;
    for (const ChecksumForm form : {pseudo_header, plain, old_unicast}) {
        const auto message = encode(from.sent, {}, from.source,
                                    form == old_unicast ? group : from.destination, form);
        const auto said = check(expected, from.datagram(message));
        ASSERT_TRUE(std::holds_alternative<Accepted>(said)) << to_text(form);
        EXPECT_EQ(std::get<Accepted>(said).checksum, form);
    }
    const auto old = encode(from.sent, {}, from.source, group, old_unicast);
    EXPECT_EQ(verdict(from.expectation(), from.datagram(old)), "wrong checksum");
}

TEST(Advertisement, WithATrailerNeedsAKeeperAndWithoutOneMayBeRefused) {
    const TrailerSetting::Key key{.id = 1, .octets = std::vector<std::byte>(32)};
    const Moment now{.wall = 1'700'000'000s, .steady = 1000s};
    for (const Case& from : {version2(), version3(), version3_over_ipv6()}) {
        for (const auto mode : {TrailerSetting::Mode::enforce, TrailerSetting::Mode::permissive}) {
            auto keeper = TrailerKeeper::make(
                {.keys = {key}, .active_key = 1, .time_window = 5s, .mode = mode});
            ASSERT_TRUE(keeper.ok());
            const Proofs proofs{.trailer = &*keeper, .now = &now};
            auto message = bytes_of(from);
            const auto bare = check(from.expectation(), from.datagram(message), proofs);
            EXPECT_EQ(std::holds_alternative<Accepted>(bare),
                      mode == TrailerSetting::Mode::permissive);
            keeper->sign(message, from.source, now);
            EXPECT_TRUE(std::holds_alternative<Accepted>(
                check(from.expectation(), from.datagram(message), proofs)));
            EXPECT_EQ(verdict(from.expectation(), from.datagram(message)),
                      "keyed trailer, but no keys are configured");
        }
    }
}

TEST(Advertisement, EveryRejectionHasItsOwnText) {
    std::set<std::string_view> texts;
    for (std::size_t each = 0; each < kRejections; ++each)
        texts.insert(to_text(static_cast<Rejection>(each)));
    EXPECT_EQ(texts.size(), kRejections);
    for (std::size_t each = 0; each < kRejections; ++each)
        EXPECT_FALSE(advice_for(static_cast<Rejection>(each)).empty());
}

TEST(Advertisement, NoiseNeverReadsBeyondItsEnd) {
    std::mt19937 random(9568);
    for (int round = 0; round < 20000; ++round) {
        std::vector<std::byte> noise(random() % 120);
        for (std::byte& octet : noise) octet = static_cast<std::byte>(random());
        if (noise.size() > 1 && round % 2 == 0) noise[1] = std::byte{51};
        for (const Case& each : {version2(), version3()})
            (void)check(each.expectation(), each.datagram(noise));
        (void)from_ipv4_packet(noise);
    }
}

std::vector<std::byte> ipv4_packet(std::span<const std::byte> message, std::size_t options = 0) {
    std::vector<std::byte> packet(20 + options);
    const std::size_t total = packet.size() + message.size();
    packet[0] = static_cast<std::byte>(0x40U | (packet.size() / 4));
    packet[2] = static_cast<std::byte>(total >> 8U);
    packet[3] = static_cast<std::byte>(total & 0xffU);
    packet[8] = std::byte{255};
    packet[9] = std::byte{112};
    std::ranges::copy(address("192.168.200.1").bytes(), packet.begin() + 12);
    std::ranges::copy(address("224.0.0.18").bytes(), packet.begin() + 16);
    packet.insert(packet.end(), message.begin(), message.end());
    return packet;
}

TEST(Ipv4Packet, IsCutIntoItsParts) {
    const auto message = bytes_of(version2());
    for (const std::size_t options : {0U, 4U, 40U}) {
        const auto packet = ipv4_packet(message, options);
        const auto cut = from_ipv4_packet(packet);
        ASSERT_TRUE(std::holds_alternative<Datagram>(cut));
        const auto& datagram = std::get<Datagram>(cut);
        EXPECT_EQ(datagram.source, address("192.168.200.1"));
        EXPECT_EQ(datagram.destination, address("224.0.0.18"));
        EXPECT_EQ(datagram.time_to_live, 255);
        EXPECT_EQ(hex(datagram.message), hex(message));
    }
}

TEST(Ipv4Packet, WithContradictingLengthsIsRefused) {
    auto packet = ipv4_packet(bytes_of(version2()));
    packet[3] = std::byte{255};
    EXPECT_TRUE(std::holds_alternative<Rejection>(from_ipv4_packet(packet)));
    packet[3] = std::byte{19};
    EXPECT_TRUE(std::holds_alternative<Rejection>(from_ipv4_packet(packet)));
    packet = ipv4_packet(bytes_of(version2()));
    packet[0] = std::byte{0x44};
    EXPECT_TRUE(std::holds_alternative<Rejection>(from_ipv4_packet(packet)));
    packet[0] = std::byte{0x65};
    EXPECT_TRUE(std::holds_alternative<Rejection>(from_ipv4_packet(packet)));
}

}  // namespace
}  // namespace holdfast::vrrp
