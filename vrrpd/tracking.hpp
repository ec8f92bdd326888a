#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vrrpd/router.hpp"

/// What is watched (interfaces, scripts) turned into a priority and into causes of Fault. The
/// priority is computed anew from the votes as they stand, never counted up or down. Pure.
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

/// One thing that a router watches, with its present condition.
struct Tracker {
    enum class Kind : std::uint8_t { own_interface, interface, script };
    Kind kind = Kind::interface;
    std::string name;
    /// w > 0 adds w while up, w < 0 adds w while down; 0: down is a fault.
    int weight = 0;
    bool reverse = false;  // the vote's sign, or with weight 0 the fault's condition, turned round
    Condition condition = Condition::unknown;
    /// Only with weight 0: nothing starts before the first result. False for a script that a reload
    /// added to a running router.
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
