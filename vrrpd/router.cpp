#include "vrrpd/router.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace holdfast::vrrp {

namespace {

using core::Instant;
using core::Interval;

constexpr std::uint8_t kYielded = 254;
constexpr Interval kSecond = std::chrono::seconds{1};
/// A rival that is silent for so many of its intervals is Active no longer.
constexpr int kRivalSilence = 3;
/// An Active Router answers a rival at once, but not each of a thousand packets a second.
constexpr Interval kAssertionGap = std::chrono::milliseconds{10};
/// Nor each of thousands that say priority 0; one in this time answers those after the first.
constexpr Interval kZeroGap = std::chrono::milliseconds{1};

std::string seconds(Interval interval) {
    const double value = std::chrono::duration<double>(interval).count();
    return fmt::format("{:.3g} s", value);
}

Interval own_down_interval(const RouterParameters& p, const Router& router) {
    return active_down_interval(p, router.priority, p.advert_interval);
}

Step change(Router router, RouterState state, Acts acts, const std::string& because) {
    const StateName from = name_of(router.state);
    if (const auto* active = std::get_if<Active>(&router.state))
        if (active->rival && active->rival->told)
            acts.emplace_back(DualEnded{*active->rival, DualEnded::How::gave_way});
    router.state = state;
    acts.emplace_back(StateChanged{from, name_of(router.state), because});
    return {.router = std::move(router), .acts = std::move(acts)};
}

/// Nobody is heard any more, but the start-up hold is not over: whoever waits with us goes in the
/// order of priorities then.
Instant after_hold(const RouterParameters& p, const Router& router, const Backup& backup,
                   Instant down_at) {
    if (down_at >= backup.held_until) return down_at;
    return backup.held_until + skew_time(p, router.priority, backup.active_adver_interval);
}

/// Restarts the silence of a Backup: an advertisement of the Active Router was accepted.
Step accept(const RouterParameters& p, Router router, Backup now_backup,
            const AdvertisementHeard& heard, Instant now) {
    now_backup.active_adver_interval =
        p.version == Version::v3 ? heard.max_advertise_interval : p.advert_interval;
    now_backup.active_down_at = after_hold(
        p, router, now_backup,
        now + active_down_interval(p, router.priority, now_backup.active_adver_interval));
    now_backup.since = now;
    now_backup.wants_active = false;
    now_backup.gave_up = false;
    now_backup.listened = false;
    const Instant deadline = now_backup.active_down_at;
    router.state = now_backup;
    router.active = Heard{heard.source, heard.priority, now};
    return {
        .router = std::move(router), .acts = {SetTimer{deadline}}, .proposal = Proposal::backup};
}

/// RFC 9568 6.4.2, with keepalived's preempt delay.
Step heard_as_backup(const RouterParameters& p, Router router, const AdvertisementHeard& heard,
                     Instant now) {
    Backup backup = std::get<Backup>(router.state);
    if (heard.priority == 0) {
        // Never later than it would have been: repeated zeros must not hold a Backup off.
        const Instant skewed = now + skew_time(p, router.priority, backup.active_adver_interval);
        backup.active_down_at =
            std::min(backup.active_down_at, after_hold(p, router, backup, skewed));
        backup.gave_up = true;
        router.state = backup;
        router.active = Heard{heard.source, 0, now};
        return {.router = std::move(router), .acts = {SetTimer{backup.active_down_at}}};
    }
    const bool gave_in = router.active && router.active->source == heard.source;
    if (router.yielded_ownership && gave_in && heard.priority < kOwnerPriority) {
        router.yielded_ownership = false;
        backup.active_down_at = now;
        router.state = backup;
        return {.router = std::move(router), .acts = {SetTimer{now}}};
    }
    const bool preempts = !p.nopreempt || router.priority == kOwnerPriority;
    if (heard.priority >= router.rank()) {
        backup.preempt_at.reset();
    } else if (preempts) {
        if (p.preempt_delay > Interval::zero() && !backup.preempt_at)
            backup.preempt_at = now + p.preempt_delay;
        if (!backup.preempt_at || now >= *backup.preempt_at) {
            router.state = backup;
            return {.router = std::move(router),
                    .acts = {Noticed{Noticed::What::lower_priority, heard.source, heard.priority}}};
        }
    }
    return accept(p, std::move(router), backup, heard, now);
}

/// Sends at once, unless that was done a moment ago; the Adver_Timer runs on (RFC 9568 6.4.3). One
/// that is due sends in this turn anyway, after everything that has arrived was read.
void assert_active(const RouterParameters& p, const Router& router, Active& active, Acts& acts,
                   Instant now) {
    if (p.lower_priority_no_advert || now < active.sent_at + kAssertionGap) return;
    if (now >= active.adver_at) return;
    active.sent_at = now;
    acts.emplace_back(SendAdvertisement{router.rank()});
}

/// Somebody gave up, and whoever else is Backup now waits only Skew_Time (RFC 9568 6.4.3).
void answer_zero(const RouterParameters& p, const Router& router, Active& active, Acts& acts,
                 Instant now) {
    if (now >= active.adver_at) return;  // it sends in this turn anyway
    if (now < active.sent_at + kZeroGap) {
        active.adver_at = std::min(active.adver_at, active.sent_at + kZeroGap);
    } else {
        active.sent_at = now;
        active.adver_at = now + p.advert_interval;
        acts.emplace_back(SendAdvertisement{router.rank()});
    }
    acts.emplace_back(SetTimer{active.adver_at});
}

Rival rival_in(const RouterParameters& p, const AdvertisementHeard& heard, Instant began,
               Instant now) {
    return {.address = heard.source,
            .priority = heard.priority,
            .interval = p.version == Version::v3 ? heard.max_advertise_interval : p.advert_interval,
            .began = began,
            .heard_at = now};
}

/// A router that we outrank is Active as well: an episode begins, or goes on.
void meet_rival(const RouterParameters& p, Active& active, const AdvertisementHeard& heard,
                Acts& acts, Instant now) {
    // Where we were silent ourselves, it could take over before we hear of it.
    const Instant took_over =
        active.sent_at + active_down_interval(p, heard.priority, p.advert_interval);
    Rival met = rival_in(p, heard, std::max(active.since, std::min(now, took_over)), now);
    if (active.rival) {
        met.began = active.rival->began;
        met.told = active.rival->told;
        met.give_way_at = active.rival->give_way_at;
    }
    if (!met.told && now > active.since + p.advert_interval) {
        met.told = true;
        acts.emplace_back(DualBegan{met});
    }
    active.rival = met;
}

/// It did not speak for three of its intervals, or said that it gives up.
void rival_gone(Active& active, Acts& acts) {
    if (active.rival->told)
        acts.emplace_back(DualEnded{*active.rival, DualEnded::How::rival_silent});
    active.rival.reset();
}

/// A second owner with the lower address, which should have backed off: two more advertisements
/// and 1.2 times the larger interval, then we are no owner any more. True when we give way now.
bool give_way_to_rival(const RouterParameters& p, Rival& rival, Instant now) {
    if (!rival.give_way_at) {
        const Interval larger = std::max(p.advert_interval, rival.interval);
        rival.give_way_at = now + 2 * p.advert_interval + larger * 6 / 5;
    }
    return now >= *rival.give_way_at;
}

/// Who outranks us was Active before us and has not given up: it may have been Active for long
/// without hearing us.
void note_late_return(const RouterParameters& p, const Router& router,
                      const AdvertisementHeard& heard, Acts& acts, Instant now) {
    const auto& active = std::get<Active>(router.state);
    const bool crosses = now <= active.since + p.advert_interval;
    const bool gave_up = router.active && router.active->priority == 0;
    const bool returns = router.active && router.active->source == heard.source;
    if (active.rival || !returns || gave_up || crosses) return;
    const Rival rival = rival_in(p, heard, active.since, now);
    acts.emplace_back(DualBegan{rival});
    acts.emplace_back(DualEnded{rival, DualEnded::How::gave_way_late});
}

Step yield_to(const RouterParameters& p, Router router, const AdvertisementHeard& heard,
              Acts acts) {
    if (p.higher_priority_send_advert) acts.emplace_back(SendAdvertisement{router.rank()});
    router.active = Heard{heard.source, heard.priority, {}};
    return {.router = std::move(router), .acts = std::move(acts), .proposal = Proposal::backup};
}

/// Others have taken over while this process was kept from running, and it does not take back.
bool lost_by_silence(const RouterParameters& p, const Router& router, const Active& active,
                     Instant now) {
    return p.nopreempt && router.priority != kOwnerPriority &&
           now - active.sent_at >
               active_down_interval(
                   p, p.late_backup_priority != 0 ? p.late_backup_priority : router.priority,
                   p.advert_interval);
}

Step leave_to_others(Router router, Interval stopped, Acts acts = {}) {
    return {.router = std::move(router),
            .acts = std::move(acts),
            .proposal = Proposal::backup,
            .because = fmt::format("was stopped for {} and does not preempt", seconds(stopped))};
}

/// RFC 9568 6.4.3.
Step heard_as_active(const RouterParameters& p, Router router, const AdvertisementHeard& heard,
                     Instant now) {
    Active active = std::get<Active>(router.state);
    Acts acts;
    if (heard.priority == 0) {
        if (active.rival && active.rival->address == heard.source) rival_gone(active, acts);
        answer_zero(p, router, active, acts, now);
        router.state = active;
        return {.router = std::move(router), .acts = std::move(acts)};
    }
    if (heard.priority == router.rank() && heard.source == p.source)
        return {.router = std::move(router),
                .acts = {Noticed{Noticed::What::own_address, heard.source, heard.priority}}};
    if (p.outranks({heard.priority, heard.source}, {router.rank(), p.source})) {
        note_late_return(p, router, heard, acts, now);
        return yield_to(p, std::move(router), heard, std::move(acts));
    }
    if (lost_by_silence(p, router, active, now)) {
        meet_rival(p, active, heard, acts, now);
        router.active = Heard{heard.source, heard.priority, {}};
        router.state = active;
        return leave_to_others(std::move(router), now - active.adver_at, std::move(acts));
    }

    meet_rival(p, active, heard, acts, now);
    if (heard.priority == kOwnerPriority) {
        acts.emplace_back(Noticed{Noticed::What::second_owner, heard.source, heard.priority});
        if (give_way_to_rival(p, *active.rival, now)) {
            router.yielded_ownership = true;
            router.state = active;
            return yield_to(p, std::move(router), heard, std::move(acts));
        }
    }
    assert_active(p, router, active, acts, now);
    acts.emplace_back(AnnounceAgain{AnnounceAgain::Why::lower_priority});
    router.state = active;
    return {.router = std::move(router), .acts = std::move(acts)};
}

/// It has never been able to run, or was still held when it no longer could: its hold begins when
/// it can.
bool before_start(const Router& router, Instant now) {
    if (const auto* fault = std::get_if<Fault>(&router.state)) return fault->before_start;
    if (const auto* backup = std::get_if<Backup>(&router.state)) return now < backup->held_until;
    return std::holds_alternative<Initialize>(router.state);
}

Step silence_over(const RouterParameters& p, Router router, Instant now) {
    Backup backup = std::get<Backup>(router.state);
    if (now < backup.active_down_at)
        return {.router = std::move(router), .acts = {SetTimer{backup.active_down_at}}};
    if (now - backup.active_down_at > backup.active_adver_interval && !backup.listened) {
        // We were stopped ourselves and may have missed what was said: listen once more, for as
        // long as an Active Router may be silent.
        backup.listened = true;
        backup.active_down_at = now + backup.active_adver_interval +
                                skew_time(p, router.priority, backup.active_adver_interval);
        router.state = backup;
        return {.router = std::move(router), .acts = {SetTimer{backup.active_down_at}}};
    }
    backup.wants_active = true;
    router.yielded_ownership = false;
    std::string because = router.priority == kOwnerPriority ? "owner of the addresses"
                          : backup.gave_up && router.active
                              ? router.active->source.text() + " gave up"
                              : "no advertisement for " + seconds(now - backup.since);
    router.state = backup;
    return {
        .router = std::move(router), .proposal = Proposal::active, .because = std::move(because)};
}

Step advertise(const RouterParameters& p, Router router, Instant now) {
    Active active = std::get<Active>(router.state);
    if (now < active.adver_at)
        return {.router = std::move(router), .acts = {SetTimer{active.adver_at}}};
    if (lost_by_silence(p, router, active, now))
        return leave_to_others(std::move(router), now - active.adver_at);
    const bool others_took_over = now - active.sent_at > own_down_interval(p, router);
    // By the old deadline, so that lateness does not add up.
    active.adver_at += p.advert_interval;
    if (active.adver_at <= now) active.adver_at = now + p.advert_interval;
    active.sent_at = now;
    Acts acts{SendAdvertisement{router.rank()}, SetTimer{active.adver_at}};
    if (others_took_over) acts.emplace_back(AnnounceAgain{AnnounceAgain::Why::reasserted});
    if (active.rival && now - active.rival->heard_at > kRivalSilence * active.rival->interval)
        rival_gone(active, acts);
    router.state = active;
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

RouterParameters at_work(RouterParameters parameters, Interval slept) {
    if (parameters.delay_after_boot > Interval::zero())
        parameters.boot_delay_over = Instant{parameters.delay_after_boot - slept};
    return parameters;
}

Instant hold_end(const RouterParameters& parameters, Instant ready) {
    return std::max(ready + parameters.start_up_hold, parameters.boot_delay_over);
}

void change_hold(const RouterParameters& before, const RouterParameters& after, Router& router,
                 Instant now) {
    auto* backup = std::get_if<Backup>(&router.state);
    if (backup == nullptr || backup->held_until <= now) return;
    Instant until = backup->held_until - before.start_up_hold + after.start_up_hold;
    if (backup->held_until == before.boot_delay_over) until = now;
    until = std::max({until, after.boot_delay_over, now});
    if (until == backup->held_until) return;
    backup->held_until = until;
    backup->since = until;
    backup->active_down_at = until;
    if (router.rank() != kOwnerPriority)
        backup->active_down_at +=
            active_down_interval(after, router.rank(), backup->active_adver_interval);
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

bool only_waits(const Cause& cause) {
    return cause.kind == Cause::Kind::script_not_run ||
           cause.kind == Cause::Kind::source_tentative ||
           cause.kind == Cause::Kind::value_unknown ||
           cause.kind == Cause::Kind::virtual_interface_missing;
}

std::string to_text(const Cause& cause) {
    switch (cause.kind) {
        case Cause::Kind::interface_missing:
            return fmt::format("interface {} does not exist", cause.subject);
        case Cause::Kind::interface_down:
            return fmt::format("interface {} is down", cause.subject);
        case Cause::Kind::no_source_address:
            return fmt::format("interface {} has no usable address", cause.subject);
        case Cause::Kind::virtual_interface_missing:
            return fmt::format("virtual interface {} is not there yet", cause.subject);
        case Cause::Kind::source_tentative:
            return fmt::format("the address of interface {} is still being checked", cause.subject);
        case Cause::Kind::no_socket:
            return fmt::format("no socket: {}", cause.subject);
        case Cause::Kind::no_unicast_peer:
            return "no unicast peer is left to speak to";
        case Cause::Kind::source_not_present:
            return fmt::format("the source address {} is not there", cause.subject);
        case Cause::Kind::tracked_interface:
            return fmt::format("tracked interface {} is not as wanted", cause.subject);
        case Cause::Kind::script_not_run:
            return fmt::format("script {} has not run yet", cause.subject);
        case Cause::Kind::script:
            return fmt::format("script {} failed", cause.subject);
        case Cause::Kind::kernel_refused:
            return fmt::format("addresses not installed: {}", cause.subject);
        case Cause::Kind::kernel_process_absent:
            return "ipvsd does not answer";
        case Cause::Kind::contested:
            return fmt::format("{} is being removed by another program", cause.subject);
        case Cause::Kind::source_duplicate:
            return fmt::format("another host has the address of interface {}", cause.subject);
        case Cause::Kind::value_unknown:
            return fmt::format("nothing is known of {} yet", cause.subject);
        case Cause::Kind::file:
            return fmt::format("the number in track_file {} means Fault", cause.subject);
        case Cause::Kind::process:
            return fmt::format("process {} does not run in the wanted number", cause.subject);
        case Cause::Kind::service:
            return fmt::format("the quorum of virtual server {} is not as wanted", cause.subject);
    }
    return "?";
}

}  // namespace holdfast::vrrp
