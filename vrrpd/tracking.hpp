#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vrrpd/router.hpp"

/// What is watched (interfaces, scripts, files, processes, services) turned into a priority and
/// into causes of Fault. The priority is computed anew from the votes as they stand, never counted
/// up or down. Pure.
namespace holdfast::vrrp {

enum class Condition : std::uint8_t {
    unknown,  // no result yet: no vote
    up,
    down,
};

/// One script's running judgement.
struct ScriptRules {
    unsigned rise = 1;  // consecutive successes that turn down into up
    unsigned fall = 1;  // consecutive failures that turn up into down
    friend bool operator==(const ScriptRules&, const ScriptRules&) = default;
};
struct ScriptHealth {
    Condition condition = Condition::unknown;
    unsigned against = 0;  // consecutive results that contradict `condition`
    friend bool operator==(const ScriptHealth&, const ScriptHealth&) = default;
};
/// The very first result decides alone.
[[nodiscard]] ScriptHealth after(const ScriptRules& rules, ScriptHealth health, bool succeeded);

/// How many processes are the right number, and how long a change must last to be believed.
struct ProcessRules {
    std::uint64_t quorum = 1;
    std::uint64_t quorum_max = std::numeric_limits<std::uint64_t>::max();
    core::Interval fork_delay{0};       // of a change that more processes brought
    core::Interval terminate_delay{0};  // of one that fewer brought
    friend bool operator==(const ProcessRules&, const ProcessRules&) = default;
};
struct ProcessHealth {
    Condition condition = Condition::unknown;
    std::uint64_t count = 0;
    std::optional<core::Instant> turns_at{};  // the other condition holds from then on
    friend bool operator==(const ProcessHealth&, const ProcessHealth&) = default;
};
/// The very first count decides at once.
[[nodiscard]] ProcessHealth counted(const ProcessRules& rules, ProcessHealth health,
                                    std::uint64_t count, core::Instant now);
/// Changed rules for the same count: nothing is waited for.
[[nodiscard]] ProcessHealth counted_anew(const ProcessRules& rules, const ProcessHealth& health);
/// What time brings: the condition that was waited for.
[[nodiscard]] ProcessHealth passed(ProcessHealth health, core::Instant now);

/// One thing that a router watches, with its present condition.
struct Tracker {
    enum class Kind : std::uint8_t { own_interface, interface, script, file, process, service };
    Kind kind = Kind::interface;
    std::string name;
    /// w > 0 adds w while up, w < 0 adds w while down; 0: down is a fault. Of a file: its number
    /// times w is added always, and -254 or less is a fault; 0: any number but 0 is a fault.
    int weight = 0;
    bool reverse = false;  // the vote's sign, or with weight 0 the fault's condition, turned round
    Condition condition = Condition::unknown;
    std::int64_t number = 0;  // in a file whose condition is `up`
    /// Nothing starts before the first result (of a script or interface: only with weight 0). False
    /// for what a reload added to a running router.
    bool awaited = true;
    /// Sync groups look at the weights of their members' trackers only if asked to.
    bool weight_counts = true;
};

/// What it adds to the priority at present.
[[nodiscard]] int vote(const Tracker& tracker);
/// "script chk is down: -20"; a fault is named where there is no weight.
[[nodiscard]] std::string to_text(const Tracker& tracker);

struct Standing {
    std::uint8_t priority = 100;
    std::vector<Cause> causes{};
    friend bool operator==(const Standing&, const Standing&) = default;
};

/// clamp(base + sum of the votes, 1, 254); an owner's 255 never changes.
[[nodiscard]] Standing judge(std::uint8_t base_priority, std::span<const Tracker> trackers);

}  // namespace holdfast::vrrp
