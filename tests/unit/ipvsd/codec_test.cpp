#include "ipvsd/codec.hpp"

#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include <cstring>
#include <vector>

namespace holdfast::ipvsd {
namespace {

using netlink::Message;

constexpr std::uint16_t kFamily = 33;

core::Endpoint endpoint(std::string_view address, std::uint16_t port) {
    return {*core::Address::from_text(address), port};
}

/// A request has the attributes that the kernel's dump has, so it can be read as one.
class Sent {
  public:
    explicit Sent(const Message& message)
        : datagram_(message.bytes().begin(), message.bytes().end()),
          reply_(netlink::split(datagram_).at(0)) {}
    explicit Sent(const Change& change) : Sent(encode(change, kFamily)) {}

    [[nodiscard]] const netlink::Reply& reply() const { return reply_; }
    [[nodiscard]] int command() const {
        genlmsghdr header{};
        std::memcpy(&header, reply_.payload.data(), sizeof header);
        return header.cmd;
    }
    [[nodiscard]] netlink::Attributes attributes() const {
        return reply_.attributes_after(sizeof(genlmsghdr));
    }

  private:
    std::vector<std::byte> datagram_;
    netlink::Reply reply_;
};

TEST(ServiceCodec, ReadsBackWhatItWrites) {
    const Service services[] = {
        {.key = ServiceKey::at(Protocol::tcp, endpoint("192.0.2.1", 80)), .scheduler = "rr"},
        {.key = ServiceKey::at(Protocol::udp, endpoint("2001:db8::1", 53)),
         .scheduler = "sh",
         .one_packet = true,
         .scheduler_flags = kSchedulerFlag1 | kSchedulerFlag2},
        {.key = ServiceKey::at(Protocol::sctp, endpoint("192.0.2.1", 0)),
         .persistence = Persistence{.timeout = std::chrono::seconds(50), .netmask = 0xffffff00}},
        {.key = ServiceKey::marked(core::Family::ipv4, 7), .scheduler = "wrr"},
        {.key = ServiceKey::marked(core::Family::ipv6, 7),
         .persistence =
             Persistence{.timeout = std::chrono::seconds(360), .netmask = 64, .engine = "sip"}},
    };
    for (const Service& service : services) {
        const Sent sent{Change(AddService{service})};
        EXPECT_EQ(sent.reply().type, kFamily);
        EXPECT_EQ(sent.command(), IPVS_CMD_NEW_SERVICE);
        const auto entry = decode_service(sent.reply());
        ASSERT_TRUE(entry) << to_text(service.key);
        EXPECT_EQ(entry->service, service) << to_text(service.key);
    }
}

TEST(ServiceCodec, HasPortAndIpv4NetmaskInNetworkOrder) {
    const Service service{
        .key = ServiceKey::at(Protocol::tcp, endpoint("192.0.2.1", 0x1234)),
        .persistence = Persistence{.timeout = std::chrono::seconds(1), .netmask = 0xfffffe00}};
    const Sent sent{Change(EditService{service})};
    EXPECT_EQ(sent.command(), IPVS_CMD_SET_SERVICE);
    const auto entry = sent.attributes().nested(IPVS_CMD_ATTR_SERVICE);
    const auto port = entry.bytes(IPVS_SVC_ATTR_PORT);
    EXPECT_EQ(port[0], std::byte{0x12});
    const auto netmask = entry.bytes(IPVS_SVC_ATTR_NETMASK);
    EXPECT_EQ(netmask[0], std::byte{0xff});
    EXPECT_EQ(netmask[2], std::byte{0xfe});
    EXPECT_EQ(entry.bytes(IPVS_SVC_ATTR_ADDR).size(), 16U);
}

TEST(ServiceCodec, DecidesAboutItsOwnFlagsOnly) {
    const Service plain{.key = ServiceKey::marked(core::Family::ipv4, 1)};
    const Sent sent{Change(EditService{plain})};
    const auto flags =
        sent.attributes().nested(IPVS_CMD_ATTR_SERVICE).record<ip_vs_flags>(IPVS_SVC_ATTR_FLAGS);
    ASSERT_TRUE(flags);
    EXPECT_EQ(flags->flags, 0U);
    EXPECT_EQ(flags->mask & IP_VS_SVC_F_HASHED, 0U);
    EXPECT_NE(flags->mask & IP_VS_SVC_F_PERSISTENT, 0U);
}

TEST(ServiceCodec, RefusesFamiliesItDoesNotKnow) {
    Message message(kFamily, 0);
    message.header(genlmsghdr{.cmd = IPVS_CMD_NEW_SERVICE, .version = 1, .reserved = 0});
    message.begin_nested(IPVS_CMD_ATTR_SERVICE);
    message.put(IPVS_SVC_ATTR_AF, std::uint16_t{AF_DECnet});
    message.put(IPVS_SVC_ATTR_FWMARK, std::uint32_t{3});
    message.put(IPVS_SVC_ATTR_FLAGS, ip_vs_flags{});
    message.end_nested();
    EXPECT_FALSE(decode_service(Sent(message).reply()));
}

TEST(ServiceCodec, ReadsWideCounters) {
    Message message(kFamily, 0);
    message.header(genlmsghdr{.cmd = IPVS_CMD_NEW_SERVICE, .version = 1, .reserved = 0});
    message.begin_nested(IPVS_CMD_ATTR_SERVICE);
    message.put(IPVS_SVC_ATTR_AF, std::uint16_t{AF_INET});
    message.put(IPVS_SVC_ATTR_FWMARK, std::uint32_t{3});
    message.put(IPVS_SVC_ATTR_FLAGS, ip_vs_flags{});
    message.begin_nested(IPVS_SVC_ATTR_STATS);
    message.put(IPVS_STATS_ATTR_CONNS, std::uint32_t{1});
    message.end_nested();
    message.begin_nested(IPVS_SVC_ATTR_STATS64);
    message.put(IPVS_STATS_ATTR_CONNS, std::uint64_t{5'000'000'000});
    message.put(IPVS_STATS_ATTR_OUTBPS, std::uint64_t{9});
    message.end_nested();
    message.end_nested();
    const Sent sent(message);
    const auto entry = decode_service(sent.reply());
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->counters.connections, 5'000'000'000U);
    EXPECT_EQ(entry->counters.byte_rate_out, 9U);
}

TEST(DestinationCodec, ReadsBackWhatItWrites) {
    const ServiceKey service = ServiceKey::at(Protocol::tcp, endpoint("192.0.2.1", 80));
    const Destination destinations[] = {
        {.endpoint = endpoint("10.0.0.1", 8080), .weight = 0},
        {.endpoint = endpoint("10.0.0.2", 80),
         .forwarding = ForwardingMethod::direct_routing,
         .weight = 0x7fffffff,
         .upper_threshold = 100,
         .lower_threshold = 50},
        {.endpoint = endpoint("2001:db8::2", 80), .forwarding = ForwardingMethod::tunnel},
        {.endpoint = endpoint("10.0.0.3", 80),
         .forwarding = ForwardingMethod::tunnel,
         .tunnel = {.type = TunnelType::gue, .port = 6080, .flags = 1}},
    };
    for (const Destination& destination : destinations) {
        const Sent sent{Change(AddDestination{service, destination})};
        EXPECT_EQ(sent.command(), IPVS_CMD_NEW_DEST);
        const auto entry = decode_destination(sent.reply(), core::Family::ipv4);
        ASSERT_TRUE(entry) << destination.endpoint.text();
        EXPECT_EQ(entry->destination, destination) << destination.endpoint.text();
    }
}

TEST(DestinationCodec, TakesTheServicesFamilyWhereTheKernelTellsNone) {
    Message message(kFamily, 0);
    message.header(genlmsghdr{.cmd = IPVS_CMD_NEW_DEST, .version = 1, .reserved = 0});
    message.begin_nested(IPVS_CMD_ATTR_DEST);
    message.put_bytes(IPVS_DEST_ATTR_ADDR, core::Address::from_text("2001:db8::2")->bytes());
    message.put(IPVS_DEST_ATTR_PORT, std::uint16_t{0});
    message.put(IPVS_DEST_ATTR_FWD_METHOD, std::uint32_t{IP_VS_CONN_F_DROUTE});
    message.end_nested();
    const Sent sent(message);
    const auto entry = decode_destination(sent.reply(), core::Family::ipv6);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->destination.endpoint.address.text(), "2001:db8::2");
}

TEST(ChangeCodec, NamesOnlyTheKeyOfWhatIsRemoved) {
    const ServiceKey key = ServiceKey::at(Protocol::tcp, endpoint("192.0.2.1", 80));
    const Sent service{Change(RemoveService{key})};
    EXPECT_EQ(service.command(), IPVS_CMD_DEL_SERVICE);
    EXPECT_FALSE(service.attributes().nested(IPVS_CMD_ATTR_SERVICE).has(IPVS_SVC_ATTR_SCHED_NAME));
    const Sent destination{Change(RemoveDestination{key, endpoint("10.0.0.1", 80)})};
    EXPECT_EQ(destination.command(), IPVS_CMD_DEL_DEST);
    EXPECT_FALSE(destination.attributes().nested(IPVS_CMD_ATTR_DEST).has(IPVS_DEST_ATTR_WEIGHT));
}

TEST(ChangeCodec, LeavesTimeoutsOfZeroAsTheyAre) {
    const Sent sent{
        Change(SetTimeouts{{.tcp = std::chrono::seconds(60), .tcp_fin = {}, .udp = {}}})};
    EXPECT_EQ(sent.command(), IPVS_CMD_SET_CONFIG);
    EXPECT_TRUE(sent.attributes().has(IPVS_CMD_ATTR_TIMEOUT_TCP));
    EXPECT_FALSE(sent.attributes().has(IPVS_CMD_ATTR_TIMEOUT_UDP));
}

TEST(ChangeCodec, SaysWhichChangesGoToIpvs) {
    EXPECT_FALSE(concerns_ipvs(AddAddress{}));
    EXPECT_FALSE(concerns_ipvs(ReplaceAddress{}));
    EXPECT_FALSE(concerns_ipvs(RemoveAddress{}));
    EXPECT_TRUE(concerns_ipvs(SetTimeouts{}));
    EXPECT_TRUE(concerns_ipvs(RemoveDestination{}));
}

TEST(IpvsReply, WithAnyOctetChangedIsReadWithoutHarm) {
    const Service service{.key = ServiceKey::at(Protocol::tcp, endpoint("192.0.2.1", 80))};
    const Message message = encode(AddService{service}, kFamily);
    const std::vector<std::byte> whole(message.bytes().begin(), message.bytes().end());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            std::vector<std::byte> changed = whole;
            changed[at] = static_cast<std::byte>(value);
            for (const auto& reply : netlink::split(changed)) {
                static_cast<void>(decode_service(reply));
                static_cast<void>(decode_destination(reply, core::Family::ipv6));
                static_cast<void>(decode_timeouts(reply));
            }
        }
    }
}

}  // namespace
}  // namespace holdfast::ipvsd
