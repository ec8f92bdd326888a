#include "vrrpd/rival.hpp"

#include <algorithm>

namespace holdfast::vrrp {

namespace {

/// A rival that is silent for so many of its intervals is Active no longer.
constexpr int kRivalSilence = 3;

Rival rival_in(const RouterParameters& p, const AdvertisementHeard& heard, core::Instant began,
               core::Instant now) {
    return {.address = heard.source,
            .priority = heard.priority,
            .interval = p.version == Version::v3 ? heard.max_advertise_interval : p.advert_interval,
            .began = began,
            .heard_at = now};
}

}  // namespace

void meet_rival(const RouterParameters& p, Active& active, const AdvertisementHeard& heard,
                Acts& acts, core::Instant now) {
    // Where we were silent ourselves, it could take over before we hear of it.
    const core::Instant took_over =
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

void rival_gone(Active& active, Acts& acts) {
    if (active.rival->told)
        acts.emplace_back(DualEnded{*active.rival, DualEnded::How::rival_silent});
    active.rival.reset();
}

bool fell_silent(const Rival& rival, core::Instant now) {
    return now - rival.heard_at > kRivalSilence * rival.interval;
}

bool give_way_to_rival(const RouterParameters& p, Rival& rival, core::Instant now) {
    if (!rival.give_way_at) {
        const core::Interval larger = std::max(p.advert_interval, rival.interval);
        rival.give_way_at = now + 2 * p.advert_interval + larger * 6 / 5;
    }
    return now >= *rival.give_way_at;
}

void note_late_return(const RouterParameters& p, const Router& router,
                      const AdvertisementHeard& heard, Acts& acts, core::Instant now) {
    const auto& active = std::get<Active>(router.state);
    const bool crosses = now <= active.since + p.advert_interval;
    const bool gave_up = router.active && router.active->priority == 0;
    const bool returns = router.active && router.active->source == heard.source;
    if (active.rival || !returns || gave_up || crosses) return;
    const Rival rival = rival_in(p, heard, active.since, now);
    acts.emplace_back(DualBegan{rival});
    acts.emplace_back(DualEnded{rival, DualEnded::How::gave_way_late});
}

}  // namespace holdfast::vrrp
