#include "vrrpd/status.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "proto/status.pb.h"
#include "vrrpd/requests.hpp"

namespace holdfast::vrrp {

namespace {

using Entry = messages::v1::VrrpStatus::Instance;

constexpr std::string_view kUnheard =
    "peer with lower priority is Active: our advertisements do not reach it";

double wall_clock(core::Instant at, const loop::Loop& loop) {
    return loop.wall_clock_seconds() - std::chrono::duration<double>(loop.now() - at).count();
}

void add_causes(const Router& router, const std::string& prefix, const loop::Loop& loop,
                Entry& entry) {
    for (const StandingCause& each : router.causes) {
        auto& cause = *entry.add_causes();
        cause.set_text(prefix + to_text(each.cause));
        cause.set_since_timestamp_seconds(wall_clock(each.since, loop));
    }
}

void add_counters(const Counters& counters, Entry& entry) {
    entry.set_advertisements_sent(counters.advertisements_sent);
    entry.set_advertisements_received(counters.advertisements_received);
    entry.set_became_active(counters.became_active);
    entry.set_released_active(counters.released_active);
    entry.set_priority_zero_sent(counters.priority_zero_sent);
    entry.set_priority_zero_received(counters.priority_zero_received);
    entry.set_errors_received(counters.errors_received);
}

void add_unknown(const Strangers& strangers, const loop::Loop& loop,
                 messages::v1::VrrpStatus& status) {
    for (const auto& [kind, seen] : strangers.all()) {
        auto& made = *status.add_unknown();
        made.set_interface(kind.interface);
        made.set_ipv6(kind.family == core::Family::ipv6);
        made.set_vrid(kind.vrid);
        made.set_count(seen.count);
        made.set_last_source(seen.source.text());
        made.set_last_timestamp_seconds(wall_clock(seen.last, loop));
    }
}

void add_send_errors(const Observations& seen, const loop::Loop& loop, Entry& entry) {
    for (const auto& [error, what] : seen.send_errors()) {
        auto& made = *entry.add_send_errors();
        made.set_error(static_cast<std::uint32_t>(error));
        made.set_text(core::Error::from_errno(error, "send").text());
        made.set_count(what.count);
        made.set_last_timestamp_seconds(wall_clock(what.last, loop));
    }
    if (seen.failing() == EPERM) entry.add_warnings("local firewall refuses advertisements");
}

void add_packets(const Counters& counters, const Observations& seen, const loop::Loop& loop,
                 Entry& entry) {
    for (std::size_t each = 0; each < kRejections; ++each) {
        if (counters.refused[each] == 0) continue;
        const auto why = static_cast<Rejection>(each);
        auto& made = *entry.add_refused();
        made.set_reason(std::string(to_text(why)));
        made.set_count(counters.refused[each]);
        const auto latest = seen.refused().find(why);
        if (latest == seen.refused().end()) continue;  // a predecessor's
        made.set_last_source(latest->second.source.text());
        made.set_last_timestamp_seconds(wall_clock(latest->second.last, loop));
    }
    for (const HeardRouter& each : seen.heard()) {
        auto& made = *entry.add_heard();
        made.set_address(each.address.text());
        made.set_priority(each.priority);
        made.set_advert_interval_us(static_cast<std::uint64_t>(each.interval.count()));
        made.set_last_timestamp_seconds(wall_clock(each.last, loop));
        made.set_count(each.count);
        made.set_addresses_differ(each.addresses_differ);
        for (const core::Address& address : each.addresses) made.add_addresses(address.text());
        made.set_address_count(static_cast<std::uint32_t>(each.address_count));
    }
}

void add_episodes(const Observations& seen, const loop::Loop& loop, Entry& entry) {
    entry.set_episode_count(seen.episode_count());
    if (!seen.episodes().empty() && !seen.episodes().back().end)
        entry.add_warnings(std::string(kUnheard));
    for (auto each = seen.episodes().rbegin(); each != seen.episodes().rend(); ++each) {
        auto& made = *entry.add_episodes();
        made.set_peer(each->peer.text());
        made.set_peer_priority(each->priority);
        made.set_start_timestamp_seconds(wall_clock(each->start, loop));
        if (!each->end) continue;
        made.set_end_timestamp_seconds(wall_clock(*each->end, loop));
        made.set_end(each->how_it_ended);
    }
}

void add_observations(const Counters& counters, const Observations& seen, const loop::Loop& loop,
                      Entry& entry) {
    add_send_errors(seen, loop, entry);
    add_packets(counters, seen, loop, entry);
    add_episodes(seen, loop, entry);
    if (seen.last_sent())
        entry.set_last_sent_timestamp_seconds(wall_clock(*seen.last_sent(), loop));
    entry.set_addresses_differed(seen.addresses_differed());
    entry.set_intervals_differed(seen.intervals_differed());
    if (const auto& last = seen.last_change()) {
        auto& made = *entry.mutable_last_transition();
        made.set_old_state(in_message(last->what.from));
        made.set_new_state(in_message(last->what.to));
        made.set_reason(last->what.because);
        made.set_timestamp_seconds(wall_clock(last->at, loop));
    }
}

void fill(const Instance& instance, const loop::Loop& loop, Entry& entry) {
    const InstanceSetting& setting = instance.setting();
    const Router& router = instance.router();
    const StateName state = name_of(router.state);
    entry.set_id(instance.id().value);
    entry.set_name(setting.name);
    entry.set_interface(setting.interface);
    entry.set_vrid(setting.expected.vrid);
    entry.set_ipv6(setting.expected.family == core::Family::ipv6);
    entry.set_state(in_message(state));
    entry.set_base_priority(setting.base_priority);
    entry.set_effective_priority(router.priority);
    for (const std::string& address : setting.address_texts) entry.add_addresses(address);
    entry.set_since_timestamp_seconds(instance.since());
    entry.set_version(static_cast<std::uint32_t>(setting.router.version));
    entry.set_advert_interval_us(
        static_cast<std::uint64_t>(setting.router.advert_interval.count()));
    if (!setting.group.empty()) entry.set_group(setting.group);
    if (state == StateName::active) {
        entry.set_active_address(instance.group().source(instance.member()).text());
        entry.set_active_priority(router.rank());
    } else if (router.active && router.active->priority > 0) {
        entry.set_active_address(router.active->source.text());
        entry.set_active_priority(router.active->priority);
    }
    add_counters(instance.counters(), entry);
    add_observations(instance.counters(), instance.observations(), loop, entry);
    add_causes(router, "", loop, entry);
    if (state == StateName::backup || state == StateName::active) return;
    for (const Instance* other : instance.group().members())
        if (other != &instance)
            add_causes(other->router(), fmt::format("with {}: ", other->setting().name), loop,
                       entry);
}

}  // namespace

messages::v1::VrrpStatus status_of(const Routers& routers, const Strangers& strangers,
                                   const loop::Loop& loop) {
    messages::v1::VrrpStatus status;
    for (const auto& [id, instance] : routers.instances()) {
        Entry& entry = *status.add_instances();
        fill(*instance, loop, entry);
        for (std::string& vote : routers.votes(*instance)) entry.add_votes(std::move(vote));
    }
    add_unknown(strangers, loop, status);
    status.set_timestamp_seconds(loop.wall_clock_seconds());
    return status;
}

}  // namespace holdfast::vrrp
