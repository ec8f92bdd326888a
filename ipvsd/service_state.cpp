#include "ipvsd/service_state.hpp"

#include <algorithm>

namespace holdfast::ipvsd {
namespace {

bool is_alive(const ServerRules& server, const ServiceState& state) {
    return std::ranges::all_of(server.checks, [&](const CheckRules& check) {
        const auto known = state.checks.find(check.id);
        return known == state.checks.end() ? !check.alpha : known->second;
    });
}

bool quorum_after(const ServiceRules& rules, const ServiceState& state, bool was_met) {
    const QuorumLimits limits = quorum_limits(rules);
    const std::uint64_t weight = alive_weight(rules, state);
    if (weight == 0) return false;
    return was_met ? weight >= limits.lost_below : weight >= limits.gained_at;
}

/// Derives servers and quorum from `next.checks` and tells what differs from `before`.
ServiceStep derive(const ServiceRules& rules, const ServiceState& before, ServiceState next) {
    ServiceStep step;
    next.servers.clear();
    for (const ServerRules& server : rules.servers) {
        const bool alive = is_alive(server, next);
        next.servers[server.id] = alive;
        const auto known = before.servers.find(server.id);
        if (known != before.servers.end() && known->second != alive) {
            step.servers.push_back({server.id, alive});
        }
    }
    next.quorum_met = quorum_after(rules, next, before.quorum_met);
    if (next.quorum_met != before.quorum_met) step.quorum = next.quorum_met;
    step.state = std::move(next);
    return step;
}

/// Adds `destination`, or puts it in the place of the one with the same endpoint.
void put(std::vector<Destination>& list, const Destination& destination) {
    const auto same = std::ranges::find(list, destination.endpoint, &Destination::endpoint);
    if (same == list.end()) {
        list.push_back(destination);
    } else {
        *same = destination;
    }
}

bool has(const std::vector<Destination>& list, const core::Endpoint& endpoint) {
    return std::ranges::find(list, endpoint, &Destination::endpoint) != list.end();
}

Destination with_weight(Destination destination, std::uint32_t weight) {
    destination.weight = weight;
    return destination;
}

}  // namespace

QuorumLimits quorum_limits(const ServiceRules& rules) {
    std::uint64_t total = 0;
    for (const ServerRules& server : rules.servers) total += server.destination.weight;
    const std::uint64_t quorum = std::min<std::uint64_t>(rules.quorum, total);
    const std::uint64_t hysteresis =
        quorum == 0 ? 0 : std::min<std::uint64_t>(rules.hysteresis, quorum - 1);
    return {.gained_at = std::min(quorum + hysteresis, total), .lost_below = quorum - hysteresis};
}

ServiceState start_state(const ServiceRules& rules) {
    ServiceState state;
    for (const ServerRules& server : rules.servers) {
        for (const CheckRules& check : server.checks) state.checks[check.id] = !check.alpha;
    }
    for (const ServerRules& server : rules.servers) {
        state.servers[server.id] = is_alive(server, state);
    }
    state.quorum_met = quorum_after(rules, state, !rules.alpha);
    return state;
}

ServiceStep on_verdict(const ServiceRules& rules, const ServiceState& state, core::ObjectId check,
                       bool up) {
    ServiceState next = state;
    const auto known = next.checks.find(check);
    if (known == next.checks.end() || known->second == up) return {state, {}, {}};
    known->second = up;
    return derive(rules, state, std::move(next));
}

ServiceStep on_new_rules(const ServiceRules& rules, const ServiceState& state) {
    ServiceState next;
    next.quorum_met = state.quorum_met;
    for (const ServerRules& server : rules.servers) {
        for (const CheckRules& check : server.checks) {
            const auto known = state.checks.find(check.id);
            next.checks[check.id] = known == state.checks.end() ? !check.alpha : known->second;
        }
    }
    return derive(rules, state, std::move(next));
}

std::vector<Destination> wished_destinations(const ServiceRules& rules, const ServiceState& state) {
    const bool sorry = !state.quorum_met && rules.sorry_server.has_value();
    std::vector<Destination> wished;
    for (const ServerRules& server : rules.servers) {
        const auto known = state.servers.find(server.id);
        const bool takes_traffic = !sorry && known != state.servers.end() && known->second;
        if (takes_traffic) {
            put(wished, server.destination);
        } else if (server.inhibit_on_failure && !has(wished, server.destination.endpoint)) {
            wished.push_back(with_weight(server.destination, 0));
        }
    }
    if (!rules.sorry_server) return wished;
    const Destination& last_resort = rules.sorry_server->destination;
    if (sorry) {
        put(wished, last_resort);
    } else if (rules.sorry_server_inhibit && !has(wished, last_resort.endpoint)) {
        wished.push_back(with_weight(last_resort, 0));
    }
    return wished;
}

std::uint64_t alive_weight(const ServiceRules& rules, const ServiceState& state) {
    std::uint64_t weight = 0;
    for (const ServerRules& server : rules.servers) {
        const auto known = state.servers.find(server.id);
        if (known != state.servers.end() && known->second) weight += server.destination.weight;
    }
    return weight;
}

}  // namespace holdfast::ipvsd
