#include "ipvsd/announcement.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace holdfast::ipvsd {
namespace {

constexpr MacAddress kMac{std::byte{0x56}, std::byte{0x2f}, std::byte{0x00},
                          std::byte{0x41}, std::byte{0x9f}, std::byte{0x27}};

std::string hex(const FrameBytes& frame) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte octet : frame.bytes()) {
        text += kDigits[std::to_integer<std::size_t>(octet >> 4)];
        text += kDigits[std::to_integer<std::size_t>(octet & std::byte{0x0f})];
    }
    return text;
}

// All expected frames were captured from keepalived 2.2.7.

TEST(GratuitousArp, IsTheRequestThatKeepalivedSends) {
    EXPECT_EQ(hex(gratuitous_arp(kMac, *core::Address::from_text("192.0.2.9"))),
              "ffffffffffff562f00419f2708060001"
              "080006040001562f00419f27c0000209"
              "ffffffffffffc0000209");
}

TEST(UnsolicitedAdvertisement, IsTheOneThatKeepalivedSends) {
    EXPECT_EQ(hex(unsolicited_advertisement(kMac, *core::Address::from_text("2001:db8::9"), false)),
              "333300000001562f00419f2786dd6000"
              "000000203aff20010db8000000000000"
              "000000000009ff020000000000000000"
              "0000000000018800058420000000"
              "20010db80000000000000000000000090201"
              "562f00419f27");
    EXPECT_EQ(hex(unsolicited_advertisement(kMac, *core::Address::from_text("fe80::9"), false)),
              "333300000001562f00419f2786dd6000"
              "000000203afffe800000000000000000"
              "000000000009ff020000000000000000"
              "000000000001880063f420000000fe80"
              "00000000000000000000000000090201"
              "562f00419f27");
}

TEST(UnsolicitedAdvertisement, CarriesTheRouterFlagInFlagsAndChecksum) {
    const auto address = *core::Address::from_text("2001:db8::9");
    const FrameBytes host = unsolicited_advertisement(kMac, address, false);
    const FrameBytes router = unsolicited_advertisement(kMac, address, true);
    EXPECT_EQ(router[58], std::byte{0xa0});
    // One's complement arithmetic: 0x0584 less 0x8000, with the end-around borrow.
    EXPECT_EQ(router[56], std::byte{0x85});
    EXPECT_EQ(router[57], std::byte{0x83});
    EXPECT_EQ(host.size(), router.size());
}

TEST(AnnouncementOf, FollowsTheFamily) {
    const auto v4 = *core::Address::from_text("192.0.2.9");
    const auto v6 = *core::Address::from_text("2001:db8::9");
    EXPECT_EQ(announcement_of(kMac, v4, true), gratuitous_arp(kMac, v4));
    EXPECT_EQ(announcement_of(kMac, v6, true), unsolicited_advertisement(kMac, v6, true));
}

}  // namespace
}  // namespace holdfast::ipvsd
