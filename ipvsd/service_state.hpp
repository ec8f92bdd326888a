#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ipvsd/service.hpp"
#include "lib/core/ids.hpp"

/// What the verdicts of checks mean for one virtual service, as keepalived decides it: which
/// servers are alive, whether the quorum is met, and which destinations the kernel should therefore
/// have. Pure: values in, values out.
namespace holdfast::ipvsd {

/// One check as the configuration has it. An alpha check counts as failed until its first verdict.
struct CheckRules {
    core::ObjectId id;
    bool alpha = false;
    friend bool operator==(const CheckRules&, const CheckRules&) = default;
};

/// One real server as the configuration has it. `destination.weight` is the configured weight.
struct ServerRules {
    core::ObjectId id;
    Destination destination;
    bool inhibit_on_failure = false;  // when down: weight 0 instead of removal
    std::vector<CheckRules> checks;   // none: always up
    friend bool operator==(const ServerRules&, const ServerRules&) = default;
};

/// What one virtual service needs to decide.
struct ServiceRules {
    std::uint32_t quorum = 1;
    std::uint32_t hysteresis = 0;
    bool alpha = false;  // the quorum counts as lost until it is gained
    bool omega = false;  // an ordered end counts as a failure: its notifications are sent
    std::optional<ServerRules> sorry_server;
    bool sorry_server_inhibit = false;  // while the quorum is met: weight 0 instead of absence
    std::vector<ServerRules> servers;
    friend bool operator==(const ServiceRules&, const ServiceRules&) = default;
};

/// What is known about one service now.
struct ServiceState {
    std::map<core::ObjectId, bool> checks;   // by check: up
    std::map<core::ObjectId, bool> servers;  // by server: alive
    bool quorum_met = false;
    friend bool operator==(const ServiceState&, const ServiceState&) = default;
};

/// A server that became alive or not.
struct ServerChange {
    core::ObjectId server;
    bool alive = false;
    friend bool operator==(const ServerChange&, const ServerChange&) = default;
};

/// The state after an event, and what is to be told about it.
struct ServiceStep {
    ServiceState state;
    std::vector<ServerChange> servers;
    std::optional<bool> quorum;  // gained (true) or lost, if it changed
};

/// The weights at which the quorum changes hands. Gained at `gained_at` or more, lost at 0 or below
/// `lost_below`. A quorum above the sum of all weights is lowered to it, a hysteresis not below the
/// quorum to one less; gaining never asks for more than all servers have.
struct QuorumLimits {
    std::uint64_t gained_at = 1;
    std::uint64_t lost_below = 1;
};
[[nodiscard]] QuorumLimits quorum_limits(const ServiceRules& rules);

/// Before any verdict: checks are up unless alpha.
[[nodiscard]] ServiceState start_state(const ServiceRules& rules);

/// A verdict. One about a check that the rules do not have changes nothing.
[[nodiscard]] ServiceStep on_verdict(const ServiceRules& rules, const ServiceState& state,
                                     core::ObjectId check, bool up);

/// New rules after a reload: checks that were there keep their verdict, new ones begin as at the
/// start. A server that was not there before is not told as changed.
[[nodiscard]] ServiceStep on_new_rules(const ServiceRules& rules, const ServiceState& state);

/// The destinations that the kernel should have, with their weights, in the order of the
/// configuration, the sorry server last. An endpoint comes once; where the sorry server is one of
/// the real servers it takes that one's place while it is in use.
[[nodiscard]] std::vector<Destination> wished_destinations(const ServiceRules& rules,
                                                           const ServiceState& state);

/// Sum of the weights of the alive servers.
[[nodiscard]] std::uint64_t alive_weight(const ServiceRules& rules, const ServiceState& state);

}  // namespace holdfast::ipvsd
