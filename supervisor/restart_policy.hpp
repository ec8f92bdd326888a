#pragma once

#include <deque>

#include "lib/core/interval.hpp"

namespace holdfast::supervisor {

/// Pure: when a lost daemon starts again. At once; and after runs of less than 1 s one after the
/// other 0.1, 0.5, 2 and 10 s later. One that lives longer is worth more started at once, even if
/// it is lost every few seconds, than an outage. Five losses within 60 s mean degraded: it goes on
/// trying, and the unit says so.
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
    void forgive() {
        losses_.clear();
        step_ = 0;
    }

  private:
    std::deque<core::Instant> losses_;  // the last five
    std::size_t step_ = 0;
};

}  // namespace holdfast::supervisor
