#include "lib/netlink/nftables.hpp"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <string>
#include <vector>

namespace holdfast::netlink::nftables {
namespace {

/// Everything behind the netlink header, four octets a word, as `nft --debug=mnl` prints it; the
/// flag of nested attributes left out.
std::string words(const Message& message) {
    std::string text;
    const auto octets = message.bytes().subspan(sizeof(nlmsghdr));
    for (std::size_t i = 0; i < octets.size(); ++i) {
        char two[3];
        std::snprintf(two, sizeof two, "%02x", std::to_integer<unsigned>(octets[i]));
        if (i != 0 && i % 4 == 0) text += ' ';
        text += two;
    }
    return text;
}

// What nft 1.0.6 sent for `chain arriving { type filter hook prerouting priority -301; }` in
// `table inet holdfast`.
TEST(Nftables, AChainIsWhatNftSends) {
    EXPECT_EQ(words(add_chain("holdfast", "arriving", Hook::prerouting, -301)),
              "01000000 "
              "0d000100 686f6c64 66617374 00000000 "
              "0d000300 61727269 76696e67 00000000 "
              "0b000700 66696c74 65720000 "
              "08000500 00000001 "
              "14000480 08000100 00000000 08000200 fffffed3");
}

TEST(Nftables, SetsOfNamesAndAddressesAreWhatNftSends) {
    const KeyPart name[] = {KeyPart::interface_name};
    EXPECT_EQ(words(add_set("holdfast", "silent", 1, name)),
              "01000000 "
              "0d000100 686f6c64 66617374 00000000 "
              "0b000200 73696c65 6e740000 "
              "08000300 00000000 08000400 00000029 08000500 00000010 08000a00 00000001 "
              "0a000d00 00040100 00000000");
    const KeyPart address[] = {KeyPart::ipv4_address};
    EXPECT_EQ(words(add_set("holdfast", "no_accept_ipv4", 2, address)),
              "01000000 "
              "0d000100 686f6c64 66617374 00000000 "
              "13000200 6e6f5f61 63636570 745f6970 76340000 "
              "08000300 00000000 08000400 00000007 08000500 00000004 08000a00 00000002 "
              "0a000d00 00040200 00000000");
}

TEST(Nftables, ABatchStandsBetweenItsBrackets) {
    EXPECT_EQ(words(begin_batch()), "0000000a");
    EXPECT_EQ(words(end_batch()), "0000000a");
}

TEST(Nftables, AnInterfaceIsPaddedToSixteenOctets) {
    const Element element = element_of("vrrp.51");
    EXPECT_EQ(element.size(), 16U);
    EXPECT_EQ(std::to_integer<char>(element[6]), '1');
    EXPECT_EQ(std::to_integer<int>(element[7]), 0);
    EXPECT_EQ(element_of(*core::Address::from_text("fe80::1"), "eth0").size(), 32U);
}

TEST(Nftables, ManyElementsAreSentInSeveralMessagesOfOneSize) {
    std::vector<Element> elements;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        elements.push_back(element_of(*core::Address::from_text("2001:db8::1"), "eth0"));
    }
    const auto messages = add_elements("holdfast", "set", elements);
    EXPECT_EQ(messages.size(), 84U);
    for (const Message& each : messages) EXPECT_LT(each.bytes().size(), Message::kRoom);
}

/// One message as an event of the kernel.
std::optional<News> heard(const Message& message, std::uint32_t port) {
    std::vector<std::byte> octets(message.bytes().begin(), message.bytes().end());
    auto replies = split(octets);
    replies.at(0).port = port;
    return decode_news(replies.at(0));
}

TEST(Nftables, NewsNameTheTableAndWhoAsked) {
    const auto gone = heard(remove_table("holdfast"), 77);
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->table, "holdfast");
    EXPECT_TRUE(gone->removed);
    EXPECT_EQ(gone->port, 77U);
    const auto chain = heard(add_chain("other", "c", Hook::input, 0), 1);
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->table, "other");
    EXPECT_FALSE(chain->removed);
}

TEST(Nftables, OtherMessagesAreNoNews) {
    EXPECT_FALSE(heard(begin_batch(), 1));
    Message of_ipv4(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, 0);
    of_ipv4.header(nfgenmsg{.nfgen_family = 2, .version = 0, .res_id = 0});
    of_ipv4.put_text(NFTA_TABLE_NAME, "holdfast");
    EXPECT_FALSE(heard(of_ipv4, 1));
    Message nameless(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, 0);
    nameless.header(nfgenmsg{.nfgen_family = 1, .version = 0, .res_id = 0});
    EXPECT_FALSE(heard(nameless, 1));
}

}  // namespace
}  // namespace holdfast::netlink::nftables
