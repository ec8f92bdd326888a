#include "vrrpd/router.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "vrrpd/active_router.hpp"
#include "vrrpd/backup_router.hpp"
#include "vrrpd/start_up_hold.hpp"

namespace holdfast::vrrp {

namespace {

using core::Instant;
using core::Interval;

constexpr std::uint8_t kYielded = 254;
constexpr Interval kSecond = std::chrono::seconds{1};

Step change(Router router, RouterState state, Acts acts, const std::string& because) {
    const StateName from = name_of(router.state);
    if (const auto* active = std::get_if<Active>(&router.state))
        if (active->rival && active->rival->told)
            acts.emplace_back(DualEnded{*active->rival, DualEnded::How::gave_way});
    router.state = state;
    acts.emplace_back(StateChanged{from, name_of(router.state), because});
    return {.router = std::move(router), .acts = std::move(acts)};
}

}  // namespace

bool outranks(const Rank& theirs, const Rank& ours) {
    if (theirs.priority != ours.priority) return theirs.priority > ours.priority;
    return theirs.address > ours.address;
}

std::uint8_t Router::rank() const {
    return yielded_ownership && priority == kOwnerPriority ? kYielded : priority;
}

Interval skew_time(const RouterParameters& parameters, std::uint8_t priority,
                   Interval active_adver_interval) {
    const Interval whole = parameters.version == Version::v2 ? kSecond : active_adver_interval;
    return whole * (256 - priority) / 256;
}

Interval active_down_interval(const RouterParameters& parameters, std::uint8_t priority,
                              Interval active_adver_interval) {
    return parameters.down_timer_adverts * active_adver_interval +
           skew_time(parameters, priority, active_adver_interval);
}

Step timer_fired(const RouterParameters& p, Router router, Instant now) {
    if (std::holds_alternative<Backup>(router.state))
        return silence_over(p, std::move(router), now);
    if (std::holds_alternative<Active>(router.state)) return advertise(p, std::move(router), now);
    return {.router = std::move(router)};
}

Step advertisement_heard(const RouterParameters& p, Router router, const AdvertisementHeard& heard,
                         Instant now) {
    if (p.owner_ignores_adverts && router.priority == kOwnerPriority)
        return {.router = std::move(router)};
    if (std::holds_alternative<Backup>(router.state))
        return heard_as_backup(p, std::move(router), heard, now);
    if (std::holds_alternative<Active>(router.state)) {
        Step step = heard_as_active(p, std::move(router), heard, now);
        if (step.proposal == Proposal::backup && step.router.active) step.router.active->at = now;
        return step;
    }
    return {.router = std::move(router)};
}

Step reprioritised(const RouterParameters& p, Router router, std::uint8_t priority) {
    const std::uint8_t before = router.priority;
    router.priority = priority;
    if (priority != kOwnerPriority) router.yielded_ownership = false;
    auto* backup = std::get_if<Backup>(&router.state);
    if (backup == nullptr || before == priority) return {.router = std::move(router)};
    backup->active_down_at += skew_time(p, priority, backup->active_adver_interval) -
                              skew_time(p, before, backup->active_adver_interval);
    if (priority == kOwnerPriority) {
        // An owner does not wait: its time is over, and it is not late.
        backup->active_down_at = std::max(backup->since, backup->held_until);
        backup->listened = true;
    }
    const Instant deadline = backup->active_down_at;
    return {.router = std::move(router), .acts = {SetTimer{deadline}}};
}

Step become_active(const RouterParameters& p, Router router, const std::string& because,
                   Instant now) {
    const Instant next = now + p.advert_interval;
    Acts acts{SendAdvertisement{router.rank()}, SetTimer{next}};
    return change(std::move(router), Active{.adver_at = next, .sent_at = now, .since = now},
                  std::move(acts), because);
}

Step become_backup(const RouterParameters& p, Router router, const std::string& because,
                   Instant now, std::optional<Interval> adopted) {
    const bool adopts = adopted && p.version == Version::v3;
    Backup backup{.active_adver_interval = adopts ? *adopted : p.advert_interval};
    backup.held_until = before_start(router, now) ? hold_end(p, now) : Instant{};
    backup.since = std::max(now, backup.held_until);
    backup.active_down_at =
        backup.since + active_down_interval(p, router.rank(), backup.active_adver_interval);
    // An owner does not wait, unless it has just given way to another one.
    if (router.rank() == kOwnerPriority && !adopted) backup.active_down_at = backup.since;
    return change(std::move(router), backup, {SetTimer{backup.active_down_at}}, because);
}

Step become_fault(Router router, const std::string& because, Instant now) {
    const bool first = before_start(router, now);
    Acts acts;
    if (std::holds_alternative<Active>(router.state)) acts.emplace_back(SendAdvertisement{0});
    acts.emplace_back(CancelTimer{});
    return change(std::move(router), Fault{.before_start = first}, std::move(acts), because);
}

Step become_initialize(Router router, const std::string& because) {
    Acts acts;
    if (std::holds_alternative<Active>(router.state)) acts.emplace_back(SendAdvertisement{0});
    acts.emplace_back(CancelTimer{});
    return change(std::move(router), Initialize{}, std::move(acts), because);
}

Step wait_for_group(const RouterParameters& p, Router router, Instant now) {
    auto& backup = std::get<Backup>(router.state);
    backup.active_down_at = std::max(now, backup.held_until) +
                            active_down_interval(p, router.rank(), backup.active_adver_interval);
    const Instant deadline = backup.active_down_at;
    return {.router = std::move(router), .acts = {SetTimer{deadline}}};
}

std::string to_text(const AdvertisementHeard& heard) {
    return fmt::format("{} advertises priority {}", heard.source.text(), unsigned{heard.priority});
}

std::string in_seconds(Interval interval) {
    const double value = std::chrono::duration<double>(interval).count();
    return fmt::format("{:.3g} s", value);
}

StateName name_of(const RouterState& state) {
    return static_cast<StateName>(state.index());
}

std::string_view to_text(StateName name) {
    switch (name) {
        case StateName::initialize:
            return "init";
        case StateName::backup:
            return "backup";
        case StateName::active:
            return "active";
        case StateName::fault:
            return "fault";
    }
    return "?";
}

}  // namespace holdfast::vrrp
