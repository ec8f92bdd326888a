#include "lib/netlink/link_codec.hpp"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <vector>

namespace holdfast::netlink {
namespace {

HardwareAddress mac(std::uint8_t last) {
    const std::array octets{std::byte{0}, std::byte{0}, std::byte{0x5e},
                            std::byte{0}, std::byte{1}, static_cast<std::byte>(last)};
    return *HardwareAddress::from_bytes(octets);
}

/// A message as the kernel would read it.
struct Read {
    explicit Read(const Message& message)
        : octets(message.bytes().begin(), message.bytes().end()), reply(split(octets).at(0)) {}
    [[nodiscard]] ifinfomsg header() const {
        ifinfomsg info{};
        std::copy_n(reply.payload.begin(), sizeof info, reinterpret_cast<std::byte*>(&info));
        return info;
    }
    [[nodiscard]] Attributes attributes() const {
        return reply.attributes_after(sizeof(ifinfomsg));
    }
    std::vector<std::byte> octets;
    Reply reply;
};

NewLink macvlan() {
    return {.name = "vrrp.51",
            .kind = "macvlan",
            .parent_index = 7,
            .mode = MACVLAN_MODE_VEPA,
            .hardware_address = mac(51),
            .group = 5,
            .alias = "holdfast:vrrp.51",
            .ipv4 = {{Ipv4Setting::arp_ignore, 1}, {Ipv4Setting::rp_filter, 2}}};
}

TEST(LinkCodec, AMacvlanIsMadeDownWithItsMacAddressAndMode) {
    const Read read(encode_make(macvlan()));
    EXPECT_EQ(read.reply.type, RTM_NEWLINK);
    EXPECT_EQ(read.reply.flags & (NLM_F_CREATE | NLM_F_EXCL), NLM_F_CREATE | NLM_F_EXCL);
    EXPECT_EQ(read.header().ifi_change, 0U);
    EXPECT_EQ(read.attributes().text(IFLA_IFNAME), "vrrp.51");
    EXPECT_EQ(read.attributes().number<std::uint32_t>(IFLA_LINK), 7U);
    EXPECT_EQ(read.attributes().number<std::uint32_t>(IFLA_GROUP), 5U);
    EXPECT_EQ(read.attributes().bytes(IFLA_ADDRESS).size(), 6U);
    const Attributes info = read.attributes().nested(IFLA_LINKINFO);
    EXPECT_EQ(info.text(IFLA_INFO_KIND), "macvlan");
    EXPECT_EQ(info.nested(IFLA_INFO_DATA).number<std::uint32_t>(IFLA_MACVLAN_MODE),
              std::uint32_t{MACVLAN_MODE_VEPA});
}

TEST(LinkCodec, ItHasItsSettingsAndNoIpv6AddressesBeforeItIsUp) {
    const std::vector<Message> after = encode_after_make(macvlan());
    ASSERT_EQ(after.size(), 2U);
    const Read settings(after[0]);
    EXPECT_EQ(settings.attributes().text(IFLA_IFALIAS), "holdfast:vrrp.51");
    const Attributes both = settings.attributes().nested(IFLA_AF_SPEC);
    const Attributes ipv4 = both.nested(AF_INET).nested(IFLA_INET_CONF);
    EXPECT_EQ(ipv4.number<std::uint32_t>(8), 2U);   // IPV4_DEVCONF_RP_FILTER
    EXPECT_EQ(ipv4.number<std::uint32_t>(19), 1U);  // IPV4_DEVCONF_ARP_IGNORE
    EXPECT_EQ(both.nested(AF_INET6).number<std::uint8_t>(IFLA_INET6_ADDR_GEN_MODE),
              std::uint8_t{IN6_ADDR_GEN_MODE_NONE});
    EXPECT_EQ(settings.header().ifi_change, 0U);
    EXPECT_EQ(Read(after[1]).header().ifi_flags, unsigned{IFF_UP});
    EXPECT_EQ(Read(after[1]).header().ifi_change, unsigned{IFF_UP});
}

TEST(LinkCodec, AnIpvlanHasItsModeInSixteenBits) {
    const Read read(encode_make({.name = "vrrp.7",
                                 .kind = "ipvlan",
                                 .parent_index = 3,
                                 .mode = IPVLAN_MODE_L2,
                                 .flags = IPVLAN_F_VEPA}));
    const Attributes data = read.attributes().nested(IFLA_LINKINFO).nested(IFLA_INFO_DATA);
    EXPECT_EQ(data.number<std::uint16_t>(IFLA_IPVLAN_MODE), std::uint16_t{IPVLAN_MODE_L2});
    EXPECT_EQ(data.number<std::uint16_t>(IFLA_IPVLAN_FLAGS), std::uint16_t{IPVLAN_F_VEPA});
    EXPECT_FALSE(read.attributes().has(IFLA_ADDRESS));
}

TEST(LinkCodec, AnEditSaysOnlyWhatChanges) {
    const Read mtu(encode(LinkEdit{.index = 9, .mtu = 9000}));
    EXPECT_EQ(mtu.header().ifi_index, 9);
    EXPECT_EQ(mtu.header().ifi_change, 0U);
    EXPECT_EQ(mtu.attributes().number<std::uint32_t>(IFLA_MTU), 9000U);
    EXPECT_FALSE(mtu.attributes().has(IFLA_AF_SPEC));
    const Read up(encode(LinkEdit{.index = 9, .up = true}));
    EXPECT_EQ(up.header().ifi_change, unsigned{IFF_UP});
    EXPECT_FALSE(up.attributes().has(IFLA_MTU));
}

/// As the kernel dumps an interface: the settings as an array whose first element is number 1.
Message dumped(std::size_t settings) {
    Message message(RTM_NEWLINK, 0);
    ifinfomsg info{};
    info.ifi_index = 4;
    message.header(info);
    message.put_text(IFLA_IFNAME, "eth0");
    std::vector<std::uint32_t> values(settings);
    for (std::size_t i = 0; i < settings; ++i) values[i] = static_cast<std::uint32_t>(100 + i + 1);
    message.begin_nested(IFLA_AF_SPEC);
    message.begin_nested(AF_INET);
    message.put_bytes(IFLA_INET_CONF, std::as_bytes(std::span(values)));
    message.end_nested();
    message.end_nested();
    return message;
}

TEST(LinkCodec, SettingsAreReadFromTheArrayOfADump) {
    const Read read(dumped(32));
    const auto details = decode_link_details(read.reply);
    ASSERT_TRUE(details);
    EXPECT_EQ(details->link.name, "eth0");
    EXPECT_EQ(details->ipv4.at(Ipv4Setting::rp_filter), 108U);
    EXPECT_EQ(details->ipv4.at(Ipv4Setting::arp_ignore), 119U);
    EXPECT_EQ(details->ipv4.at(Ipv4Setting::promote_secondaries), 120U);
}

TEST(LinkCodec, AShortArrayHasNoLaterSettings) {
    const Read read(dumped(10));
    const auto details = decode_link_details(read.reply);
    ASSERT_TRUE(details);
    EXPECT_EQ(details->ipv4.count(Ipv4Setting::rp_filter), 1U);
    EXPECT_EQ(details->ipv4.count(Ipv4Setting::arp_ignore), 0U);
}

}  // namespace
}  // namespace holdfast::netlink
