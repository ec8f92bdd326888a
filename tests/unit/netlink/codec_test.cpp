#include "lib/netlink/codec.hpp"

#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <vector>

namespace holdfast::netlink {
namespace {

core::Address address(std::string_view text) {
    return *core::Address::from_text(text);
}

std::vector<std::byte> datagram_of(const Message& message) {
    const auto octets = message.bytes();
    return {octets.begin(), octets.end()};
}

/// The only event of one message.
template <class What>
What only(const Message& message) {
    const auto datagram = datagram_of(message);
    auto events = decode(datagram);
    EXPECT_EQ(events.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<What>(events.at(0)));
    return std::get<What>(events.at(0));
}

Message new_link(int index, std::string_view name) {
    Message message(RTM_NEWLINK, 0);
    ifinfomsg info{};
    info.ifi_index = index;
    info.ifi_type = ARPHRD_ETHER;
    info.ifi_flags = IFF_UP | IFF_RUNNING;
    message.header(info);
    message.put_text(IFLA_IFNAME, name);
    return message;
}

TEST(AddressMessage, SurvivesBeingEncodedAndDecoded) {
    const InterfaceAddress v4{.interface_index = 7,
                              .address = address("192.0.2.7"),
                              .prefix_length = 24,
                              .peer = address("192.0.2.9"),
                              .broadcast = address("192.0.2.255"),
                              .label = "eth0:vip",
                              .scope = RT_SCOPE_LINK,
                              .flags = IFA_F_NOPREFIXROUTE,
                              .protocol = 18,
                              .preferred_lifetime = 0,
                              .valid_lifetime = 3600};
    const InterfaceAddress v6{.interface_index = 3,
                              .address = address("2001:db8::7"),
                              .prefix_length = 128,
                              .flags = IFA_F_NODAD,
                              .protocol = 18};
    EXPECT_EQ(only<AddressSeen>(encode(AddressVerb::add, v4)).address, v4);
    EXPECT_EQ(only<AddressSeen>(encode(AddressVerb::replace, v6)).address, v6);
}

TEST(AddressMessage, NamesTheAddressOnlyWhenItIsRemoved) {
    const InterfaceAddress there{.interface_index = 7,
                                 .address = address("192.0.2.7"),
                                 .prefix_length = 24,
                                 .label = "eth0:vip",
                                 .protocol = 18};
    const auto gone = only<AddressGone>(encode(AddressVerb::remove, there)).address;
    EXPECT_EQ(key_of(gone), key_of(there));
    EXPECT_EQ(gone.label, "");
    EXPECT_EQ(gone.protocol, 0);
}

TEST(AddressMessage, DoesNotAskForFlagsThatOnlyTheKernelSets) {
    const InterfaceAddress v6{.interface_index = 3,
                              .address = address("2001:db8::7"),
                              .prefix_length = 64,
                              .flags = IFA_F_NODAD | IFA_F_PERMANENT | IFA_F_TENTATIVE};
    EXPECT_EQ(only<AddressSeen>(encode(AddressVerb::add, v6)).address.flags, IFA_F_NODAD);
}

TEST(AddressMessage, CreatesExclusivelyOrReplaces) {
    const InterfaceAddress any{.interface_index = 1, .address = address("192.0.2.7")};
    const auto flags_of = [&](AddressVerb verb) {
        const auto datagram = datagram_of(encode(verb, any));
        return split(datagram).at(0).flags;
    };
    EXPECT_EQ(flags_of(AddressVerb::add), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
    EXPECT_EQ(flags_of(AddressVerb::replace), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
    EXPECT_EQ(flags_of(AddressVerb::remove), NLM_F_REQUEST);
}

TEST(AddressMessage, IsDroppedWhenItsPartsDisagree) {
    const auto decoded = [](std::uint8_t family, std::uint8_t prefix_length,
                            std::string_view text) {
        Message message(RTM_NEWADDR, 0);
        ifaddrmsg header{};
        header.ifa_family = family;
        header.ifa_prefixlen = prefix_length;
        message.header(header);
        message.put_address(IFA_ADDRESS, address(text));
        return decode(datagram_of(message)).size();
    };
    EXPECT_EQ(decoded(AF_INET, 32, "192.0.2.7"), 1U);
    EXPECT_EQ(decoded(AF_INET, 33, "192.0.2.7"), 0U);
    EXPECT_EQ(decoded(AF_INET6, 32, "192.0.2.7"), 0U);
    EXPECT_EQ(decoded(AF_INET, 32, "2001:db8::7"), 0U);
}

TEST(LinkMessage, CarriesNameFlagsAndHardwareAddress) {
    Message message = new_link(4, "vrrp.51");
    const std::byte mac[] = {std::byte{0x02}, std::byte{0}, std::byte{0x5e},
                             std::byte{0},    std::byte{1}, std::byte{0x33}};
    message.put_bytes(IFLA_ADDRESS, mac);
    message.put(IFLA_MTU, std::uint32_t{1400});
    message.put(IFLA_LINK, std::uint32_t{2});
    message.put_text(IFLA_IFALIAS, "holdfast");
    message.begin_nested(IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, "macvlan");
    message.end_nested();

    const Link link = only<LinkSeen>(message).link;
    EXPECT_EQ(link.index, 4U);
    EXPECT_EQ(link.name, "vrrp.51");
    EXPECT_EQ(link.mtu, 1400U);
    EXPECT_EQ(link.parent_index, 2U);
    EXPECT_EQ(link.kind, "macvlan");
    EXPECT_EQ(link.alias, "holdfast");
    EXPECT_EQ(link.hardware_address.text(), "02:00:5e:00:01:33");
    EXPECT_TRUE(link.hardware_address.is_ethernet());
    EXPECT_TRUE(link.is_up());
    EXPECT_TRUE(link.is_running());
}

TEST(LinkMessage, OfABridgePortThatLeavesIsNoVanishedInterface) {
    Message message(RTM_DELLINK, 0);
    ifinfomsg info{};
    info.ifi_family = AF_BRIDGE;
    info.ifi_index = 4;
    message.header(info);
    EXPECT_TRUE(decode(datagram_of(message)).empty());
}

TEST(LinkMessage, ToleratesAHardwareAddressOfAnyLength) {
    Message message = new_link(4, "odd0");
    message.put_bytes(IFLA_ADDRESS, std::vector<std::byte>(33));
    EXPECT_EQ(only<LinkSeen>(message).link.hardware_address, HardwareAddress{});
}

TEST(ErrorMessage, GivesSequenceErrnoAndTheKernelsWords) {
    Message message(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS);
    nlmsgerr error{};
    error.error = -EEXIST;
    error.msg.nlmsg_seq = 42;
    error.msg.nlmsg_len = 60;
    message.header(error);
    message.put_text(NLMSGERR_ATTR_MSG, "Address already assigned");
    const auto answer = only<Answer>(message);
    EXPECT_EQ(answer.sequence, 42U);
    EXPECT_EQ(answer.code, EEXIST);
    EXPECT_EQ(answer.text, "Address already assigned");
}

TEST(ErrorMessage, IsReadBehindTheEchoedRequestWhenItIsNotCapped) {
    Message message(NLMSG_ERROR, NLM_F_ACK_TLVS);
    nlmsgerr error{};
    error.error = -EINVAL;
    error.msg.nlmsg_len = sizeof(nlmsghdr) + 8;
    message.header(error);
    message.header(std::uint64_t{0});
    message.put_text(NLMSGERR_ATTR_MSG, "no");
    EXPECT_EQ(only<Answer>(message).text, "no");
}

TEST(ErrorMessage, SurvivesALengthThatLies) {
    Message message(NLMSG_ERROR, NLM_F_ACK_TLVS);
    nlmsgerr error{};
    error.msg.nlmsg_len = 0xffffffff;
    message.header(error);
    EXPECT_EQ(only<Answer>(message).text, "");
}

TEST(FamilyMessage, ListsItsMulticastGroups) {
    Message message(GENL_ID_CTRL, 0);
    message.header(genlmsghdr{.cmd = CTRL_CMD_NEWFAMILY, .version = 2, .reserved = 0});
    message.put(CTRL_ATTR_FAMILY_ID, std::uint16_t{31});
    message.put_text(CTRL_ATTR_FAMILY_NAME, "IPVS");
    message.begin_nested(CTRL_ATTR_MCAST_GROUPS);
    message.begin_nested(1);
    message.put(CTRL_ATTR_MCAST_GRP_ID, std::uint32_t{16});
    message.put_text(CTRL_ATTR_MCAST_GRP_NAME, "notify");
    message.end_nested();
    message.end_nested();
    const auto datagram = datagram_of(message);
    const auto news = decode_family(split(datagram).at(0));
    ASSERT_TRUE(news);
    EXPECT_TRUE(news->present);
    EXPECT_EQ(news->family.id, 31);
    EXPECT_EQ(news->family.name, "IPVS");
    ASSERT_EQ(news->family.groups.size(), 1U);
    EXPECT_EQ(news->family.groups.at(0), std::pair(std::string("notify"), std::uint32_t{16}));
}

TEST(Datagram, CutShortAnywhereIsReadWithoutHarm) {
    Message message = new_link(4, "eth0");
    message.put_text(IFLA_IFALIAS, "x");
    const auto whole = datagram_of(message);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::vector<std::byte> cut(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_TRUE(decode(cut).empty()) << length;
    }
}

TEST(Datagram, WithAnyOctetChangedIsReadWithoutHarm) {
    const auto whole = datagram_of(encode(AddressVerb::add, {.interface_index = 7,
                                                             .address = address("192.0.2.7"),
                                                             .prefix_length = 24,
                                                             .label = "eth0:vip"}));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            std::vector<std::byte> changed = whole;
            changed[at] = static_cast<std::byte>(value);
            static_cast<void>(decode(changed));
        }
    }
}

TEST(Datagram, HoldsSeveralMessages) {
    auto datagram = datagram_of(new_link(4, "eth0"));
    const auto second = datagram_of(new_link(5, "eth1"));
    datagram.insert(datagram.end(), second.begin(), second.end());
    EXPECT_EQ(decode(datagram).size(), 2U);
}

}  // namespace
}  // namespace holdfast::netlink
