#pragma once

#include <deque>

#include "lib/core/interval.hpp"

namespace holdfast::supervisor {

/// Pure: when a lost daemon starts again. At once, then after 0.1, 0.5, 2 and 10 s; a run of more
/// than 60 s begins anew. Five losses within 60 s mean degraded: it goes on trying every 10 s, and
/// the unit says so.
class RestartPolicy {
  public:
    struct Decision {
        core::Interval delay{};
        bool degraded = false;
        friend bool operator==(const Decision&, const Decision&) = default;
    };

    /// The daemon was lost at `now`, having been started at `started`.
    Decision on_loss(core::Instant started, core::Instant now);

    /// An operator's wish (restart verb, reload) forgives what was.
    void forgive() { losses_.clear(); }

  private:
    std::deque<core::Instant> losses_;
};

}  // namespace holdfast::supervisor
