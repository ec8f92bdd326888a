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
        case Tracker::Kind::file:
            return "file";
        case Tracker::Kind::process:
            return "process";
        case Tracker::Kind::service:
            return "virtual server";
        case Tracker::Kind::script:
            break;
    }
    return "script";
}

std::string condition_text(const Tracker& tracker) {
    if (tracker.condition == Condition::unknown) return "has no result yet";
    if (tracker.kind == Tracker::Kind::file) return fmt::format("says {}", tracker.number);
    return tracker.condition == Condition::up ? "is up" : "is down";
}

/// As keepalived bounds what one file can do; the lower end means Fault.
constexpr std::int64_t kFileFault = -254;
constexpr std::int64_t kMostOfFile = 253;

/// Numbers come from files of 127 octets at most, cut to what 32 bits hold.
int file_vote(const Tracker& tracker) {
    constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
    const std::int64_t number = std::clamp(tracker.number, -kLargest, kLargest);
    const std::int64_t product = number * tracker.weight * (tracker.reverse ? -1 : 1);
    return static_cast<int>(std::clamp(product, kFileFault, kMostOfFile));
}

bool is_fault(const Tracker& file) {
    if (file.weight == 0) return (file.number != 0) != file.reverse;
    return file.weight_counts && file_vote(file) <= kFileFault;
}

Cause::Kind cause_of(Tracker::Kind kind) {
    switch (kind) {
        case Tracker::Kind::own_interface:
            return Cause::Kind::interface_down;
        case Tracker::Kind::interface:
            return Cause::Kind::tracked_interface;
        case Tracker::Kind::file:
            return Cause::Kind::file;
        case Tracker::Kind::process:
            return Cause::Kind::process;
        case Tracker::Kind::service:
            return Cause::Kind::service;
        case Tracker::Kind::script:
            break;
    }
    return Cause::Kind::script;
}

/// Of something that nothing was heard of yet.
void add_wait(const Tracker& tracker, std::vector<Cause>& causes) {
    if (!tracker.awaited) return;
    switch (tracker.kind) {
        case Tracker::Kind::own_interface:
        case Tracker::Kind::interface:
            return;
        case Tracker::Kind::script:
            if (tracker.weight == 0) causes.push_back({Cause::Kind::script_not_run, tracker.name});
            return;
        case Tracker::Kind::file:
        case Tracker::Kind::process:
        case Tracker::Kind::service:
            causes.push_back({Cause::Kind::value_unknown, tracker.name});
    }
}

void add_cause(const Tracker& tracker, std::vector<Cause>& causes) {
    if (tracker.condition == Condition::unknown) return add_wait(tracker, causes);
    if (tracker.kind == Tracker::Kind::file) {
        if (is_fault(tracker)) causes.push_back({Cause::Kind::file, tracker.name});
        return;
    }
    if (tracker.weight != 0) return;
    const Condition bad = tracker.reverse ? Condition::up : Condition::down;
    if (tracker.condition == bad) causes.push_back({cause_of(tracker.kind), tracker.name});
}

}  // namespace

int vote(const Tracker& tracker) {
    if (!tracker.weight_counts) return 0;
    if (tracker.kind == Tracker::Kind::file)
        return tracker.condition == Condition::unknown ? 0 : file_vote(tracker);
    const Condition counts = tracker.weight > 0 ? Condition::up : Condition::down;
    if (tracker.condition != counts) return 0;
    return tracker.reverse ? -tracker.weight : tracker.weight;
}

std::string to_text(const Tracker& tracker) {
    const std::string what =
        fmt::format("{} {} {}", kind_text(tracker.kind), tracker.name, condition_text(tracker));
    std::vector<Cause> causes;
    add_cause(tracker, causes);
    const bool fault = !causes.empty() && !only_waits(causes.front());
    if (fault) return what + ": fault";
    if (tracker.weight == 0) return what + ": no vote";
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

ProcessHealth counted(const ProcessRules& rules, ProcessHealth health, std::uint64_t count,
                      core::Instant now) {
    const bool more = count > health.count;
    const bool right = count >= rules.quorum && count <= rules.quorum_max;
    const Condition condition = right ? Condition::up : Condition::down;
    health.count = count;
    if (health.condition == condition || health.condition == Condition::unknown) {
        health.condition = condition;
        health.turns_at.reset();
    } else if (!health.turns_at) {
        health.turns_at = now + (more ? rules.fork_delay : rules.terminate_delay);
    }
    return passed(health, now);
}

ProcessHealth counted_anew(const ProcessRules& rules, const ProcessHealth& health) {
    if (health.condition == Condition::unknown) return health;
    return counted(rules, {}, health.count, {});
}

ProcessHealth passed(ProcessHealth health, core::Instant now) {
    if (!health.turns_at || now < *health.turns_at) return health;
    health.condition = health.condition == Condition::up ? Condition::down : Condition::up;
    health.turns_at.reset();
    return health;
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
