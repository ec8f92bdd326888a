#include <algorithm>

#include <fmt/format.h>

#include "tests/sim/world.hpp"

namespace holdfast::sim {

namespace {

using namespace std::chrono_literals;
using Kind = Disturbance::Kind;

}  // namespace

void World::judge(std::size_t index) {
    Host& host = hosts_[index];
    const vrrp::Standing standing = vrrp::judge(host.priority, host.trackers);
    for (std::size_t member = 0; member < host.segments.size(); ++member) {
        const std::size_t segment = host.segments[member];
        std::vector<vrrp::Cause> causes = standing.causes;
        if (!host.link_up[segment])
            causes.push_back({vrrp::Cause::Kind::interface_down, fmt::format("eth{}", segment)});
        if (host.contested[segment]) causes.push_back({vrrp::Cause::Kind::contested, "address"});
        take(index, vrrp::Judged{member, standing.priority, causes});
    }
}

/// As Routers carries a group over to the next configuration.
void World::reload(std::size_t index, bool other_interval) {
    if (!hosts_[index].running || hosts_[index].paused) return;
    configure(index);
    take(index, vrrp::Resumed{.restart_silence = other_interval});
    judge(index);
}

void World::change_member(std::size_t index, std::size_t segment, bool present) {
    Host& host = hosts_[index];
    const auto member = member_on(index, segment);
    if (present == member.has_value() || !host.running || host.paused) return;
    if (present) {
        host.segments.push_back(segment);
        host.state.members.emplace_back();
        host.joining[segment] = true;
    } else {
        if (host.segments.size() == 1) return;
        const vrrp::Step last = vrrp::become_initialize(host.state.members[*member], "removed");
        for (const vrrp::Act& act : last.acts) carry_out(index, {*member, act});
        host.segments.erase(host.segments.begin() + static_cast<std::ptrdiff_t>(*member));
        host.state.members.erase(host.state.members.begin() + static_cast<std::ptrdiff_t>(*member));
    }
    reload(index, false);
}

void World::cold_start(std::size_t index) {
    Host& host = hosts_[index];
    host.machine_up = true;
    host.running = true;
    host.paused = false;
    ++host.lives;
    host.inbox.clear();
    host.state = {std::vector<vrrp::Router>(host.segments.size())};
    std::fill(host.owns.begin(), host.owns.end(), false);
    std::fill(host.in_episode.begin(), host.in_episode.end(), false);
    std::fill(host.joining.begin(), host.joining.end(), false);
    judge(index);
    take(index, vrrp::Startup{});
}

void World::lose_vrrpd(std::size_t index) {
    Host& host = hosts_[index];
    host.running = false;
    host.paused = false;
    host.stopped_at = now_;
    ++host.lives;
    schedule({.at = now_ + std::max(down_interval(index), core::Interval{1s}),
              .sequence = 0,
              .what = Entry::What::withdraw,
              .host = index,
              .generation = host.lives});
}

/// A restart: the records of the predecessor, then every queue, then the timers.
void World::successor(std::size_t index) {
    Host& host = hosts_[index];
    if (now_ - host.stopped_at > down_interval(index)) return cold_start(index);
    host.running = true;
    host.back_at = now_;
    ++host.lives;
    take(index, vrrp::Resumed{});
    judge(index);
    read_queue(index);
}

void World::wake(std::size_t index) {
    Host& host = hosts_[index];
    if (!host.running || !host.paused) return;
    host.paused = false;
    host.back_at = now_;
    judge(index);
    read_queue(index);
    for (std::size_t member = 0; member < hosts_[index].segments.size(); ++member)
        take(index, vrrp::TimerFired{member});
}

void World::turn_tracker(const Disturbance& what, vrrp::Condition condition) {
    Host& host = hosts_[what.host];
    if (host.trackers.empty()) return;
    host.trackers[static_cast<std::size_t>(what.amount) % host.trackers.size()].condition =
        condition;
    if (!host.paused) judge(what.host);
}

/// The host is paused or away: what is over is done when it can be.
void World::retry_later(std::size_t number) {
    schedule({.at = now_ + plan_.interval / 4,
              .sequence = 0,
              .what = Entry::What::over,
              .disturbance = number});
}

void World::disturb(std::size_t number) {
    const Disturbance& what = plan_.disturbances[number];
    Host& host = hosts_[what.host];
    Segment& segment = segments_[what.segment];
    say(fmt::format("-- {} host {} segment {} for {} amount {} mask {:b}", to_text(what.kind),
                    what.host, what.segment, core::to_text(what.duration), what.amount, what.mask));
    // Whoever goes while it is cut off takes with it what it could have told.
    const bool goes = what.kind == Kind::crash || what.kind == Kind::crash_cold ||
                      what.kind == Kind::stop || what.kind == Kind::sleep ||
                      what.kind == Kind::link || what.kind == Kind::contested ||
                      what.kind == Kind::tracker;
    if (goes && (segments_[0].mute || segments_[0].mask)) unknowable_ = true;
    switch (what.kind) {
        case Kind::partition:
            segment.mask = what.mask;
            return;
        case Kind::one_way:
            segment.mute = what.host;
            return;
        case Kind::deaf:
            segment.deaf = what.host;
            unknowable_ = true;
            return;
        case Kind::loss:
            segment.loss = what.amount;
            unknowable_ = true;
            return;
        case Kind::heal:
            segment = {};
            return;
        case Kind::reload:
            return reload(what.host, false);
        case Kind::priority:
            if (host.priority != vrrp::kOwnerPriority)
                host.priority = static_cast<std::uint8_t>(1 + what.amount * 5 / 2);
            return reload(what.host, false);
        case Kind::interval:
            if (plan_.version == vrrp::Version::v3 && host.running && !host.paused) {
                host.interval = plan_.interval * what.amount;
                host.interval_since = now_;
            }
            return reload(what.host, true);
        case Kind::pause:
        case Kind::sleep:
            if (!host.running || host.paused) return;
            host.paused = true;
            host.stopped_at = now_;
            break;
        case Kind::crash:
            if (!host.running) return;
            lose_vrrpd(what.host);
            break;
        case Kind::crash_cold:
            if (!host.machine_up) return;
            host.machine_up = host.running = false;
            ++host.lives;
            std::fill(host.owns.begin(), host.owns.end(), false);
            break;
        case Kind::link:
            host.link_up[what.segment] = false;
            if (!host.paused) judge(what.host);
            break;
        case Kind::tracker:
            turn_tracker(what, vrrp::Condition::down);
            break;
        case Kind::contested:
            host.contested[what.segment] = true;
            if (!host.paused) judge(what.host);
            break;
        case Kind::member:
            change_member(what.host, what.segment, false);
            break;
        case Kind::stop:
            if (!host.running || host.paused) return;
            take(what.host, vrrp::Shutdown{});
            host.running = false;
            ++host.lives;
            break;
    }
    schedule({.at = now_ + what.duration,
              .sequence = 0,
              .what = Entry::What::over,
              .generation = host.lives,
              .disturbance = number});
}

void World::over(std::size_t number) {
    const Disturbance& what = plan_.disturbances[number];
    Host& host = hosts_[what.host];
    say(fmt::format("-- {} of host {} is over", to_text(what.kind), what.host));
    switch (what.kind) {
        case Kind::pause:
            return wake(what.host);
        case Kind::sleep:
            // CLOCK_MONOTONIC stood still: to the process no time has passed.
            if (!host.running || !host.paused) return;
            host.paused = false;
            host.back_at = now_;
            host.inbox.clear();
            judge(what.host);
            return take(what.host, vrrp::Slept{now_ - host.stopped_at});
        case Kind::crash:
            if (host.machine_up && !host.running) successor(what.host);
            return;
        case Kind::crash_cold:
            if (!host.machine_up) cold_start(what.host);
            return;
        case Kind::link:
            host.link_up[what.segment] = true;
            if (!host.paused) judge(what.host);
            return;
        case Kind::tracker:
            return turn_tracker(what, vrrp::Condition::up);
        case Kind::contested:
            host.contested[what.segment] = false;
            if (!host.paused) judge(what.host);
            return;
        case Kind::member:
            // Whoever cannot be reloaded now is configured when it starts.
            if (!host.running || host.paused) return retry_later(number);
            return change_member(what.host, what.segment, true);
        case Kind::stop:
            if (host.machine_up && !host.running) cold_start(what.host);
            return;
        case Kind::partition:
        case Kind::one_way:
        case Kind::deaf:
        case Kind::loss:
        case Kind::heal:
        case Kind::reload:
        case Kind::priority:
        case Kind::interval:
            return;
    }
}

}  // namespace holdfast::sim
