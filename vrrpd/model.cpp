#include "vrrpd/model.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "proto/config.pb.h"
#include "vrrpd/protocol_model.hpp"

namespace holdfast::vrrp {

namespace {

using core::ObjectId;
using core::Status;
namespace config = holdfast::config::v1;

constexpr core::Interval kSecond = std::chrono::seconds{1};
constexpr core::Interval kCentisecond = std::chrono::milliseconds{10};

core::Interval interval(std::uint64_t microseconds) {
    return core::Interval{static_cast<core::Interval::rep>(microseconds)};
}

core::Error refused(const std::string& name, std::string_view what) {
    return core::Error(fmt::format("vrrp_instance {}: {}", name, what));
}

RouterParameters parameters_of(const config::VrrpInstance& from, const config::GlobalDefs& global) {
    RouterParameters made;
    made.start_up_hold = interval(global.startup_delay_us());
    made.delay_after_boot = interval(global.delay_after_boot_us());
    made.name = from.name();
    made.version = from.version() == 2 ? Version::v2 : Version::v3;
    made.advert_interval = from.has_advert_interval_us() ? interval(from.advert_interval_us())
                                                         : core::Interval{kSecond};
    made.nopreempt = from.nopreempt();
    made.preempt_delay = interval(from.preempt_delay_us());
    if (from.down_timer_adverts() > 0) made.down_timer_adverts = from.down_timer_adverts();
    made.lower_priority_no_advert = from.lower_priority_no_advert();
    made.higher_priority_send_advert = from.higher_priority_send_advert();
    made.owner_ignores_adverts = from.owner_ignore_adverts();
    made.late_backup_priority = static_cast<std::uint8_t>(
        std::min<std::uint32_t>(from.timer_expired_backup(), kOwnerPriority - 1));
    return made;
}

/// What fits into the packet of this version (RFC 9568 5.2.7, RFC 3768 5.3.7).
Status check_interval(const InstanceSetting& made) {
    const core::Interval given = made.router.advert_interval;
    const bool v2 = made.router.version == Version::v2;
    const core::Interval unit = v2 ? kSecond : kCentisecond;
    const core::Interval longest = v2 ? 255 * kSecond : kLongestInterval;
    if (given < unit || given > longest || given % unit != core::Interval::zero())
        return refused(made.name, "advertisement interval of " + core::to_text(given));
    return core::Done{};
}

Status add_addresses(const config::VrrpInstance& from, InstanceSetting& made) {
    for (const config::VirtualAddress& each : from.addresses()) {
        const auto address = core::Address::from_bytes(each.address());
        if (!address) return refused(made.name, "virtual address of odd length");
        made.addresses.push_back(*address);
        made.address_texts.push_back(fmt::format("{}/{}", address->text(), each.prefix_length()));
        if (!each.excluded() && address->family() == made.expected.family)
            made.advertised.push_back(*address);
    }
    made.expected.addresses = made.advertised;
    if (made.advertised.size() > 255) return refused(made.name, "more than 255 addresses");
    return core::Done{};
}

TrackerSetting tracker_of(const config::TrackedInterface& from, bool weight_counts) {
    return {.kind = Tracker::Kind::interface,
            .name = from.interface(),
            .weight = from.weight(),
            .reverse = from.reverse(),
            .weight_counts = weight_counts};
}
TrackerSetting tracker_of(const config::TrackedScript& from, bool weight_counts) {
    return {.kind = Tracker::Kind::script,
            .name = from.name(),
            .object = ObjectId{from.script_id()},
            .weight = from.weight(),
            .reverse = from.reverse(),
            .weight_counts = weight_counts};
}
TrackerSetting tracker_of(const config::TrackedObject& from, Tracker::Kind kind,
                          bool weight_counts) {
    return {.kind = kind,
            .name = from.name(),
            .object = ObjectId{from.id()},
            .weight = from.weight(),
            .reverse = from.reverse(),
            .weight_counts = weight_counts};
}

template <class Owner>
void add_trackers(const Owner& owner, bool weight_counts, InstanceSetting& made) {
    for (const auto& each : owner.track_interfaces())
        made.trackers.push_back(tracker_of(each, weight_counts));
    for (const auto& each : owner.track_scripts())
        made.trackers.push_back(tracker_of(each, weight_counts));
    for (const auto& each : owner.track_files())
        made.trackers.push_back(tracker_of(each, Tracker::Kind::file, weight_counts));
    for (const auto& each : owner.track_processes())
        made.trackers.push_back(tracker_of(each, Tracker::Kind::process, weight_counts));
    for (const auto& each : owner.track_services())
        made.trackers.push_back(tracker_of(each, Tracker::Kind::service, weight_counts));
}

/// Weights add up; keepalived's largest is 254.
Status check_weights(const InstanceSetting& made) {
    constexpr int kMostWeight = 254;
    for (const TrackerSetting& each : made.trackers)
        if (each.weight < -kMostWeight || each.weight > kMostWeight)
            return refused(made.name, "weight of " + each.name + " out of range");
    return core::Done{};
}

core::Result<InstanceSetting> instance_of(const config::VrrpInstance& from,
                                          const config::VrrpSyncGroup* group,
                                          const config::GlobalDefs& global) {
    InstanceSetting made;
    made.id = ObjectId{from.id()};
    made.name = from.name();
    made.interface = from.interface();
    if (!made.id) return refused(made.name, "no id");
    if (made.interface.empty()) made.vrf = from.vrf();
    if (made.interface.empty() && from.unicast_peers_size() == 0)
        return refused(made.name, "no interface");
    if (from.virtual_router_id() < 1 || from.virtual_router_id() > 255)
        return refused(made.name, "virtual_router_id out of range");
    if (from.has_priority() && (from.priority() < 1 || from.priority() > 255))
        return refused(made.name, "priority out of range");
    if (from.has_priority()) made.base_priority = static_cast<std::uint8_t>(from.priority());

    made.router = parameters_of(from, global);
    if (Status good = check_interval(made); !good) return good.error();
    made.expected = {.version = made.router.version,
                     .family = from.ipv6() ? core::Family::ipv6 : core::Family::ipv4,
                     .vrid = static_cast<std::uint8_t>(from.virtual_router_id()),
                     .advert_interval = made.router.advert_interval};
    if (Status good = add_addresses(from, made); !good) return good.error();
    if (Status good = add_protocol(from, made); !good) return good.error();
    if (from.virtual_interfaces_size() != 0 && !from.vmac().transmit_from_base() &&
        from.virtual_interfaces(0).own())
        made.send.interface = from.virtual_interfaces(0).name();

    if (!from.dont_track_primary() && !made.interface.empty())
        made.trackers.push_back({.kind = Tracker::Kind::own_interface, .name = made.interface});
    add_trackers(from, group == nullptr || group->tracking_weight(), made);
    if (group != nullptr) {
        made.group = group->name();
        add_trackers(*group, group->tracking_weight(), made);
    }
    if (Status good = check_weights(made); !good) return good.error();
    return made;
}

ScriptSetting script_of(const config::VrrpScript& from) {
    ScriptSetting made{
        .id = ObjectId{from.id()},
        .name = from.name(),
        .interval = from.has_interval_us() ? interval(from.interval_us()) : core::Interval{kSecond},
        .timeout = {},
        .rules = {.rise = std::max(1U, from.rise()), .fall = std::max(1U, from.fall())}};
    made.timeout = from.has_timeout_us() ? interval(from.timeout_us()) : made.interval;
    return made;
}

/// The group of each instance, and the groups themselves; an instance is in one group only.
Status add_groups(const config::Config& from, Model& model,
                  std::map<ObjectId, const config::VrrpSyncGroup*>& group_of) {
    for (const config::VrrpSyncGroup& group : from.vrrp_sync_groups()) {
        GroupSetting made{.id = ObjectId{group.id()}, .name = group.name(), .sync = true};
        for (const std::uint64_t member : group.member_ids()) {
            if (!group_of.emplace(ObjectId{member}, &group).second)
                return core::Error(
                    fmt::format("vrrp_sync_group {}: a member of two groups", group.name()));
            made.members.push_back(ObjectId{member});
        }
        if (made.members.empty()) continue;
        if (!made.id || !model.groups.emplace(made.id, made).second)
            return core::Error(
                fmt::format("vrrp_sync_group {}: id is 0 or not its own", group.name()));
    }
    return core::Done{};
}

Status add_scripts(const config::Config& from, Model& model) {
    std::set<ObjectId> watched;
    for (const auto& [id, instance] : model.instances)
        for (const TrackerSetting& tracker : instance.trackers)
            if (tracker.kind == Tracker::Kind::script) watched.insert(tracker.object);
    for (const config::VrrpScript& script : from.vrrp_scripts())
        if (watched.erase(ObjectId{script.id()}) > 0)
            model.scripts.emplace(ObjectId{script.id()}, script_of(script));
    if (!watched.empty()) return core::Error("a watched script is not configured");
    return core::Done{};
}

ProcessRules rules_of(const config::TrackProcess& from) {
    ProcessRules made{.quorum = from.quorum(),
                      .fork_delay = interval(from.fork_delay_us()),
                      .terminate_delay = interval(from.terminate_delay_us())};
    if (from.has_quorum_max()) made.quorum_max = from.quorum_max();
    return made;
}

Status add_watched(const config::Config& from, Model& model) {
    const auto add = [&](WatchedSetting made) {
        const ObjectId id = made.id;
        return id && model.watched.emplace(id, std::move(made)).second;
    };
    bool own_ids = true;
    for (const config::TrackFile& file : from.track_files())
        own_ids &= add({ObjectId{file.id()}, file.name(), Tracker::Kind::file, {}});
    for (const config::TrackProcess& process : from.track_processes())
        own_ids &= add(
            {ObjectId{process.id()}, process.name(), Tracker::Kind::process, rules_of(process)});
    if (!own_ids) return core::Error("a tracked file or process: id is 0 or not its own");
    for (const auto& [id, instance] : model.instances) {
        for (const TrackerSetting& tracker : instance.trackers) {
            if (!tracker.object || tracker.kind == Tracker::Kind::script) continue;
            // vrrpd knows no services; what is tracked is all that there is of them here.
            if (tracker.kind == Tracker::Kind::service)
                model.watched.insert(
                    {tracker.object, {tracker.object, tracker.name, tracker.kind, {}}});
            const auto found = model.watched.find(tracker.object);
            if (found == model.watched.end() || found->second.kind != tracker.kind)
                return refused(instance.name, "it tracks " + tracker.name + ", which is not there");
        }
    }
    return core::Done{};
}

/// Polling of any one interface asks for all of them: it is one question to the kernel.
void add_links(const config::Config& from, Model& model) {
    model.links.poll = from.linkbeat_use_polling();
    for (const config::InterfaceSettings& each : from.interfaces()) {
        const LinkRules rules{.up_delay = interval(each.up_delay_us()),
                              .down_delay = interval(each.down_delay_us())};
        if (rules != LinkRules{}) model.links.rules[each.name()] = rules;
        if (each.has_carrier_polling()) model.links.poll = true;
    }
    for (const config::VrrpInstance& each : from.vrrp_instances())
        if (each.linkbeat_polling()) model.links.poll = true;
    for (const auto& [id, setting] : model.instances) {
        model.links.virtual_addresses.insert(setting.addresses.begin(), setting.addresses.end());
        if (setting.track_source) model.links.tracked_sources.insert(*setting.source);
    }
}

}  // namespace

core::Result<Model> build_model(std::uint64_t generation, const config::Config& from) {
    Model model{.generation = generation};
    model.log_unknown_vrids = from.global().log_unknown_vrids();
    std::map<ObjectId, const config::VrrpSyncGroup*> group_of;
    if (Status good = add_groups(from, model, group_of); !good) return good.error();
    for (const config::VrrpInstance& each : from.vrrp_instances()) {
        const auto group = group_of.find(ObjectId{each.id()});
        auto made =
            instance_of(each, group == group_of.end() ? nullptr : group->second, from.global());
        if (!made) return made.error();
        const ObjectId id = made->id;
        if (group == group_of.end())
            model.groups.emplace(id, GroupSetting{.id = id, .name = made->name, .members = {id}});
        else
            group_of.erase(group);
        if (!model.instances.emplace(id, std::move(made).value()).second)
            return refused(each.name(), "its id is not its own");
    }
    if (!group_of.empty())
        return core::Error(
            fmt::format("vrrp_sync_group {}: unknown member", group_of.begin()->second->name()));
    if (Status good = add_scripts(from, model); !good) return good.error();
    if (Status good = add_watched(from, model); !good) return good.error();
    add_links(from, model);
    return model;
}

}  // namespace holdfast::vrrp
