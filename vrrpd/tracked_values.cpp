#include "vrrpd/tracked_values.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace holdfast::vrrp {

TrackedValues::TrackedValues(loop::Loop& loop, log::Logger& log, Changed changed)
    : loop_(loop), log_(log), changed_(std::move(changed)) {}

void TrackedValues::adopt(const Model& model, bool start) {
    before_.clear();
    for (auto each = watched_.begin(); each != watched_.end();) {
        before_.insert(each->first);
        each = model.watched.contains(each->first) ? std::next(each) : watched_.erase(each);
    }
    for (const auto& [id, setting] : model.watched) apply(setting, start);
}

void TrackedValues::apply(const WatchedSetting& setting, bool start) {
    auto& watched = watched_[setting.id];
    if (watched == nullptr) {
        watched = std::make_unique<Watched>(loop_, [this, id = setting.id] { time_passed(id); });
        watched->awaited = start;
    }
    const bool other_rules = watched->setting.process != setting.process;
    watched->setting = setting;
    if (setting.kind == Tracker::Kind::process && other_rules)
        set_process(*watched, counted_anew(setting.process, watched->process));
}

void TrackedValues::stop() {
    watched_.clear();
}

core::Result<TrackedValues::Watched*> TrackedValues::find(core::ObjectId id) {
    const auto found = watched_.find(id);
    if (found != watched_.end()) return found->second.get();
    if (before_.contains(id)) return static_cast<Watched*>(nullptr);
    return core::Error::from_errno(EBADMSG, "value of " + core::to_text(id));
}

core::Status TrackedValues::take_value(core::ObjectId id, std::int64_t value) {
    const auto found = find(id);
    if (!found) return found.error();
    if (*found == nullptr) return core::Done{};
    Watched& watched = **found;
    switch (watched.setting.kind) {
        case Tracker::Kind::file:
            take_file(watched, value);
            return core::Done{};
        case Tracker::Kind::process:
            if (value < 0) return core::Error::from_errno(ERANGE, "number of processes");
            set_process(watched, counted(watched.setting.process, watched.process,
                                         static_cast<std::uint64_t>(value), loop_.now()));
            return core::Done{};
        default:
            return core::Error::from_errno(EBADMSG, "value of " + core::to_text(id));
    }
}

core::Status TrackedValues::take_quorum(core::ObjectId service, bool met) {
    const auto found = find(service);
    if (!found) return found.error();
    if (*found == nullptr) return core::Done{};
    Watched& watched = **found;
    if (watched.setting.kind != Tracker::Kind::service)
        return core::Error::from_errno(EBADMSG, "quorum of " + core::to_text(service));
    const Condition now = met ? Condition::up : Condition::down;
    if (std::exchange(watched.condition, now) == now) return core::Done{};
    log_.notice("VRRP_QUORUM", fmt::format("{} {}", watched.setting.name, met ? "met" : "lost"));
    changed_(service);
    return core::Done{};
}

void TrackedValues::take_file(Watched& file, std::int64_t number) {
    const bool known = std::exchange(file.condition, Condition::up) == Condition::up;
    if (std::exchange(file.number, number) == number && known) return;
    log_.info("VRRP_FILE", fmt::format("{} says {}", file.setting.name, number));
    changed_(file.setting.id);
}

void TrackedValues::set_process(Watched& process, const ProcessHealth& health) {
    const Condition before = process.process.condition;
    process.process = health;
    if (health.turns_at)
        process.delay.at(*health.turns_at);
    else
        process.delay.cancel();
    if (health.condition == before) return;
    log_.notice("VRRP_PROCESS",
                fmt::format("{} {}: {} running", process.setting.name,
                            health.condition == Condition::up ? "up" : "down", health.count));
    changed_(process.setting.id);
}

void TrackedValues::time_passed(core::ObjectId id) {
    Watched& process = *watched_.at(id);
    set_process(process, passed(process.process, loop_.now()));
}

Condition TrackedValues::condition(core::ObjectId id) const {
    const auto found = watched_.find(id);
    if (found == watched_.end()) return Condition::unknown;
    const Watched& watched = *found->second;
    return watched.setting.kind == Tracker::Kind::process ? watched.process.condition
                                                          : watched.condition;
}

std::int64_t TrackedValues::number(core::ObjectId file) const {
    const auto found = watched_.find(file);
    return found == watched_.end() ? 0 : found->second->number;
}

bool TrackedValues::awaited(core::ObjectId id) const {
    const auto found = watched_.find(id);
    return found != watched_.end() && found->second->awaited;
}

}  // namespace holdfast::vrrp
