#include "ipvsd/thefts.hpp"

namespace holdfast::ipvsd {

bool Thefts::restored(core::ObjectId instance, core::Instant now) {
    std::deque<core::Instant>& times = times_[instance];
    if (!times.empty() && now - times.back() >= kPause) times.clear();
    while (!times.empty() && now - times.front() > kWindow) times.pop_front();
    times.push_back(now);
    if (times.size() <= kMost) return false;
    times_.erase(instance);
    return true;
}

}  // namespace holdfast::ipvsd
