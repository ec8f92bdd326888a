#pragma once

#include <functional>

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
    void use(const config::v1::Config& config);
    /// vrrpd is at work with the configuration: it hears every value, then each change.
    void tell_all();

  private:
    void tell(core::ObjectId object, std::int64_t value);

    Tell tell_;
    bool telling_ = false;
    TrackFiles files_;
    ProcessWatch processes_;
};

}  // namespace holdfast::supervisor
