// Routes and rules to octets and back. The kernel answers with other orders and more attributes;
// tests/netns/path_kernel_test asks it.
#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>

#include "lib/netlink/route_codec.hpp"
#include "lib/netlink/rule_codec.hpp"

namespace holdfast::netlink {
namespace {

core::Address address(std::string_view text) {
    return *core::Address::from_text(text);
}

template <class Decode>
auto there_and_back(const Message& message, Decode decode) {
    const auto replies = split(message.bytes());
    EXPECT_EQ(replies.size(), 1U);
    return decode(replies.at(0));
}

Route everything() {
    Route route{.destination = {address("10.0.0.0"), 8},
                .tos = 4,
                .protocol = 18,
                .table = 5000,
                .metric = 7,
                .preferred_source = address("192.0.2.1"),
                .metrics = {{RTAX_MTU, 1400}, {RTAX_RTT, 2400}},
                .locked = 1U << RTAX_MTU,
                .congestion_control = "cubic"};
    route.hops = {{.gateway = address("192.0.2.254"), .interface_index = 3, .weight = 256},
                  {.gateway = address("fe80::1"),
                   .interface_index = 4,
                   .onlink = true,
                   .realms = 0x30004,
                   .encapsulation = {.type = LWTUNNEL_ENCAP_MPLS, .labels = {100, 1048575}}},
                  {.interface_index = 5,
                   .encapsulation = {.type = LWTUNNEL_ENCAP_IP6,
                                     .id = 1ULL << 40,
                                     .destination = address("2001:db8::1"),
                                     .source = address("2001:db8::2"),
                                     .tos = 8,
                                     .ttl = 9,
                                     .flags = 0x1234}},
                  {.interface_index = 6,
                   .encapsulation = {.type = LWTUNNEL_ENCAP_ILA, .locator = 0x0001000200030004}}};
    return route;
}

TEST(RouteCodec, KeepsEverythingOnTheWayThereAndBack) {
    const auto found =
        there_and_back(encode_add(everything(), RoutePlacement::before), decode_route);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, everything());
}

TEST(RouteCodec, SaysWhereARouteStandsByFlags) {
    const auto flags = [](RoutePlacement placement) {
        const Message message = encode_add(everything(), placement);
        return split(message.bytes()).at(0).flags;
    };
    EXPECT_EQ(flags(RoutePlacement::before), NLM_F_REQUEST | NLM_F_CREATE);
    EXPECT_EQ(flags(RoutePlacement::behind), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND);
    EXPECT_EQ(flags(RoutePlacement::alone), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
}

TEST(RouteCodec, HasRoomForTheMostWays) {
    Route route = everything();
    route.hops.assign(Route::kMostHops, route.hops[2]);
    for (NextHop& hop : route.hops) hop.gateway = address("2001:db8::77");
    const auto found = there_and_back(encode_remove(route), decode_route);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->hops, route.hops);
}

TEST(RouteCodec, ReadsTheHeadOfWhatItWouldNotLookAt) {
    const auto head = there_and_back(encode_remove(everything()), decode_route_head);
    EXPECT_EQ(head, (RouteHead{core::Family::ipv4, 5000, {address("10.0.0.0"), 8}}));
    const Message rule = encode_remove(Rule{});
    EXPECT_FALSE(decode_route_head(split(rule.bytes()).at(0)));
    EXPECT_FALSE(decode_route(split(rule.bytes()).at(0)));
}

TEST(RouteCodec, DoesNotBelieveWhatIsCutShort) {
    const Message message = encode_add(everything(), RoutePlacement::before);
    const Reply whole = split(message.bytes()).at(0);
    for (std::size_t length = 0; length < whole.payload.size(); length += 4) {
        Reply cut = whole;
        cut.payload = whole.payload.first(length);
        const auto found = decode_route(cut);
        if (found) {
            EXPECT_LE(found->hops.size(), 4U);
        }
    }
    Reply wrong = whole;
    std::vector<std::byte> octets(whole.payload.begin(), whole.payload.end());
    octets[1] = std::byte{33};  // bits of an IPv4 prefix
    wrong.payload = octets;
    EXPECT_FALSE(decode_route(wrong));
    EXPECT_FALSE(decode_route_head(wrong));
}

TEST(RuleCodec, KeepsEverythingOnTheWayThereAndBack) {
    const Rule rule{.family = core::Family::ipv6,
                    .inverted = true,
                    .from = {address("2001:db8::"), 32},
                    .to = {address("2001:db8:1::"), 48},
                    .preference = 100,
                    .tos = 4,
                    .mark = 0x10,
                    .mark_mask = 0xf0,
                    .input_interface = "eth0",
                    .output_interface = "eth1",
                    .table = 5000,
                    .suppress_prefix_length = 3,
                    .suppress_group = 4,
                    .realms = 7,
                    .tunnel_id = 1ULL << 33,
                    .uids = Range{1, 2},
                    .protocol = 18,
                    .ip_protocol = 6,
                    .source_ports = Range{1, 65535},
                    .destination_ports = Range{80, 80}};
    EXPECT_EQ(there_and_back(encode_add(rule), decode_rule), rule);
    const Rule jump{.preference = 1, .action = FR_ACT_GOTO, .goto_preference = 5, .protocol = 18};
    EXPECT_EQ(there_and_back(encode_remove(jump), decode_rule), jump);
    const Rule vrf{.preference = 1, .l3mdev = true, .protocol = 18};
    EXPECT_EQ(there_and_back(encode_add(vrf), decode_rule), vrf);
}

TEST(RuleCodec, WritesRulesAsPeopleDo) {
    Rule rule{.from = {address("192.0.2.0"), 24}, .preference = 7, .table = 100};
    EXPECT_EQ(to_text(rule), "from 192.0.2.0/24 table 100 preference 7");
    rule.inverted = true;
    rule.mark = rule.mark_mask = 0xff;
    rule.action = FR_ACT_PROHIBIT;
    EXPECT_EQ(to_text(rule), "not from 192.0.2.0/24 fwmark 0xff/0xff prohibit preference 7");
}

}  // namespace
}  // namespace holdfast::netlink
