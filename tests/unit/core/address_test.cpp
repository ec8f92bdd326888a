#include "lib/core/address.hpp"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(Address, SurvivesTextAndBack) {
    for (const char* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "fe80::1", "::"}) {
        const auto address = Address::from_text(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), text);
        EXPECT_EQ(Address::from_bytes(address->octets()), address);
    }
}

TEST(Address, RefusesWhatIsNoAddress) {
    for (const char* text : {"", "192.0.2", "192.0.2.1/24", "eth0", "fe80::1%eth0", "1.2.3.4.5"}) {
        EXPECT_FALSE(Address::from_text(text)) << text;
    }
    EXPECT_FALSE(Address::from_bytes(std::string(5, 'x')));
}

TEST(Address, OrdersByOctetsInNetworkOrder) {
    EXPECT_LT(*Address::from_text("10.0.0.2"), *Address::from_text("10.0.0.10"));
    EXPECT_LT(*Address::from_text("9.255.255.255"), *Address::from_text("10.0.0.0"));
    EXPECT_LT(*Address::from_text("fe80::1"), *Address::from_text("fe80::ff"));
}

TEST(Address, ComparesPrefixesBitByBit) {
    const auto a = *Address::from_text("10.1.127.1");
    const auto b = *Address::from_text("10.1.128.1");
    EXPECT_TRUE(a.shares_prefix(b, 16));
    EXPECT_FALSE(a.shares_prefix(b, 17));
    EXPECT_FALSE(a.shares_prefix(*Address::from_text("::1"), 0));
}

TEST(Address, MakesSockaddrAndBack) {
    sockaddr_storage storage{};
    const auto address = *Address::from_text("2001:db8::7");
    EXPECT_EQ(address.to_sockaddr(80, storage), sizeof(sockaddr_in6));
    EXPECT_EQ(Address::from(storage), address);
}

TEST(Endpoint, PutsIpv6InBrackets) {
    EXPECT_EQ((Endpoint{*Address::from_text("2001:db8::1"), 80}).text(), "[2001:db8::1]:80");
    EXPECT_EQ((Endpoint{*Address::from_text("192.0.2.1"), 80}).text(), "192.0.2.1:80");
}

}  // namespace
}  // namespace holdfast::core
