#include "vrrpd/authentication_header.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/vrrpd/machine.hpp"

namespace holdfast::vrrp::testing {
namespace {

std::vector<std::byte> octets(const std::string& hex) {
    std::vector<std::byte> made;
    for (std::size_t place = 0; place < hex.size(); place += 2)
        made.push_back(static_cast<std::byte>(std::stoi(hex.substr(place, 2), nullptr, 16)));
    return made;
}

// Two packets of keepalived 2.2.7, password "secretpw".
const char* const kFirst =
    "45c0004000010000ff33c7ad0a090901e0000012"
    "700400000a09090100000001649666aff77409d154c2e9a3"
    "213364010201655d0a0909640000000000000000";
const char* const kSecond =
    "45c0004000020000ff33c7ac0a090901e0000012"
    "700400000a09090100000002212222352eacecf32ab924b3"
    "213364010201655d0a0909640000000000000000";

Authentication wrapped() {
    Authentication made = Authentication::simple("secretpw");
    made.type = Authentication::Type::header;
    return made;
}

Expectation expectation() {
    return {.version = Version::v2,
            .vrid = 51,
            .authentication = wrapped(),
            .addresses = {address("10.9.9.100")}};
}

HeaderKeeper keeper(const char* password = "secretpw") {
    auto made = HeaderKeeper::make(Authentication::simple(password).password);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
}

/// "accepted", or why not.
std::string verdict(HeaderKeeper& by, const std::vector<std::byte>& packet) {
    const auto cut = from_ipv4_packet(packet);
    if (const auto* why = std::get_if<Rejection>(&cut)) return std::string(to_text(*why));
    const auto said = vrrp::check(expectation(), std::get<Datagram>(cut), {.header = &by});
    if (const auto* why = std::get_if<Rejection>(&said)) return std::string(to_text(*why));
    EXPECT_EQ(std::get<Accepted>(said).advertisement.addresses, std::vector{address("10.9.9.100")});
    return "accepted";
}

TEST(AuthenticationHeader, OfKeepalivedIsBelievedOnceAndInOrder) {
    auto by = keeper();
    EXPECT_EQ(verdict(by, octets(kFirst)), "accepted");
    EXPECT_EQ(verdict(by, octets(kFirst)), "authentication header was used before");
    EXPECT_EQ(verdict(by, octets(kSecond)), "accepted");
    EXPECT_EQ(verdict(by, octets(kFirst)), "authentication header was used before");
    EXPECT_EQ(by.sequence(), 2U);
}

TEST(AuthenticationHeader, IsWrittenAsKeepalivedWritesIt) {
    auto by = keeper();
    const Advertisement said{
        .version = Version::v2, .vrid = 51, .priority = 100, .addresses = {address("10.9.9.100")}};
    const auto message = encode(said, wrapped(), address("10.9.9.1"), address("224.0.0.18"));
    for (const char* expected : {kFirst, kSecond}) {
        auto packet = by.wrap(message, address("10.9.9.1"), address("224.0.0.18"), 255);
        auto theirs = octets(expected);
        theirs[10] = theirs[11] = std::byte{0};  // the kernel writes the IP header's checksum
        EXPECT_EQ(packet, theirs);
    }
}

TEST(AuthenticationHeader, GoesOnFromWhoeverSpokeLast) {
    auto by = keeper();
    EXPECT_EQ(verdict(by, octets(kSecond)), "accepted");
    auto packet = by.wrap({}, address("10.9.9.1"), address("224.0.0.18"), 255);
    EXPECT_EQ(packet[20 + 11], std::byte{3});
}

TEST(AuthenticationHeader, EveryOctetCountsThatMayNotChangeOnTheWay) {
    const auto good = octets(kFirst);
    for (std::size_t place = 0; place < good.size(); ++place) {
        const bool may_change = place == 1 || place == 6 || place == 7 || place == 10 ||
                                place == 11;  // TOS, fragment, checksum
        auto by = keeper();
        auto changed = good;
        changed[place] ^= std::byte{1};
        EXPECT_EQ(verdict(by, changed) == "accepted", may_change) << place;
        EXPECT_EQ(by.sequence() != 0, may_change) << place;
    }
    auto stranger = keeper("other");
    EXPECT_EQ(verdict(stranger, good), "wrong sum in its authentication header");
}

TEST(AuthenticationHeader, OfAnotherFormOrMissingIsNamed) {
    auto by = keeper();
    auto longer = octets(kFirst);
    longer[21] = std::byte{5};  // it would end 4 octets later
    EXPECT_NE(verdict(by, longer), "accepted");
    auto other_spi = octets(kFirst);
    other_spi[27] ^= std::byte{1};
    EXPECT_EQ(verdict(by, other_spi), "authentication header of another form");
    auto bare = octets(kFirst);
    bare.erase(bare.begin() + 20, bare.begin() + 44);
    bare[3] = std::byte{40};
    bare[9] = std::byte{112};
    EXPECT_EQ(verdict(by, bare), "authentication header does not fit the configuration");
    auto beyond = octets(kFirst);
    beyond[21] = std::byte{255};
    EXPECT_EQ(verdict(by, beyond), "broken IP header");
}

}  // namespace
}  // namespace holdfast::vrrp::testing
