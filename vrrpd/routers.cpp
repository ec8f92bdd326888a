#include "vrrpd/routers.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "vrrpd/start_up_hold.hpp"

namespace holdfast::vrrp {

namespace {

/// A record older than the time in which others take over is a cold start, and so is one whose
/// deadline is further away than any deadline can be.
bool still_holds(const SyncGroup& group, std::size_t member, const Router& router,
                 core::Instant now) {
    const core::Interval limit = group.down_interval(member);
    const RouterParameters& parameters = group.parameters(member);
    if (const auto* active = std::get_if<Active>(&router.state))
        return now - active->sent_at <= limit &&
               active->adver_at <= now + parameters.advert_interval + loop::Timer::kMostSlack;
    if (const auto* backup = std::get_if<Backup>(&router.state))
        return now - backup->active_down_at <= limit &&
               backup->active_down_at <=
                   std::max(now, backup->held_until) +
                       active_down_interval(parameters, 1, backup->active_adver_interval) &&
               backup->held_until <= hold_end(parameters, now);
    return true;
}

Cause::Kind no_source_kind(Links::NoSource why) {
    switch (why) {
        case Links::NoSource::tentative:
            return Cause::Kind::source_tentative;
        case Links::NoSource::duplicate:
            return Cause::Kind::source_duplicate;
        case Links::NoSource::no_address:
            break;
    }
    return Cause::Kind::no_source_address;
}

bool same_timing(const RouterParameters& left, const RouterParameters& right) {
    return left.version == right.version && left.advert_interval == right.advert_interval &&
           left.down_timer_adverts == right.down_timer_adverts;
}

}  // namespace

Routers::Routers(const Tools& tools, const Links& links, const Scripts& scripts,
                 const TrackedValues& values)
    : tools_(tools), links_(links), scripts_(scripts), values_(values) {}

Routers::~Routers() = default;

void Routers::fetch(const WireKey& where, std::span<const Datagram> datagrams) const {
    if (datagrams.size() < 2) return;
    for (unsigned step = 0; step < Instance::kFetchSteps; ++step)
        for (const Datagram& each : datagrams)
            if (const Instance* found = places_.find(where, each)) found->fetch(step);
}

bool Routers::arrived(const WireKey& where, const Datagram& datagram) {
    Instance* const found = places_.find(where, datagram);
    if (found != nullptr) found->receive(datagram);
    return found != nullptr;
}

void Routers::take_all(const Event& event) {
    for (const auto& [id, group] : groups_) group->take(event);
}

Instance* Routers::find(core::ObjectId id) const {
    const auto found = instances_.find(id);
    return found == instances_.end() ? nullptr : found->second.get();
}

WiresInUse Routers::wires() const {
    WiresInUse used;
    for (const auto& [id, instance] : instances_)
        used[instance->wire_key()].insert(instance->setting().send);
    return used;
}

const std::vector<Instance*>& Routers::on_interface(const std::string& interface) const {
    static const std::vector<Instance*> kNobody;
    const auto concerned = on_interface_.find(interface);
    return concerned == on_interface_.end() ? kNobody : concerned->second;
}

Tracker Routers::look_at(const TrackerSetting& setting) const {
    Tracker tracker{.kind = setting.kind,
                    .name = setting.name,
                    .weight = setting.weight,
                    .reverse = setting.reverse,
                    .weight_counts = setting.weight_counts};
    switch (setting.kind) {
        case Tracker::Kind::own_interface:
        case Tracker::Kind::interface:
            tracker.condition = links_.view(setting.name).running ? Condition::up : Condition::down;
            break;
        case Tracker::Kind::script:
            tracker.condition = scripts_.condition(setting.object);
            tracker.awaited = scripts_.awaited(setting.object);
            break;
        case Tracker::Kind::file:
        case Tracker::Kind::process:
        case Tracker::Kind::service:
            tracker.condition = values_.condition(setting.object);
            tracker.number = values_.number(setting.object);
            tracker.awaited = values_.awaited(setting.object);
            break;
    }
    return tracker;
}

std::vector<std::string> Routers::votes(const Instance& instance) const {
    std::vector<std::string> texts;
    for (const TrackerSetting& each : instance.setting().trackers)
        texts.push_back(to_text(look_at(each)));
    return texts;
}

std::optional<core::Address> Routers::source_of(const Instance& instance) const {
    const InstanceSetting& setting = instance.setting();
    if (setting.source) return setting.source;
    if (setting.destinations.empty()) return std::nullopt;
    return links_.source(setting.interface, setting.destinations.front(),
                         setting.base_priority == kOwnerPriority);
}

Standing Routers::standing_of(const Instance& instance, bool begins) const {
    using Kind = Cause::Kind;
    const InstanceSetting& setting = instance.setting();
    std::vector<Tracker> trackers;
    for (const TrackerSetting& each : setting.trackers) trackers.push_back(look_at(each));
    Standing standing = vrrp::judge(setting.base_priority, trackers);

    auto& causes = standing.causes;
    const bool exists = setting.device().empty() || links_.view(setting.device()).exists;
    if (!exists) {
        // Everything else follows from that.
        std::erase(causes, Cause{Kind::interface_down, setting.interface});
        causes.push_back({Kind::interface_missing, setting.device()});
    } else {
        add_wire_causes(instance, causes);
        // Later its absence is ipvsd's to mend, and no reason to give up a role, unless it cannot.
        if (!instance.interface_failure.empty())
            causes.push_back({Kind::virtual_interface_failed, instance.interface_failure});
        else if (begins && lacks_virtual_interface(instance))
            causes.push_back({Kind::virtual_interface_missing, setting.send.interface});
    }
    if (!setting.not_carried_out.empty())
        causes.push_back({Kind::no_socket, setting.not_carried_out});
    if (instance.kernel.cause()) causes.push_back(*instance.kernel.cause());
    std::ranges::sort(causes);
    return standing;
}

void Routers::add_wire_causes(const Instance& instance, std::vector<Cause>& causes) const {
    using Kind = Cause::Kind;
    const InstanceSetting& setting = instance.setting();
    const auto source = source_of(instance);
    if (!source && !setting.destinations.empty())
        causes.push_back(
            {no_source_kind(links_.why_no_source(setting.interface, setting.destinations.front())),
             setting.interface});
    if (setting.track_source && !links_.has_address(setting.interface, *setting.source))
        causes.push_back({Kind::source_not_present,
                          setting.source->text() + " of interface " + setting.interface});
    const auto is_other = [&](const core::Address& each) { return each != source; };
    if (setting.fault_without_peers &&
        (!setting.expected.unicast || std::ranges::none_of(setting.destinations, is_other)))
        causes.push_back({Kind::no_unicast_peer, ""});
    if (const int error = socket_problem(setting, instance.wire_key()))
        causes.push_back(
            {Kind::no_socket, core::Error::from_errno(error, setting.device()).text()});
}

/// There is none, or the socket is for one that was there before.
bool Routers::lacks_virtual_interface(const Instance& instance) const {
    const SendKey& send = instance.setting().send;
    if (send.interface.empty()) return false;
    const std::uint32_t opened = tools_.wire.sender_index(instance.wire_key(), send);
    const auto view = links_.view(send.interface);
    // One that was there before us may have another name.
    return opened == 0 || (view.exists && view.index != opened);
}

int Routers::socket_problem(const InstanceSetting& setting, const WireKey& where) const {
    const bool moved = !setting.device().empty() &&
                       tools_.wire.interface_index(where) != links_.view(setting.device()).index;
    const int error = tools_.wire.problem(where, setting.send);
    return error == 0 && moved ? ENODEV : error;
}

bool Routers::lacks_sockets(const Instance& instance) const {
    const InstanceSetting& setting = instance.setting();
    const bool exists = setting.device().empty() || links_.view(setting.device()).exists;
    if (!exists) return false;
    if (socket_problem(setting, instance.wire_key()) != 0) return true;
    return links_.view(setting.send.interface).exists && lacks_virtual_interface(instance);
}

void Routers::judge(Instance& instance) {
    instance.group().set_source(instance.member(), source_of(instance));
    const StateName state = name_of(instance.router().state);
    const bool begins = state == StateName::initialize || state == StateName::fault;
    Standing standing = standing_of(instance, begins);
    // What a predecessor left holds until everything that is watched is known again.
    const auto unknown = [](const Cause& each) { return each.kind == Cause::Kind::value_unknown; };
    if (std::ranges::any_of(standing.causes, unknown))
        standing.priority = instance.router().priority;
    instance.group().judge(instance.member(), standing);
}

void Routers::judge_interface(const std::string& interface) {
    for (Instance* instance : on_interface(interface)) judge(*instance);
}

void Routers::judge_object(core::ObjectId object) {
    const auto concerned = watching_.find(object);
    if (concerned == watching_.end()) return;
    for (Instance* instance : concerned->second) judge(*instance);
}

void Routers::index() {
    places_.clear();
    on_interface_.clear();
    watching_.clear();
    const auto note = [](std::vector<Instance*>& list, Instance* instance) {
        // The same thing may be watched twice.
        if (list.empty() || list.back() != instance) list.push_back(instance);
    };
    for (const auto& [id, instance] : instances_) {
        places_.add(*instance);
        const InstanceSetting& setting = instance->setting();
        note(on_interface_[setting.device()], instance.get());  // empty: any interface
        if (!setting.send.interface.empty())
            note(on_interface_[setting.send.interface], instance.get());
        for (const TrackerSetting& each : setting.trackers)
            note(each.object ? watching_[each.object] : on_interface_[each.name], instance.get());
    }
}

Instance& Routers::instance_for(const InstanceSetting& setting) {
    auto& instance = instances_[setting.id];
    if (!instance)
        instance = std::make_unique<Instance>(tools_, setting);
    else
        instance->configure(setting);
    return *instance;
}

Router Routers::fresh(const Instance& instance) const {
    const Standing standing = standing_of(instance, true);
    Router router{.priority = standing.priority};
    for (const Cause& cause : standing.causes) router.causes.push_back({cause, tools_.loop.now()});
    return router;
}

void Routers::begin(SyncGroup& group, const Event& event) {
    for (Instance* member : group.members()) group.set_source(member->member(), source_of(*member));
    group.take(event);
    for (Instance* member : group.members()) judge(*member);
}

void Routers::start(const Model& model) {
    for (const auto& [group_id, setting] : model.groups) {
        std::vector<Instance*> members;
        State cold;
        State inherited;
        std::vector<SavedRouter> records;
        for (const core::ObjectId id : setting.members) {
            Instance& instance = instance_for(model.instances.at(id));
            members.push_back(&instance);
            cold.members.push_back(fresh(instance));
            const auto saved = tools_.saved.router(id);
            if (!saved) continue;
            records.push_back(*saved);
            // A role may be too old to be believed; counts and sequences never are.
            instance.restore(*saved);
        }
        auto group = std::make_unique<SyncGroup>(tools_, setting, members, cold);
        bool holds = records.size() == members.size();
        for (std::size_t member = 0; holds && member < members.size(); ++member) {
            Router router = records[member].router;
            router.causes = cold.members[member].causes;
            holds = still_holds(*group, member, router, tools_.loop.now());
            inherited.members.push_back(std::move(router));
        }
        if (holds)
            group = std::make_unique<SyncGroup>(tools_, setting, members, std::move(inherited));
        SyncGroup& made = *group;
        groups_[group_id] = std::move(group);
        begin(made, holds ? Event{Resumed{}} : Event{Startup{}});
    }
    index();
}

bool Routers::unchanged(const SyncGroup& group, const Model& model) const {
    const auto same = model.groups.find(group.setting().id);
    if (same == model.groups.end() || same->second != group.setting()) return false;
    return std::ranges::all_of(group.members(), [&](const Instance* member) {
        return model.instances.at(member->id()) == member->setting();
    });
}

core::ObjectId Routers::next_id(const Instance& instance, const Model& model,
                                const Newcomers& newcomers) const {
    const Place place = place_of(instance.setting());
    const auto same = model.instances.find(instance.id());
    if (same != model.instances.end() && place_of(same->second) == place) return instance.id();
    const auto renamed = newcomers.by_place.find(place);
    if (renamed != newcomers.by_place.end()) return renamed->second;
    // It may speak from another address, to another group, or to peers instead.
    const bool carries_on = same != model.instances.end() &&
                            is_same_router(place_of(same->second), place) &&
                            !newcomers.occupied.contains(place_of(same->second));
    return carries_on ? instance.id() : core::ObjectId{};
}

void Routers::remove(Instance& instance) {
    const StateName state = name_of(instance.router().state);
    const Step last = become_initialize(instance.router(), "removed from the configuration");
    for (const Act& act : last.acts)
        if (const auto* said = std::get_if<SendAdvertisement>(&act))
            instance.advertise(said->priority, instance.group().source(instance.member()));
    instance.timer.cancel();
    const RoleChanged change{instance, state, StateName::initialize,
                             "removed from the configuration"};
    tools_.reporter.roles_changed(instance.group(), {&change, 1}, std::nullopt);
}

Routers::Taken Routers::take_apart(const Model& model) {
    Taken taken;
    Newcomers newcomers;
    for (const auto& [id, instance] : instances_)
        newcomers.occupied.insert(place_of(instance->setting()));
    for (const auto& [id, setting] : model.instances) {
        const Instance* same = find(id);
        if (same == nullptr || place_of(same->setting()) != place_of(setting))
            newcomers.by_place[place_of(setting)] = id;
    }
    std::map<core::ObjectId, std::unique_ptr<Instance>> moved;
    for (auto group = groups_.begin(); group != groups_.end();) {
        if (unchanged(*group->second, model)) {
            ++group;
            continue;
        }
        for (Instance* member : group->second->members()) {
            const core::ObjectId old_id = member->id();
            const core::ObjectId id = next_id(*member, model, newcomers);
            if (!id) {
                remove(*member);
                instances_.erase(old_id);
            } else {
                taken[id] = {member->setting(), member->group().parameters(member->member()),
                             member->router(), id != old_id};
            }
            if (id && id != old_id) moved[id] = std::move(instances_.extract(old_id).mapped());
            if (id != old_id) tools_.saved.forget(old_id);
        }
        group = groups_.erase(group);
    }
    for (auto& [id, instance] : moved) instances_[id] = std::move(instance);
    return taken;
}

void Routers::make_group(const GroupSetting& setting, const Model& model, const Taken& taken) {
    std::vector<Instance*> members;
    State state;
    bool known = false;
    bool same = true;
    std::vector<Instance*> renamed;
    for (const core::ObjectId id : setting.members) {
        Instance& instance = instance_for(model.instances.at(id));
        members.push_back(&instance);
        const auto carried = taken.find(id);
        if (carried == taken.end()) {
            state.members.push_back(fresh(instance));
            continue;
        }
        known = true;
        same = same && same_timing(carried->second.setting.router, instance.setting().router);
        state.members.push_back(carried->second.router);
        change_hold(carried->second.parameters,
                    at_work(instance.setting().router, tools_.loop.time_slept()),
                    state.members.back(), tools_.loop.now());
        if (carried->second.renamed) renamed.push_back(&instance);
    }
    auto& group = groups_[setting.id];
    group = std::make_unique<SyncGroup>(tools_, setting, members, std::move(state));
    std::vector<RoleChanged> changes;
    for (Instance* each : renamed) {
        each->save();
        changes.push_back({*each, StateName::initialize, name_of(each->router().state),
                           "carries on under this name", true});
    }
    if (!changes.empty()) tools_.reporter.roles_changed(*group, changes, std::nullopt);
    begin(*group, known ? Event{Resumed{.restart_silence = !same}} : Event{Startup{}});
}

void Routers::adopt(const Model& model) {
    const Taken taken = take_apart(model);
    for (const auto& [id, setting] : model.groups)
        if (!groups_.contains(id)) make_group(setting, model, taken);
    index();
}

}  // namespace holdfast::vrrp
