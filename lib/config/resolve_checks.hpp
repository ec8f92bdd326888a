#pragma once

#include "lib/config/resolve.hpp"

namespace holdfast::config {

/// Ids, targets and times of all checks of a service whose servers are complete. A check that
/// cannot run is dropped with a complaint, here and in the places.
void resolve_checks(Resolution& all, v1::VirtualServer& service, ObjectPlaces& places);

}  // namespace holdfast::config
