#pragma once

#include <deque>
#include <map>

#include "lib/core/ids.hpp"
#include "lib/core/interval.hpp"

namespace holdfast::ipvsd {

/// Whether restoring what somebody else takes from an instance is of any use. Pure: it is told the
/// time. One restoration is one repair of drift, whatever it puts back.
class Thefts {
  public:
    /// More than this many within the window, without a pause as long as kPause.
    static constexpr std::size_t kMost = 10;
    static constexpr core::Interval kWindow = std::chrono::seconds(10);
    static constexpr core::Interval kPause = std::chrono::seconds(2);

    /// True, once, when it is of no use any more; counting begins anew then.
    bool restored(core::ObjectId instance, core::Instant now);
    /// The instance has nothing to lose any more.
    void forget(core::ObjectId instance) { times_.erase(instance); }

  private:
    std::map<core::ObjectId, std::deque<core::Instant>> times_;
};

}  // namespace holdfast::ipvsd
