#include "tests/sim/plan.hpp"

#include <algorithm>
#include <string>

namespace holdfast::sim {

namespace {

using core::Interval;
using namespace std::chrono_literals;
using Kind = Disturbance::Kind;

Interval down_interval(const Plan& plan) {
    vrrp::RouterParameters slowest;
    slowest.version = plan.version;
    return vrrp::active_down_interval(slowest, 1, plan.longest_interval);
}

Disturbance disturb(Random& random, const Plan& plan, Interval until) {
    Disturbance made;
    made.kind = static_cast<Kind>(random.below(static_cast<std::uint64_t>(Kind::stop) + 1));
    made.at = random.up_to(until);
    made.host = random.below(plan.hosts);
    made.segment = random.below(plan.segments);
    made.duration = random.up_to(plan.interval * (random.one_in(3) ? 8 : 2));
    made.mask = static_cast<unsigned>(random.below(1U << plan.hosts));
    made.amount = static_cast<int>(random.below(101));
    if (made.kind == Kind::interval) made.amount = random.one_in(2) ? 2 : 1;
    return made;
}

/// Scripts with a weight; one in four is a fault when it fails, one in four is turned round.
std::vector<vrrp::Tracker> random_trackers(Random& random) {
    std::vector<vrrp::Tracker> made(random.below(4));
    for (vrrp::Tracker& each : made) {
        each.kind = vrrp::Tracker::Kind::script;
        each.name = "chk" + std::to_string(&each - made.data());
        each.condition = vrrp::Condition::up;
        each.weight = static_cast<int>(random.below(507)) - 253;
        if (random.one_in(4)) each.weight = 0;
        // Without a weight, turned round means a fault while up: such a host never starts.
        each.reverse = each.weight != 0 && random.one_in(4);
    }
    return made;
}

/// A stable cluster in which vrrpd is killed again and again.
void plan_restarts(Random& random, Plan& plan) {
    plan.restarts_only = true;
    const Interval settled = down_interval(plan) * 3 + plan.start_up_hold;
    for (int i = 0; i < 10; ++i) {
        Disturbance made;
        made.kind = Kind::crash;
        made.at = settled + plan.interval * (3 * i) + random.up_to(plan.interval);
        made.host = random.below(plan.hosts);
        made.duration = random.up_to(plan.interval);
        plan.disturbances.push_back(made);
    }
    plan.quiet_from = settled + plan.interval * 33;
}

void plan_chaos(Random& random, Plan& plan) {
    const Interval chaos = plan.interval * 40;
    const std::uint64_t count = 3 + random.below(18);
    Interval last = chaos;
    for (std::uint64_t i = 0; i < count; ++i) {
        plan.disturbances.push_back(disturb(random, plan, chaos));
        const Disturbance& made = plan.disturbances.back();
        last = std::max(last, made.at + made.duration);
    }
    for (std::size_t segment = 0; segment < plan.segments; ++segment) {
        Disturbance heal;
        heal.kind = Kind::heal;
        heal.at = last;
        heal.segment = segment;
        plan.disturbances.push_back(heal);
    }
    plan.quiet_from = last;
}

}  // namespace

Plan plan_for(std::uint64_t seed) {
    Random random(seed);
    Plan plan;
    plan.seed = seed;
    const std::size_t sizes[] = {3, 3, 3, 2, 2, 5};
    plan.hosts = sizes[random.below(6)];
    plan.segments = random.one_in(3) ? 2 + random.below(2) : 1;
    plan.version = random.one_in(3) ? vrrp::Version::v2 : vrrp::Version::v3;
    const Interval intervals[] = {1s, 100ms, 50ms, 2s};
    plan.interval = plan.version == vrrp::Version::v2 ? Interval{1s} : intervals[random.below(4)];
    const bool version_2 = plan.version == vrrp::Version::v2;
    plan.longest_interval = version_2 ? plan.interval : 2 * plan.interval;
    if (random.one_in(5)) plan.start_up_hold = random.up_to(plan.interval * 5);
    plan.nopreempt = random.one_in(4);
    if (!plan.nopreempt && random.one_in(5)) plan.preempt_delay = random.up_to(plan.interval * 10);
    plan.longest_delay = plan.interval / 20;
    for (std::size_t host = 0; host < plan.hosts; ++host)
        plan.priorities.push_back(static_cast<std::uint8_t>(1 + random.below(254)));
    // Equal priorities and owners happen, and are decided by rules of their own.
    if (random.one_in(4)) plan.priorities[1] = plan.priorities[0];
    if (random.one_in(6)) plan.priorities[random.below(plan.hosts)] = vrrp::kOwnerPriority;

    for (std::size_t host = 0; host < plan.hosts; ++host)
        plan.trackers.push_back(random_trackers(random));

    if (random.one_in(4))
        plan_restarts(random, plan);
    else
        plan_chaos(random, plan);
    std::ranges::stable_sort(plan.disturbances, {}, &Disturbance::at);
    // The silence of the old Active Router, of a group's slowest member, and of a late timer that
    // listens once more; a preempt delay and a start-up hold come on top.
    plan.stable_from =
        plan.quiet_from + 4 * down_interval(plan) + plan.preempt_delay + plan.start_up_hold;
    plan.end = plan.stable_from + plan.longest_interval * 12;
    if (random.one_in(2)) plan.refresh = 2 * plan.longest_interval;
    return plan;
}

const char* to_text(Kind kind) {
    constexpr const char* kNames[] = {"partition", "one_way",   "deaf",   "loss",       "heal",
                                      "pause",     "sleep",     "crash",  "crash_cold", "link",
                                      "tracker",   "contested", "reload", "priority",   "interval",
                                      "member",    "stop"};
    return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace holdfast::sim
