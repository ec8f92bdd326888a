#pragma once

#include <functional>
#include <map>
#include <optional>

#include "supervisor/process_watch.hpp"
#include "supervisor/track_files.hpp"

namespace holdfast::messages::v1 {
class ToVrrpd;
}

namespace holdfast::supervisor {

/// What only the supervisor can see of the things that routers track (files, processes), told to
/// vrrpd by id.
class Tracking {
  public:
    using Tell = std::function<void(const messages::v1::ToVrrpd&)>;
    Tracking(loop::Loop& loop, log::Logger& log, Tell tell);

    /// What is tracked from now on. Nothing is told until vrrpd has this configuration as well.
    /// `initial_mode` is of files that get their initial number now.
    void use(const config::v1::Config& config, mode_t initial_mode = kInitialMode);
    /// vrrpd is at work with the configuration: it hears every value, then each change.
    void tell_all();

  private:
    /// Who may change a file or start processes may do it as often as he likes; vrrpd and all that
    /// hear of a changed priority shall not have to.
    static constexpr int kAtOnce = 5;
    static constexpr core::Interval kPeriod = std::chrono::seconds(1);
    struct Pace {
        core::Instant since{};
        int told = 0;                       // since then
        std::optional<std::int64_t> waits;  // the newest, when that was too often
    };

    void changed(core::ObjectId object, std::int64_t value);
    void tell_waiting();
    void tell(core::ObjectId object, std::int64_t value) const;

    loop::Loop& loop_;
    Tell tell_;
    bool telling_ = false;
    std::map<core::ObjectId, Pace> paces_;
    loop::Timer timer_;
    TrackFiles files_;
    ProcessWatch processes_;
};

}  // namespace holdfast::supervisor
