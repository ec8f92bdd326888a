// Routes and rules of the kernel of this machine, in a network namespace of the test's own, through
// NetlinkKernel; and the same requests on FakeKernel.

#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <vector>

#include "ipvsd/netlink_kernel.hpp"
#include "ipvsd/path_plan.hpp"
#include "ipvsd/routes.hpp"
#include "ipvsd/rules.hpp"
#include "tests/fakes/fake_kernel.hpp"
#include "tests/fakes/random_changes.hpp"
#include "tests/netns/kernel_fixture.hpp"

namespace holdfast::ipvsd {
namespace {

using core::Address;
using netlink::NextHop;
using netlink::Route;
using netlink::RoutePlacement;
using netlink::Rule;

Address address_of(std::string_view text) {
    return *Address::from_text(text);
}
netlink::Prefix prefix_of(std::string_view text, std::uint8_t length) {
    return {address_of(text), length};
}

struct PathListener : KernelListener {
    void route_changed(const Route& route, bool gone) override {
        heard.push_back((gone ? "-" : "+") + name_of(route));
    }
    void rule_changed(const Rule& rule, bool gone) override {
        heard.push_back((gone ? "-" : "+") + name_of(rule));
    }
    void routes_lost() override { ++lost; }
    std::vector<std::string> heard;
    int lost = 0;
};

/// 192.0.2.1/24 and 2001:db8::1/64 on one end of a veth pair.
class PathKernel : public tests::KernelFixture<PathListener> {
  protected:
    void SetUp() override {
        KernelFixture::SetUp();
        if (!kernel_) return;
        const Change addresses[] = {AddAddress{{.interface_index = left_,
                                                .address = address_of("192.0.2.1"),
                                                .prefix_length = 24}},
                                    AddAddress{{.interface_index = left_,
                                                .address = address_of("2001:db8::1"),
                                                .prefix_length = 64,
                                                .flags = IFA_F_NODAD}}};
        ASSERT_TRUE(kernel_->apply(addresses).all_done());
    }

    Route via(std::string_view destination, std::uint8_t length, std::string_view gateway,
              std::uint32_t interface = 0) const {
        const Address address = address_of(destination);
        return {.family = address.family(),
                .destination = {address, length},
                .source = {.address = address.family() == core::Family::ipv4
                                          ? Address()
                                          : Address::from(in6_addr{})},
                .protocol = kOurProtocol,
                .hops = {{.gateway = address_of(gateway), .interface_index = interface}}};
    }
    std::vector<Route> routes(core::Family family = core::Family::ipv4,
                              std::uint32_t table = RT_TABLE_MAIN) {
        const RouteTable place{family, table, kOurProtocol};
        auto found = kernel_->dump_routes({&place, 1}, [](const Route&) { return true; });
        EXPECT_TRUE(found) << found.error().text();
        return std::move(found).value();
    }
    /// Puts it into the kernel and looks whether it is there as wished.
    void expect_fit(const Route& wished) {
        const Change add = AddRoute{wished};
        const Report report = kernel_->apply({&add, 1});
        ASSERT_TRUE(report.all_done()) << report.refusals.at(0).error.text();
        RoutesInKernel found;
        for (const Route& each : routes(wished.family, wished.table)) {
            found.emplace(name_of(each), each);
        }
        const auto there = find(found, name_of(wished), wished);
        ASSERT_NE(there, found.end()) << name_of(wished);
        EXPECT_TRUE(fits(wished, there->second)) << name_of(wished);
        const std::vector<RouteWish> wishes = {{.name = name_of(wished), .value = wished}};
        EXPECT_TRUE(plan_routes(wishes, found, {}).empty()) << name_of(wished);
        const Change remove = RemoveRoute{there->second};
        const Report removed = kernel_->apply({&remove, 1});
        EXPECT_TRUE(removed.all_done()) << removed.refusals.at(0).error.text();
        EXPECT_TRUE(routes(wished.family, wished.table).empty()) << name_of(wished);
    }
};

TEST_F(PathKernel, KeepsEveryKindOfRouteAsWished) {
    expect_fit(via("10.0.0.0", 8, "192.0.2.254"));
    expect_fit(via("0.0.0.0", 0, "192.0.2.254", left_));
    Route route = via("10.1.0.0", 16, "192.0.2.254", left_);
    route.preferred_source = address_of("192.0.2.1");
    route.metric = 77;
    route.tos = 0x10;
    route.table = 1000;
    expect_fit(route);
    route = via("10.2.0.0", 16, "172.31.1.1", left_);
    route.hops[0].onlink = true;
    route.hops[0].realms = 3U << 16 | 4;
    expect_fit(route);
    route = via("10.3.0.0", 16, "192.0.2.254", left_);
    for (const std::uint8_t metric :
         {RTAX_MTU, RTAX_WINDOW, RTAX_RTT, RTAX_RTTVAR, RTAX_SSTHRESH, RTAX_CWND, RTAX_ADVMSS,
          RTAX_REORDERING, RTAX_HOPLIMIT, RTAX_INITCWND, RTAX_RTO_MIN, RTAX_INITRWND}) {
        route.metrics[metric] = 100U + metric;
    }
    route.metrics[RTAX_FEATURES] = RTAX_FEATURE_ECN;
    route.metrics[RTAX_QUICKACK] = 1;
    route.metrics[RTAX_FASTOPEN_NO_COOKIE] = 1;
    route.locked = 1U << RTAX_MTU | 1U << RTAX_CWND;
    route.congestion_control = "cubic";
    expect_fit(route);
    for (const std::uint8_t type : {RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT, RTN_THROW}) {
        expect_fit({.type = type, .destination = prefix_of("10.4.0.0", 16), .protocol = 18});
        expect_fit({.family = core::Family::ipv6,
                    .type = type,
                    .destination = prefix_of("2001:db8:4::", 48),
                    .source = {.address = Address::from(in6_addr{})},
                    .protocol = 18});
    }
    expect_fit({.type = RTN_LOCAL,
                .destination = prefix_of("10.5.0.0", 16),
                .protocol = 18,
                .scope = RT_SCOPE_HOST,
                .hops = {{.interface_index = left_}}});
}

TEST_F(PathKernel, KeepsRoutesWithSeveralWays) {
    Route route = via("10.0.0.0", 8, "192.0.2.254", left_);
    route.hops[0].weight = 3;
    route.hops.push_back({.gateway = address_of("192.0.2.253"), .weight = 256});
    route.hops.push_back({.gateway = address_of("172.31.1.1"),
                          .interface_index = left_,
                          .onlink = true,
                          .realms = 5});
    expect_fit(route);
    Route v6 = via("2001:db8:9::", 48, "2001:db8::99", left_);
    v6.hops.push_back({.gateway = address_of("2001:db8::98"), .weight = 2});
    expect_fit(v6);
    Route many = via("10.9.0.0", 16, "192.0.2.2");
    many.hops.clear();
    for (std::uint32_t i = 0; i < Route::kMostHops; ++i) {
        many.hops.push_back({.gateway = Address::v4(0xc0000202U + i % 250),
                             .interface_index = left_,
                             .weight = 1 + i / 250,
                             .encapsulation = {.type = LWTUNNEL_ENCAP_IP,
                                               .id = i + 1,
                                               .destination = address_of("198.51.100.1")}});
    }
    const Change add = AddRoute{many};
    const Report report = kernel_->apply({&add, 1});
    EXPECT_TRUE(report.all_done()) << report.refusals.at(0).error.text();
    ASSERT_EQ(routes().size(), 1U);
    EXPECT_EQ(routes()[0].hops.size(), Route::kMostHops);
}

TEST_F(PathKernel, KeepsTunnelsAndGatewaysOfTheOtherFamily) {
    Route route = via("10.0.0.0", 8, "192.0.2.254", left_);
    route.hops[0].encapsulation = {.type = LWTUNNEL_ENCAP_IP,
                                   .id = 0x123456789abcULL,
                                   .destination = address_of("198.51.100.1"),
                                   .source = address_of("198.51.100.2"),
                                   .tos = 8,
                                   .ttl = 9};
    expect_fit(route);
    route.hops[0].encapsulation = {.type = LWTUNNEL_ENCAP_IP6,
                                   .id = 7,
                                   .destination = address_of("2001:db8::7"),
                                   .source = address_of("2001:db8::8"),
                                   .tos = 8,
                                   .ttl = 9};
    expect_fit(route);
    expect_fit(via("10.0.0.0", 8, "fe80::5", left_));
}

TEST_F(PathKernel, KeepsRoutesOfIpv6) {
    expect_fit(via("2001:db8:1::", 48, "2001:db8::99"));
    Route route = via("2001:db8:2::", 48, "2001:db8::99", left_);
    route.preferred_source = address_of("2001:db8::1");
    route.preference = 1;  // high
    route.metric = 5;
    route.expires = 1000;
    route.metrics[RTAX_MTU] = 1400;
    expect_fit(route);
    route = via("2001:db8:3::", 48, "fe80::77", left_);
    route.hops[0].onlink = true;
    expect_fit(route);
    route = via("::", 0, "2001:db8::99", left_);
    route.destination = {Address::from(in6_addr{}), 0};
    expect_fit(route);
}

TEST_F(PathKernel, KeepsEveryKindOfRule) {
    const Rule base{
        .from = prefix_of("10.0.0.0", 8), .preference = 100, .table = 7, .protocol = 18};
    std::vector<Rule> rules(20, base);
    rules[1].inverted = true;
    rules[2].to = prefix_of("10.5.0.0", 16);
    rules[3].mark = 16, rules[3].mark_mask = 0xf0;
    rules[4].mark = 16, rules[4].mark_mask = 0xffffffff;
    rules[5].input_interface = name_, rules[5].output_interface = "absent0";
    rules[6].table = 5000;
    rules[7].action = FR_ACT_GOTO, rules[7].goto_preference = 30000, rules[7].table = 0;
    rules[8].action = FR_ACT_NOP, rules[8].table = 0;
    rules[9].action = FR_ACT_BLACKHOLE, rules[9].table = 0;
    rules[10].action = FR_ACT_UNREACHABLE, rules[10].table = 0;
    rules[11].action = FR_ACT_PROHIBIT, rules[11].table = 0;
    rules[12].suppress_prefix_length = 5, rules[12].suppress_group = 7;
    rules[13].tunnel_id = 99;
    rules[14].uids = netlink::Range{100, 200};
    rules[15].ip_protocol = 6, rules[15].source_ports = netlink::Range{1, 2};
    rules[16].ip_protocol = 17, rules[16].destination_ports = netlink::Range{80, 80};
    rules[17].realms = 3U << 16 | 4;
    rules[18].tos = 0x10, rules[18].protocol = 55;
    rules[19] = {.family = core::Family::ipv6,
                 .from = prefix_of("2001:db8::", 32),
                 .preference = 100,
                 .table = 7,
                 .protocol = 18};
    std::vector<Change> adds;
    std::vector<Change> removes;
    std::vector<RuleWish> wishes;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        rules[i].preference += static_cast<std::uint32_t>(i);
        adds.emplace_back(AddRule{rules[i]});
        removes.emplace_back(RemoveRule{rules[i]});
        wishes.push_back({.value = rules[i]});
    }
    const Report added = kernel_->apply(adds);
    EXPECT_TRUE(added.all_done()) << added.refusals.at(0).error.text();
    const auto look = [&] {
        RulesInKernel found;
        auto dump = kernel_->dump_rules();
        EXPECT_TRUE(dump) << dump.error().text();
        for (const Rule& rule : *dump) found.emplace(name_of(rule), rule);
        return found;
    };
    for (const Change& each : plan_rules(wishes, look(), {}).additions) {
        ADD_FAILURE() << to_text(each);
    }
    EXPECT_EQ(tests::codes(kernel_->apply(adds)).size(), rules.size());  // EEXIST
    const Report removed = kernel_->apply(removes);
    EXPECT_TRUE(removed.all_done()) << removed.refusals.at(0).error.text();
    EXPECT_EQ(plan_rules(wishes, look(), {}).additions.size(), rules.size());
}

/// Two IPv6 routes of one key become one, which the kernel shows as the other program's.
TEST_F(PathKernel, TakesOursOutOfARouteThatItSharesWithAnotherProgram) {
    Route foreign = via("2001:db8:7::", 48, "2001:db8::98", left_);
    foreign.protocol = RTPROT_STATIC;
    const Route ours = via("2001:db8:7::", 48, "2001:db8::99", left_);
    const std::vector<Change> both = {AddRoute{foreign}, AddRoute{ours}};
    ASSERT_TRUE(kernel_->apply(both).all_done());
    EXPECT_TRUE(routes(core::Family::ipv6).empty());
    const std::vector<RouteWish> wishes = {
        {.name = name_of(ours), .value = ours, .wish = Wish::absent, .in_ledger = true}};
    const PathPlan plan = plan_routes(wishes, {}, {});
    ASSERT_EQ(plan.removals.size(), 1U);
    EXPECT_TRUE(kernel_->apply(plan.removals).all_done());
    const Report again = kernel_->apply(plan.removals);
    EXPECT_EQ(tests::codes(again).size(), 1U);  // ESRCH
    const RouteTable place{core::Family::ipv6, RT_TABLE_MAIN, RTPROT_STATIC};
    const auto left = kernel_->dump_routes({&place, 1}, [](const Route&) { return true; });
    ASSERT_TRUE(left && left->size() == 1);
    EXPECT_EQ(left->front().hops.size(), 1U);
    EXPECT_EQ(left->front().hops.at(0).gateway, address_of("2001:db8::98"));
}

TEST_F(PathKernel, TellsOnlyOfWhatIsFollowed) {
    const Route ours = via("10.0.0.0", 8, "192.0.2.254");
    Route other = via("10.1.0.0", 16, "192.0.2.254");
    const Rule rule{
        .from = prefix_of("10.0.0.0", 8), .preference = 100, .table = 7, .protocol = 18};
    const std::vector<Change> all = {AddRoute{ours},   AddRoute{other},    AddRule{rule},
                                     RemoveRule{rule}, RemoveRoute{other}, RemoveRoute{ours}};
    EXPECT_TRUE(kernel_->apply(all).all_done());
    deliver();
    EXPECT_TRUE(listener_.heard.empty());
    kernel_->follow_routes({.routes = {head_of(ours)}, .rules = true});
    EXPECT_TRUE(kernel_->apply(all).all_done());
    deliver();
    const std::vector<std::string> expected = {"+" + name_of(ours), "+" + name_of(rule),
                                               "-" + name_of(rule), "-" + name_of(ours)};
    EXPECT_EQ(listener_.heard, expected);
    kernel_->follow_routes({});
    EXPECT_TRUE(kernel_->apply(all).all_done());
    deliver();
    EXPECT_EQ(listener_.heard, expected);
}

TEST_F(PathKernel, DumpsOnlyWhatHasOurProtocol) {
    std::vector<Change> adds;
    for (std::uint32_t i = 0; i < 20000; ++i) {
        Route foreign = via("10.0.0.0", 32, "192.0.2.254", left_);
        foreign.destination.address = Address::v4(0x0b000000U + i);
        foreign.protocol = 186;  // BGP
        adds.emplace_back(AddRoute{foreign});
    }
    for (std::uint32_t i = 0; i < 500; ++i) {
        Route ours = via("10.0.0.0", 32, "192.0.2.254", left_);
        ours.destination.address = Address::v4(0x0c000000U + i);
        adds.emplace_back(AddRoute{ours});
    }
    kernel_->follow_routes({.routes = {head_of(std::get<AddRoute>(adds.back()).route)}});
    EXPECT_TRUE(kernel_->apply(adds).all_done());
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(routes().size(), 500U);
    RecordProperty("dump_500_of_20500_routes_us",
                   static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::steady_clock::now() - start)
                                        .count()));
    // Either they were all heard, or their loss was told.
    for (int turn = 0; turn < 1000 && listener_.heard.empty() && listener_.lost == 0; ++turn) {
        deliver();
    }
    EXPECT_TRUE(listener_.heard.size() == 1 || listener_.lost > 0);
}

/// Random requests from small sets, so that they often meet.
class RandomPaths {
  public:
    RandomPaths(std::uint32_t seed, std::uint32_t interface)
        : random_(seed), interface_(interface) {}

    Change next() {
        switch (below(6)) {
            case 0:
                return AddRule{rule()};
            case 1:
                return RemoveRule{rule()};
            case 2:
            case 3:
                return RemoveRoute{route()};
            default: {
                constexpr RoutePlacement kPlaces[] = {
                    RoutePlacement::before, RoutePlacement::behind, RoutePlacement::alone};
                return AddRoute{route(), kPlaces[below(3)]};
            }
        }
    }

  private:
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool one_in(std::uint32_t many) { return below(many) == 0; }

    Route route() {
        const bool v4 = !one_in(3);
        Route route{.family = v4 ? core::Family::ipv4 : core::Family::ipv6, .protocol = 18};
        route.destination = v4 ? prefix_of(one_in(2) ? "10.0.0.0" : "10.1.0.0", 16)
                               : prefix_of(one_in(2) ? "2001:db8:1::" : "2001:db8:2::", 48);
        if (!v4) route.source.address = Address::from(in6_addr{});
        route.metric = 1 + below(2);
        if (v4 && one_in(6)) {
            route.type = RTN_BLACKHOLE;
            return route;
        }
        NextHop hop{.interface_index = one_in(2) || !v4 ? interface_ : 0U};
        // One gateway for IPv6: several with one key become one route, which ours never do.
        constexpr const char* kGateways[] = {"192.0.2.254", "192.0.2.253", "203.0.113.1",
                                             "192.0.2.1"};
        hop.gateway = v4 ? address_of(kGateways[below(4)])
                         : address_of(one_in(4) ? "2001:db8:ffff::1" : "2001:db8::99");
        if (one_in(20)) hop.interface_index = 9999;
        route.hops.push_back(hop);
        if (v4 && one_in(5)) route.preferred_source = address_of("192.0.2.1");
        if (v4 && one_in(15)) route.preferred_source = address_of("192.0.2.77");
        return route;
    }
    Rule rule() {
        Rule rule{.from = prefix_of("10.0.0.0", one_in(2) ? 8 : 16),
                  .preference = 100 + below(2),
                  .table = 7,
                  .protocol = 18};
        if (one_in(4)) rule.input_interface = "absent0";
        if (one_in(4)) {
            rule.action = FR_ACT_GOTO;
            rule.table = 0;
            rule.goto_preference = 99 + below(3);
        }
        return rule;
    }

    std::mt19937 random_;
    std::uint32_t interface_;
};

std::vector<std::string> sorted_names(const std::vector<Route>& routes) {
    std::vector<std::string> names;
    for (const Route& route : routes) names.push_back(name_of(route));
    std::sort(names.begin(), names.end());
    return names;
}

TEST_F(PathKernel, AnswersAsTheOneInMemory) {
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        tests::FakeKernel fake;
        std::uint32_t index = 0;
        while (index != left_) index = fake.add_interface(index + 1 == left_ ? name_ : "other");
        for (std::uint32_t other = 1; other < left_; ++other) fake.remove_interface(other);
        std::vector<Change> addresses;
        for (const auto& [text, length] : {std::pair("192.0.2.1", 24), {"2001:db8::1", 64}}) {
            addresses.emplace_back(AddAddress{{.interface_index = left_,
                                               .address = address_of(text),
                                               .prefix_length = static_cast<std::uint8_t>(length),
                                               .flags = IFA_F_NODAD}});
        }
        static_cast<void>(fake.apply(addresses));
        RandomPaths random(seed, left_);
        for (int i = 0; i < 120; ++i) {
            const Change change = random.next();
            const Report real = kernel_->apply({&change, 1});
            ASSERT_EQ(tests::codes(real), tests::codes(fake.apply({&change, 1})))
                << "seed " << seed << " step " << i << ": " << to_text(change)
                << (real.refusals.empty() ? "" : " " + real.refusals[0].error.text());
            std::vector<Route> both = routes(core::Family::ipv4);
            for (Route& route : routes(core::Family::ipv6)) both.push_back(std::move(route));
            ASSERT_EQ(sorted_names(both), sorted_names(fake.paths().routes()))
                << "seed " << seed << " step " << i << ": " << to_text(change);
        }
        std::vector<Change> clean;
        for (const Route& route : routes(core::Family::ipv4))
            clean.emplace_back(RemoveRoute{route});
        for (const Route& route : routes(core::Family::ipv6))
            clean.emplace_back(RemoveRoute{route});
        for (const Rule& rule : fake.paths().rules()) clean.emplace_back(RemoveRule{rule});
        ASSERT_TRUE(kernel_->apply(clean).all_done());
    }
}

}  // namespace
}  // namespace holdfast::ipvsd
