#include "vrrpd/sync_group.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace holdfast::vrrp {

namespace {

/// Later than this share of an interval, a timer looks at the queues before it acts.
constexpr int kLateShare = 8;

bool has(const Router& router, const Cause& cause) {
    return std::ranges::find(router.causes, cause, &StandingCause::cause) != router.causes.end();
}

}  // namespace

SyncGroup::SyncGroup(const Tools& tools, GroupSetting setting, std::vector<Instance*> members,
                     State state)
    : tools_(tools),
      setting_(std::move(setting)),
      members_(std::move(members)),
      state_(std::move(state)) {
    for (std::size_t member = 0; member < members_.size(); ++member) {
        parameters_.members.push_back(members_[member]->setting().router);
        members_[member]->join(*this, member);
    }
}

void SyncGroup::take(const Event& event) {
    const State before = state_;
    Transition done = step(parameters_, std::move(state_), event, tools_.loop.now());
    state_ = std::move(done.state);
    std::vector<RoleChanged> changes;
    for (const Action& action : done.actions) carry_out(action, changes);
    for (std::size_t member = 0; member < members_.size(); ++member) {
        if (state_.members[member] == before.members[member]) continue;
        log_causes(member, before.members[member]);
        members_[member]->save();
    }
    if (!changes.empty() || done.group) tools_.reporter.roles_changed(*this, changes, done.group);
}

void SyncGroup::carry_out(const Action& action, std::vector<RoleChanged>& changes) {
    Instance& instance = *members_[action.member];
    const auto& act = action.act;
    if (const auto* send = std::get_if<SendAdvertisement>(&act)) {
        instance.advertise(send->priority, parameters_.members[action.member].source);
    } else if (const auto* set = std::get_if<SetTimer>(&act)) {
        instance.timer.at(set->at);
    } else if (std::holds_alternative<CancelTimer>(act)) {
        instance.timer.cancel();
    } else if (const auto* changed = std::get_if<StateChanged>(&act)) {
        instance.count(*changed);
        changes.push_back({instance, changed->from, changed->to, changed->because});
    } else if (std::holds_alternative<AnnounceAgain>(act)) {
        if (instance.may_announce()) tools_.reporter.announce(instance);
    } else if (const auto* noticed = std::get_if<Noticed>(&act)) {
        instance.notice(*noticed);
    }
}

void SyncGroup::timer_fired(std::size_t member) {
    Instance& instance = *members_[member];
    const core::Interval late = tools_.loop.now() - instance.timer.deadline();
    if (tools_.reporter.slept()) return;
    if (late > instance.setting().router.advert_interval / kLateShare) {
        // We were kept from running: what was said meanwhile counts before we act.
        for (const Instance* each : members_) tools_.wire.read_all(each->wire_key());
        if (instance.timer.pending()) return;
    }
    if (late > instance.setting().router.advert_interval)
        tools_.log.warning(
            "VRRP_LATE",
            fmt::format("{} acts {:.3g} s late: this process was kept from running",
                        instance.setting().name, std::chrono::duration<double>(late).count()),
            {{"VRRP_INSTANCE", instance.setting().name}});
    take(TimerFired{member});
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
    take(Judged{member, standing.priority, standing.causes});
}

void SyncGroup::log_causes(std::size_t member, const Router& before) {
    const std::string& name = members_[member]->setting().name;
    const Router& now = router(member);
    for (const StandingCause& each : now.causes)
        if (!has(before, each.cause))
            tools_.log.warning("VRRP_CAUSE",
                               fmt::format("{} begins: {}", name, to_text(each.cause)),
                               {{"VRRP_INSTANCE", name}});
    for (const StandingCause& each : before.causes)
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
