#include "vrrpd/backup_router.hpp"

#include <algorithm>
#include <utility>

#include "vrrpd/start_up_hold.hpp"

namespace holdfast::vrrp {

namespace {

using core::Instant;
using core::Interval;

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

}  // namespace

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
                              : "no advertisement for " + in_seconds(now - backup.since);
    router.state = backup;
    return {
        .router = std::move(router), .proposal = Proposal::active, .because = std::move(because)};
}

}  // namespace holdfast::vrrp
