#include "vrrpd/tracking.hpp"

#include <algorithm>

namespace holdfast::vrrp {

namespace {

int vote(const Tracker& tracker) {
    if (!tracker.weight_counts) return 0;
    const Condition counts = tracker.weight > 0 ? Condition::up : Condition::down;
    if (tracker.condition != counts) return 0;
    return tracker.reverse ? -tracker.weight : tracker.weight;
}

Cause::Kind cause_of(Tracker::Kind kind) {
    switch (kind) {
        case Tracker::Kind::own_interface:
            return Cause::Kind::interface_down;
        case Tracker::Kind::interface:
            return Cause::Kind::tracked_interface;
        case Tracker::Kind::script:
            break;
    }
    return Cause::Kind::script;
}

void add_cause(const Tracker& tracker, std::vector<Cause>& causes) {
    if (tracker.weight != 0) return;
    if (tracker.condition == Condition::unknown) {
        if (tracker.awaited && tracker.kind == Tracker::Kind::script)
            causes.push_back({Cause::Kind::script_not_run, tracker.name});
        return;
    }
    const Condition bad = tracker.reverse ? Condition::up : Condition::down;
    if (tracker.condition == bad) causes.push_back({cause_of(tracker.kind), tracker.name});
}

}  // namespace

ScriptHealth after(const ScriptRules& rules, ScriptHealth health, bool succeeded) {
    const Condition result = succeeded ? Condition::up : Condition::down;
    if (health.condition == Condition::unknown || health.condition == result)
        return {health.condition == Condition::unknown ? result : health.condition, 0};
    const unsigned needed = std::max(1U, succeeded ? rules.rise : rules.fall);
    if (health.against + 1 >= needed) return {result, 0};
    return {health.condition, health.against + 1};
}

Standing judge(std::uint8_t base_priority, std::span<const Tracker> trackers) {
    Standing standing{.priority = base_priority};
    int sum = base_priority;
    for (const Tracker& tracker : trackers) {
        sum += vote(tracker);
        add_cause(tracker, standing.causes);
    }
    if (base_priority != kOwnerPriority)
        standing.priority = static_cast<std::uint8_t>(std::clamp(sum, 1, kOwnerPriority - 1));
    // The same thing may be watched twice; each cause stands once, in a fixed order.
    std::ranges::sort(standing.causes);
    standing.causes.erase(std::unique(standing.causes.begin(), standing.causes.end()),
                          standing.causes.end());
    return standing;
}

}  // namespace holdfast::vrrp
