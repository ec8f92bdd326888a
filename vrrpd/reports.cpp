// What the daemon tells ipvsd, the supervisor and the log of its routers.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"
#include "vrrpd/daemon.hpp"

namespace holdfast::vrrp {

namespace {

using messages::v1::ToSupervisor;

/// Below this, reading two clocks one after the other may look like sleep.
constexpr core::Interval kShortestSleep = std::chrono::milliseconds{50};

}  // namespace

void Daemon::kernel_changed(Instance& instance) {
    routers_.judge(instance);
}

void Daemon::announce(Instance& instance, AnnounceAgain::Why why) {
    ipvsd_.announce(instance.id(), why == AnnounceAgain::Why::reasserted
                                       ? messages::v1::Announce::REASSERTED
                                       : messages::v1::Announce::LOWER_PRIORITY_ADVERTISEMENT);
}

void Daemon::happened(Instance& instance, Happening what) {
    using Told = messages::v1::InstanceEvent;
    const StateName state = name_of(instance.router().state);
    ToSupervisor message;
    auto& event = *message.mutable_instance_event();
    event.set_instance_id(instance.id().value);
    event.set_old_state(in_message(state));
    event.set_new_state(in_message(state));
    event.set_priority(instance.router().priority);
    switch (what) {
        case Happening::priority_changed:
            if (state != StateName::active && state != StateName::backup) return;
            event.set_what(Told::PRIORITY_CHANGED);
            break;
        case Happening::lower_priority_heard:
            event.set_what(Told::LOWER_PRIORITY_HEARD);
            break;
        case Happening::reasserted:
            ipvsd_.announce(instance.id(), messages::v1::Announce::REASSERTED);
            event.set_what(Told::REASSERTED);
            break;
    }
    say(message);
}

std::optional<std::uint64_t> Daemon::late(core::Interval by) {
    const auto left_out = late_limit_.admit(0, with_.loop.now());
    if (!left_out) return std::nullopt;
    constexpr core::Interval::rep kMost = std::numeric_limits<std::uint32_t>::max();
    ToSupervisor message;
    message.mutable_ran_late()->set_microseconds(
        static_cast<std::uint32_t>(std::min(by.count(), kMost)));
    say(message);
    return left_out;
}

bool Daemon::slept() {
    const core::Interval total = with_.loop.time_slept();
    const core::Interval lost = total - slept_;
    if (lost < kShortestSleep) return false;
    slept_ = total;
    with_.log.notice("VRRP_SLEPT", fmt::format("the machine slept {}: listening before acting",
                                               core::to_text(lost)));
    routers_.take_all(Slept{lost});
    return true;
}

void Daemon::roles_changed(SyncGroup& group, std::span<const RoleChanged> changes,
                           const std::optional<GroupChanged>& group_changed) {
    std::vector<RoleSaid> roles;
    for (const RoleChanged& change : changes) {
        roles.push_back(role_of(change.instance));
        roles.back().state = change.to;
    }
    ipvsd_.say(roles);
    for (const RoleChanged& change : changes)
        // The Active Router among the peers may have an old MAC address of ours in its table.
        if (change.from == StateName::fault && change.instance.setting().expected.unicast)
            ipvsd_.announce(change.instance.id(), messages::v1::Announce::SOURCE_ADDRESS);
    for (std::size_t each = 0; each < roles.size(); ++each)
        told(changes[each].instance, roles[each]);
    for (const RoleChanged& change : changes) log_change(change);

    // At the start the group comes first, later its members do, as with keepalived.
    const bool starts = group_changed && group_changed->from == StateName::initialize;
    if (group_changed && starts) tell_group(group, *group_changed);
    for (const RoleChanged& change : changes) tell_instance(change);
    if (group_changed && !starts) tell_group(group, *group_changed);
}

void Daemon::log_change(const RoleChanged& change) {
    const Instance& instance = change.instance;
    with_.log.notice(
        "VRRP_STATE",
        fmt::format("{} {}->{}: {} priority={}", instance.setting().name, to_text(change.from),
                    to_text(change.to), change.because, unsigned{instance.router().priority}),
        {{"VRRP_INSTANCE", instance.setting().name},
         {"VRRP_INTERFACE", instance.setting().interface},
         {"VRRP_VRID", fmt::format("{}", unsigned{instance.setting().expected.vrid})},
         {"VRRP_FROM", std::string(to_text(change.from))},
         {"VRRP_TO", std::string(to_text(change.to))},
         {"VRRP_CAUSE", change.because}});
}

void Daemon::tell_instance(const RoleChanged& change) {
    if (change.renamed) return;
    ToSupervisor message;
    auto& event = *message.mutable_instance_event();
    event.set_instance_id(change.instance.id().value);
    event.set_old_state(in_message(change.from));
    event.set_new_state(in_message(change.to));
    event.set_priority(change.instance.router().priority);
    say(message);
}

void Daemon::tell_group(const SyncGroup& group, const GroupChanged& change) {
    if (!group.setting().sync) return;
    with_.log.notice(
        "VRRP_GROUP",
        fmt::format("{} {}->{}", group.setting().name, to_text(change.from), to_text(change.to)),
        {{"VRRP_GROUP", group.setting().name}});
    ToSupervisor message;
    auto& event = *message.mutable_group_event();
    event.set_group_id(group.setting().id.value);
    event.set_old_state(in_message(change.from));
    event.set_new_state(in_message(change.to));
    say(message);
}

void Daemon::say(const ToSupervisor& message) {
    // A failure closes the channel; what follows from that is the runtime's business.
    static_cast<void>(with_.supervisor.send(message).ok());
}

}  // namespace holdfast::vrrp
