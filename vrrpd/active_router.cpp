#include "vrrpd/active_router.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "vrrpd/rival.hpp"

namespace holdfast::vrrp {

namespace {

using core::Instant;
using core::Interval;

/// An Active Router answers a rival at once, but not each of a thousand packets a second.
constexpr Interval kAssertionGap = std::chrono::milliseconds{10};
/// Nor each of thousands that say priority 0; one in this time answers those after the first.
constexpr Interval kZeroGap = std::chrono::milliseconds{1};

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
            .because = fmt::format("was stopped for {} and does not preempt", in_seconds(stopped))};
}

}  // namespace

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

Step advertise(const RouterParameters& p, Router router, Instant now) {
    Active active = std::get<Active>(router.state);
    if (now < active.adver_at)
        return {.router = std::move(router), .acts = {SetTimer{active.adver_at}}};
    if (lost_by_silence(p, router, active, now))
        return leave_to_others(std::move(router), now - active.adver_at);
    const bool others_took_over =
        now - active.sent_at > active_down_interval(p, router.priority, p.advert_interval);
    // By the old deadline, so that lateness does not add up.
    active.adver_at += p.advert_interval;
    if (active.adver_at <= now) active.adver_at = now + p.advert_interval;
    active.sent_at = now;
    Acts acts{SendAdvertisement{router.rank()}, SetTimer{active.adver_at}};
    if (others_took_over) acts.emplace_back(AnnounceAgain{AnnounceAgain::Why::reasserted});
    if (active.rival && fell_silent(*active.rival, now)) rival_gone(active, acts);
    router.state = active;
    return {.router = std::move(router), .acts = std::move(acts)};
}

}  // namespace holdfast::vrrp
