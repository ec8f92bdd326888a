#include "vrrpd/sync_group.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "vrrpd/start_up_hold.hpp"

namespace holdfast::vrrp {

namespace {

/// Later than this share of an interval, a timer looks at the queues before it acts.
constexpr int kLateShare = 8;
/// An advertisement may be early by this share of an interval (and by no more than a timer can).
constexpr int kSlackShare = 200;

double seconds(core::Interval interval) {
    return std::chrono::duration<double>(interval).count();
}

bool has(const std::vector<StandingCause>& causes, const Cause& cause) {
    return std::ranges::find(causes, cause, &StandingCause::cause) != causes.end();
}

}  // namespace

SyncGroup::SyncGroup(const Tools& tools, GroupSetting setting, std::vector<Instance*> members,
                     State state)
    : tools_(tools),
      setting_(std::move(setting)),
      members_(std::move(members)),
      state_(std::move(state)) {
    for (std::size_t member = 0; member < members_.size(); ++member) {
        parameters_.members.push_back(
            at_work(members_[member]->setting().router, tools_.loop.time_slept()));
        members_[member]->join(*this, member);
        wires_.push_back(members_[member]->wire_key());
    }
    std::ranges::sort(wires_);
    wires_.erase(std::unique(wires_.begin(), wires_.end()), wires_.end());
}

void SyncGroup::take(const Event& event) {
    take(event, tools_.loop.now());
}

void SyncGroup::take(const Event& event, core::Instant now) {
    const auto* judged = std::get_if<Judged>(&event);
    std::vector<StandingCause> causes_before;
    if (judged != nullptr) causes_before = router(judged->member).causes;
    Transition done = step(parameters_, std::move(state_), event, now);
    state_ = std::move(done.state);
    std::vector<RoleChanged> changes;
    for (const Action& action : done.actions) carry_out(action, changes);
    if (judged != nullptr) log_causes(judged->member, causes_before);
    for (const std::size_t member : done.changed) members_[member]->save();
    if (!changes.empty() || done.group) tools_.reporter.roles_changed(*this, changes, done.group);
}

void SyncGroup::carry_out(const Action& action, std::vector<RoleChanged>& changes) {
    Instance& instance = *members_[action.member];
    const auto& act = action.act;
    if (const auto* send = std::get_if<SendAdvertisement>(&act)) {
        instance.advertise(send->priority, parameters_.members[action.member].source);
    } else if (const auto* set = std::get_if<SetTimer>(&act)) {
        instance.timer.set_slack(slack(action.member));
        instance.timer.at(set->at);
    } else if (std::holds_alternative<CancelTimer>(act)) {
        instance.timer.cancel();
    } else if (const auto* changed = std::get_if<StateChanged>(&act)) {
        instance.count(*changed);
        changes.push_back({instance, changed->from, changed->to, changed->because});
    } else if (const auto* again = std::get_if<AnnounceAgain>(&act)) {
        announce(instance, again->why);
    } else if (const auto* began = std::get_if<DualBegan>(&act)) {
        instance.notice(*began);
    } else if (const auto* ended = std::get_if<DualEnded>(&act)) {
        instance.notice(*ended);
        if (ended->how == DualEnded::How::rival_silent)
            tools_.reporter.happened(instance, Happening::reasserted);
    } else if (const auto* noticed = std::get_if<Noticed>(&act)) {
        instance.notice(*noticed);
    }
}

/// What the network provokes, at most once a second.
void SyncGroup::announce(Instance& instance, AnnounceAgain::Why why) {
    if (why != AnnounceAgain::Why::reasserted && !instance.may_announce()) return;
    tools_.reporter.announce(instance, why);
    if (why == AnnounceAgain::Why::lower_priority)
        tools_.reporter.happened(instance, Happening::lower_priority_heard);
}

void SyncGroup::timer_fired(std::size_t member) {
    Instance& instance = *members_[member];
    const core::Interval late = tools_.loop.now() - instance.timer.deadline();
    if (tools_.reporter.slept()) return;
    const bool was_late = late > instance.setting().router.advert_interval / kLateShare;
    if (late > instance.setting().router.advert_interval) log_late(member, late);
    // Whoever was kept from running, and whoever is about to take over, first hears what was said
    // meanwhile.
    if (was_late || name_of(router(member).state) == StateName::backup) {
        for (const WireKey& each : wires_) tools_.wire.read_all(each);
        if (instance.timer.pending()) return;
    }
    // It may fire a little early, and counts as being on time then.
    take(TimerFired{member}, std::max(tools_.loop.now(), instance.timer.deadline()));
}

/// Advertisements of many routers go out together; nobody takes over early.
core::Interval SyncGroup::slack(std::size_t member) const {
    if (name_of(router(member).state) != StateName::active) return core::Interval::zero();
    return members_[member]->setting().router.advert_interval / kSlackShare;
}

void SyncGroup::log_late(std::size_t member, core::Interval late) const {
    const auto left_out = tools_.reporter.late(late);
    if (!left_out) return;
    const Instance& instance = *members_[member];
    const bool active = name_of(router(member).state) == StateName::active;
    const core::Interval others = down_interval(member);
    const core::Interval silent = late + instance.setting().router.advert_interval;
    std::string text = fmt::format("{} acts {:.3g} s late: this process was kept from running",
                                   instance.setting().name, seconds(late));
    if (active && silent > others)
        text +=
            fmt::format(", longer than the {:.3g} s after which others take over", seconds(others));
    if (*left_out > 0) text += fmt::format(" ({} more like this)", *left_out);
    tools_.log.warning("VRRP_LATE", text, {{"VRRP_INSTANCE", instance.setting().name}});
}

void SyncGroup::judge(std::size_t member, const Standing& standing) {
    const Router& now = router(member);
    const bool same_causes =
        std::ranges::equal(now.causes, standing.causes, {}, &StandingCause::cause);
    if (same_causes && now.priority == standing.priority) return;
    if (now.priority != standing.priority)
        tools_.log.info("VRRP_PRIORITY",
                        fmt::format("{} priority {} -> {}", members_[member]->setting().name,
                                    unsigned{now.priority}, unsigned{standing.priority}),
                        {{"VRRP_INSTANCE", members_[member]->setting().name}});
    const bool changes = now.priority != standing.priority;
    take(Judged{member, standing.priority, standing.causes});
    if (changes) tools_.reporter.happened(*members_[member], Happening::priority_changed);
}

void SyncGroup::log_causes(std::size_t member, const std::vector<StandingCause>& before) {
    const std::string& name = members_[member]->setting().name;
    const std::vector<StandingCause>& now = router(member).causes;
    for (const StandingCause& each : now)
        if (!has(before, each.cause))
            tools_.log.warning("VRRP_CAUSE",
                               fmt::format("{} begins: {}", name, to_text(each.cause)),
                               {{"VRRP_INSTANCE", name}});
    for (const StandingCause& each : before)
        if (!has(now, each.cause))
            tools_.log.notice("VRRP_CAUSE", fmt::format("{} ends: {}", name, to_text(each.cause)),
                              {{"VRRP_INSTANCE", name}});
}

void SyncGroup::set_source(std::size_t member, const std::optional<core::Address>& source) {
    if (source) parameters_.members.at(member).source = *source;
}

core::Interval SyncGroup::down_interval(std::size_t member) const {
    const RouterParameters& parameters = parameters_.members.at(member);
    return active_down_interval(parameters, router(member).priority, parameters.advert_interval);
}

}  // namespace holdfast::vrrp
