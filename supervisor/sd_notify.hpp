#pragma once

#include <optional>
#include <string>

#include "lib/core/interval.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {

/// Tells the service manager how we are: datagrams to $NOTIFY_SOCKET, whenever it is set (also in
/// containers, where the parent is not process 1). Without it every call does nothing.
class SdNotify {
  public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment:
    /// scripts must not speak for us.
    [[nodiscard]] static SdNotify from_environment();

    void ready(const std::string& status) const;
    /// With MONOTONIC_USEC, which Type=notify-reload wants.
    void reloading(core::Instant now) const;
    void stopping() const;
    void status(const std::string& text) const;
    void alive() const;
    /// How often `alive` must be said: half of what the manager allows.
    [[nodiscard]] std::optional<core::Interval> watchdog_period() const { return watchdog_; }

  private:
    void send(const std::string& text) const;

    core::UniqueFd socket_;
    std::optional<core::Interval> watchdog_;
};

}  // namespace holdfast::supervisor
