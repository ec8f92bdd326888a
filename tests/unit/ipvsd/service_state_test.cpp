#include "ipvsd/service_state.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace holdfast::ipvsd {
namespace {

std::uint32_t below(std::mt19937& random, unsigned limit) {
    return static_cast<std::uint32_t>(random() % limit);
}

using core::ObjectId;

Destination at(unsigned host, std::uint32_t weight = 1) {
    return {.endpoint = {core::Address::v4(0x0a000000 + host), 80}, .weight = weight};
}

/// Server N has the id N, the address 10.0.0.N and, if asked, the check 100 + N.
ServerRules server(unsigned n, std::uint32_t weight = 1, bool checked = true) {
    ServerRules rules{.id = ObjectId{n}, .destination = at(n, weight)};
    if (checked) rules.checks = {{.id = ObjectId{100 + n}}};
    return rules;
}

std::vector<unsigned> hosts_of(const std::vector<Destination>& destinations) {
    std::vector<unsigned> hosts;
    for (const Destination& each : destinations) {
        hosts.push_back(std::to_integer<unsigned>(each.endpoint.address.bytes()[3]));
    }
    return hosts;
}

std::vector<std::uint32_t> weights_of(const std::vector<Destination>& destinations) {
    std::vector<std::uint32_t> weights;
    for (const Destination& each : destinations) weights.push_back(each.weight);
    return weights;
}

ServiceStep down(const ServiceRules& rules, const ServiceState& state, unsigned n) {
    return on_verdict(rules, state, ObjectId{100 + n}, false);
}
ServiceStep up(const ServiceRules& rules, const ServiceState& state, unsigned n) {
    return on_verdict(rules, state, ObjectId{100 + n}, true);
}

TEST(ServiceStart, CountsChecksAsUp) {
    const ServiceRules rules{.servers = {server(1), server(2, 3), server(3, 1, false)}};
    const ServiceState state = start_state(rules);
    EXPECT_TRUE(state.quorum_met);
    EXPECT_EQ(hosts_of(wished_destinations(rules, state)), (std::vector<unsigned>{1, 2, 3}));
    EXPECT_EQ(weights_of(wished_destinations(rules, state)), (std::vector<std::uint32_t>{1, 3, 1}));
}

TEST(ServiceStart, CountsAlphaChecksAsDownAndTheQuorumAsLost) {
    ServiceRules rules{.alpha = true, .servers = {server(1), server(2)}};
    for (ServerRules& each : rules.servers) each.checks.front().alpha = true;
    const ServiceState state = start_state(rules);
    EXPECT_FALSE(state.quorum_met);
    EXPECT_TRUE(wished_destinations(rules, state).empty());
    const ServiceStep step = up(rules, state, 2);
    EXPECT_EQ(step.servers, (std::vector<ServerChange>{{ObjectId{2}, true}}));
    EXPECT_EQ(step.quorum, true);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{2}));
}

TEST(Server, IsUpWhileNoneOfItsChecksIsDown) {
    ServiceRules rules{.servers = {server(1), server(2)}};
    rules.servers[0].checks.push_back({.id = ObjectId{201}});
    ServiceStep step = on_verdict(rules, start_state(rules), ObjectId{201}, false);
    EXPECT_EQ(step.servers, (std::vector<ServerChange>{{ObjectId{1}, false}}));
    step = down(rules, step.state, 1);
    EXPECT_TRUE(step.servers.empty());
    step = on_verdict(rules, step.state, ObjectId{201}, true);
    EXPECT_TRUE(step.servers.empty());
    step = up(rules, step.state, 1);
    EXPECT_EQ(step.servers, (std::vector<ServerChange>{{ObjectId{1}, true}}));
}

TEST(Server, StaysWithWeightZeroWhenInhibited) {
    ServiceRules rules{.servers = {server(1, 5), server(2, 5)}};
    rules.servers[0].inhibit_on_failure = true;
    const ServiceStep step = down(rules, start_state(rules), 1);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{1, 2}));
    EXPECT_EQ(weights_of(wished_destinations(rules, step.state)),
              (std::vector<std::uint32_t>{0, 5}));
}

TEST(Verdict, OfAnUnknownCheckOrOneThatRepeatsItselfChangesNothing) {
    const ServiceRules rules{.servers = {server(1)}};
    const ServiceState state = start_state(rules);
    EXPECT_EQ(on_verdict(rules, state, ObjectId{999}, false).state, state);
    const ServiceStep again = up(rules, state, 1);
    EXPECT_EQ(again.state, state);
    EXPECT_TRUE(again.servers.empty());
    EXPECT_FALSE(again.quorum.has_value());
}

struct QuorumCase {
    std::string name;
    std::uint32_t quorum;
    std::uint32_t hysteresis;
    std::vector<std::uint32_t> weights;
    QuorumLimits limits;
};

TEST(Quorum, LimitsAreKeepalivedsAndCanBeReached) {
    const std::vector<QuorumCase> cases{
        {"default", 1, 0, {1, 1}, {1, 1}},
        {"with hysteresis", 3, 1, {1, 1, 1, 1}, {4, 2}},
        {"above the sum is lowered to it", 9, 0, {1, 2}, {3, 3}},
        {"hysteresis not below the quorum is quorum - 1", 2, 2, {1, 1, 1}, {3, 1}},
        {"gaining asks for no more than there is", 3, 2, {1, 1, 1}, {3, 1}},
        {"no weight at all does not underflow", 1, 1, {0, 0}, {0, 0}},
        {"large weights do not wrap around",
         4000000000,
         0,
         {2147483647, 2147483647},
         {4000000000, 4000000000}},
    };
    for (const QuorumCase& each : cases) {
        ServiceRules rules{.quorum = each.quorum, .hysteresis = each.hysteresis};
        for (const std::uint32_t weight : each.weights) rules.servers.push_back(server(1, weight));
        const QuorumLimits limits = quorum_limits(rules);
        EXPECT_EQ(limits.gained_at, each.limits.gained_at) << each.name;
        EXPECT_EQ(limits.lost_below, each.limits.lost_below) << each.name;
    }
}

TEST(Quorum, IsLostBelowItLessHysteresisAndGainedAtItPlusHysteresis) {
    const ServiceRules rules{
        .quorum = 3, .hysteresis = 1, .servers = {server(1), server(2), server(3), server(4)}};
    ServiceStep step = down(rules, start_state(rules), 1);
    EXPECT_FALSE(step.quorum.has_value());  // 3
    step = down(rules, step.state, 2);
    EXPECT_FALSE(step.quorum.has_value());  // 2 = 3 - 1
    step = down(rules, step.state, 3);
    EXPECT_EQ(step.quorum, false);  // 1
    step = up(rules, step.state, 3);
    step = up(rules, step.state, 2);
    EXPECT_FALSE(step.quorum.has_value());  // 3
    step = up(rules, step.state, 1);
    EXPECT_EQ(step.quorum, true);  // 4 = 3 + 1
}

TEST(Quorum, OfAServiceWithoutWeightIsLost) {
    const ServiceRules rules{.servers = {server(1, 0)}};
    EXPECT_FALSE(start_state(rules).quorum_met);
    EXPECT_FALSE(start_state(ServiceRules{}).quorum_met);
}

TEST(Quorum, LostWithoutSorryServerKeepsTheServersThatAreAlive) {
    const ServiceRules rules{.quorum = 2, .servers = {server(1), server(2)}};
    const ServiceStep step = down(rules, start_state(rules), 1);
    EXPECT_EQ(step.quorum, false);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{2}));
}

TEST(SorryServer, TakesThePlaceOfAllServersWhileTheQuorumIsLost) {
    ServiceRules rules{.quorum = 2, .servers = {server(1), server(2)}};
    rules.sorry_server = server(9, 1, false);
    ServiceStep step = down(rules, start_state(rules), 1);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{9}));
    step = up(rules, step.state, 1);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{1, 2}));
}

TEST(SorryServer, LeavesInhibitedServersWithWeightZero) {
    ServiceRules rules{.quorum = 2, .servers = {server(1), server(2)}};
    rules.servers[1].inhibit_on_failure = true;
    rules.sorry_server = server(9, 1, false);
    const ServiceStep step = down(rules, start_state(rules), 1);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{2, 9}));
    EXPECT_EQ(weights_of(wished_destinations(rules, step.state)),
              (std::vector<std::uint32_t>{0, 1}));
}

TEST(SorryServer, WaitsWithWeightZeroWhenInhibited) {
    ServiceRules rules{.sorry_server_inhibit = true, .servers = {server(1)}};
    rules.sorry_server = server(9, 4, false);
    const ServiceState state = start_state(rules);
    EXPECT_EQ(weights_of(wished_destinations(rules, state)), (std::vector<std::uint32_t>{1, 0}));
    const ServiceStep step = down(rules, state, 1);
    EXPECT_EQ(weights_of(wished_destinations(rules, step.state)), (std::vector<std::uint32_t>{4}));
}

TEST(SorryServer, ThatIsARealServerIsOneDestination) {
    ServiceRules rules{.servers = {server(1, 7), server(2, 7)}};
    rules.servers[1].inhibit_on_failure = true;
    rules.sorry_server = server(2, 1, false);
    ServiceStep step = down(rules, start_state(rules), 1);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{2}));
    step = down(rules, step.state, 2);
    EXPECT_EQ(hosts_of(wished_destinations(rules, step.state)), (std::vector<unsigned>{2}));
    EXPECT_EQ(weights_of(wished_destinations(rules, step.state)), (std::vector<std::uint32_t>{1}));
}

TEST(NewRules, KeepsVerdictsAndBeginsNewChecksAsAtTheStart) {
    const ServiceRules before{.servers = {server(1), server(2)}};
    const ServiceStep failed = down(before, start_state(before), 1);
    const ServiceRules after{.servers = {server(1, 9), server(3)}};
    const ServiceStep step = on_new_rules(after, failed.state);
    EXPECT_TRUE(step.servers.empty());
    EXPECT_EQ(hosts_of(wished_destinations(after, step.state)), (std::vector<unsigned>{3}));
    EXPECT_FALSE(step.state.checks.contains(ObjectId{102}));
}

TEST(NewRules, ThatChangesNothingChangesNothing) {
    const ServiceRules rules{.quorum = 2, .servers = {server(1), server(2)}};
    const ServiceStep failed = down(rules, start_state(rules), 1);
    EXPECT_EQ(on_new_rules(rules, failed.state).state, failed.state);
}

TEST(NewRules, ThatRemovesServersMayLoseTheQuorum) {
    const ServiceRules before{.servers = {server(1), server(2)}};
    const ServiceStep failed = down(before, start_state(before), 1);
    const ServiceStep step = on_new_rules(ServiceRules{.servers = {server(1)}}, failed.state);
    EXPECT_EQ(step.quorum, false);
}

/// Whatever the verdicts: quorum and destinations follow from the present state and the last
/// quorum, and never from the path.
TEST(Verdicts, InAnyOrderKeepTheInvariants) {
    std::mt19937 random(7);
    for (int round = 0; round < 500; ++round) {
        ServiceRules rules{.quorum = 1 + below(random, 6), .hysteresis = below(random, 3)};
        const unsigned servers = 1 + below(random, 5);
        for (unsigned n = 1; n <= servers; ++n) {
            rules.servers.push_back(server(n, below(random, 4), below(random, 4) != 0));
            rules.servers.back().inhibit_on_failure = below(random, 3) == 0;
        }
        if (below(random, 2) == 0) rules.sorry_server = server(9, 1, false);
        ServiceState state = start_state(rules);
        for (int i = 0; i < 40; ++i) {
            const bool was_met = state.quorum_met;
            state = on_verdict(rules, state, ObjectId{101 + below(random, servers)},
                               below(random, 2) == 0)
                        .state;
            const std::uint64_t weight = alive_weight(rules, state);
            const QuorumLimits limits = quorum_limits(rules);
            if (state.quorum_met) {
                EXPECT_GT(weight, 0U);
                EXPECT_GE(weight, limits.lost_below);
            }
            if (!was_met && state.quorum_met) {
                EXPECT_GE(weight, limits.gained_at);
            }
            bool sorry = false;
            for (const unsigned host : hosts_of(wished_destinations(rules, state))) {
                sorry = sorry || host == 9;
            }
            EXPECT_EQ(sorry, rules.sorry_server.has_value() && !state.quorum_met);
        }
    }
}

}  // namespace
}  // namespace holdfast::ipvsd
