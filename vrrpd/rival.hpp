#pragma once

#include "vrrpd/router.hpp"

/// Two Active Routers at a time, as the one that outranks the other sees it: when the episode
/// begins, goes on and ends. Pure.
namespace holdfast::vrrp {

/// A router that we outrank is Active as well: an episode begins, or goes on.
void meet_rival(const RouterParameters& parameters, Active& active, const AdvertisementHeard& heard,
                Acts& acts, core::Instant now);
/// The rival gave up, or was silent for too long.
void rival_gone(Active& active, Acts& acts);
/// Whether it was silent for so many of its intervals that it is Active no longer.
[[nodiscard]] bool fell_silent(const Rival& rival, core::Instant now);
/// A second owner with the lower address, which should have backed off: two more advertisements
/// and 1.2 times the larger interval, then we are no owner any more. True when we give way now.
[[nodiscard]] bool give_way_to_rival(const RouterParameters& parameters, Rival& rival,
                                     core::Instant now);
/// Who outranks us was Active before us and has not given up: it may have been Active for long
/// without hearing us.
void note_late_return(const RouterParameters& parameters, const Router& router,
                      const AdvertisementHeard& heard, Acts& acts, core::Instant now);

}  // namespace holdfast::vrrp
