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
    for (std::size_t segment = 0; segment < plan_.segments; ++segment) {
        const int base = plan_.priorities[index];
        const int priority = base == 255 ? base : std::clamp(base + host.weight, 1, 254);
        std::vector<vrrp::Cause> causes;
        if (!host.link_up[segment])
            causes.push_back({vrrp::Cause::Kind::interface_down, fmt::format("eth{}", segment)});
        take(index, vrrp::Judged{segment, static_cast<std::uint8_t>(priority), causes});
    }
}

void World::cold_start(std::size_t index) {
    Host& host = hosts_[index];
    host.machine_up = true;
    host.running = true;
    host.paused = false;
    ++host.lives;
    host.inbox.clear();
    host.state = {std::vector<vrrp::Router>(plan_.segments)};
    std::fill(host.owns.begin(), host.owns.end(), false);
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
    for (std::size_t member = 0; member < plan_.segments; ++member)
        take(index, vrrp::TimerFired{member});
}

void World::disturb(std::size_t number) {
    const Disturbance& what = plan_.disturbances[number];
    Host& host = hosts_[what.host];
    Segment& segment = segments_[what.segment];
    say(fmt::format("-- {} host {} segment {} for {} amount {} mask {:b}", to_text(what.kind),
                    what.host, what.segment, core::to_text(what.duration), what.amount, what.mask));
    switch (what.kind) {
        case Kind::partition:
            segment.mask = what.mask;
            return;
        case Kind::one_way:
            segment.mute = what.host;
            return;
        case Kind::loss:
            segment.loss = what.amount;
            return;
        case Kind::heal:
            segment = {};
            return;
        case Kind::reload:
            if (host.running && !host.paused) take(what.host, vrrp::Resumed{});
            return;
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
        case Kind::weight:
            host.weight = what.amount;
            if (!host.paused) judge(what.host);
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
        case Kind::weight:
            host.weight = 0;
            if (!host.paused) judge(what.host);
            return;
        case Kind::stop:
            if (host.machine_up && !host.running) cold_start(what.host);
            return;
        case Kind::partition:
        case Kind::one_way:
        case Kind::loss:
        case Kind::heal:
        case Kind::reload:
            return;
    }
}

}  // namespace holdfast::sim
