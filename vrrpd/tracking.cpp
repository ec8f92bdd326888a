#include "vrrpd/tracking.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace holdfast::vrrp {

namespace {

std::string_view kind_text(Tracker::Kind kind) {
    switch (kind) {
        case Tracker::Kind::own_interface:
        case Tracker::Kind::interface:
            return "interface";
        case Tracker::Kind::script:
            break;
    }
    return "script";
}

std::string_view condition_text(Condition condition) {
    switch (condition) {
        case Condition::up:
            return "is up";
        case Condition::down:
            return "is down";
        case Condition::unknown:
            break;
    }
    return "has no result yet";
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

int vote(const Tracker& tracker) {
    if (!tracker.weight_counts) return 0;
    const Condition counts = tracker.weight > 0 ? Condition::up : Condition::down;
    if (tracker.condition != counts) return 0;
    return tracker.reverse ? -tracker.weight : tracker.weight;
}

std::string to_text(const Tracker& tracker) {
    const std::string what = fmt::format("{} {} {}", kind_text(tracker.kind), tracker.name,
                                         condition_text(tracker.condition));
    if (tracker.weight == 0) {
        std::vector<Cause> causes;
        add_cause(tracker, causes);
        return what + (causes.empty() ? ": no vote" : ": fault");
    }
    if (!tracker.weight_counts) return what + ": not counted in a sync group";
    return fmt::format("{}: {:+}", what, vote(tracker));
}

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
