#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "lib/core/interval.hpp"
#include "lib/loop/loop.hpp"
#include "vrrpd/router.hpp"

namespace holdfast::vrrp {

/// Whether ipvsd really does what the role of one instance asks of it. A refusal, silence for too
/// long, an ipvsd that stays away, or somebody who removes again and again what the instance owns
/// is a cause of Fault; a refusal is tried again after 5 s, theft after 10 s, and then after ever
/// longer.
class KernelWatch {
  public:
    /// `changed` is called when cause() differs.
    KernelWatch(loop::Loop& loop, std::function<void()> changed);

    /// The instance became Active, and ipvsd was told so with this epoch.
    void told_active(std::uint64_t epoch, core::Interval patience);
    /// It is Active no longer: nothing is waited for.
    void told_otherwise();
    /// ipvsd's answer; `error` is an errno or 0.
    void applied(std::uint64_t epoch, int error);
    /// Somebody else removes `what` again and again.
    void contested(const std::string& what);
    void disconnected(core::Interval patience);
    void connected();

    [[nodiscard]] const std::optional<Cause>& cause() const { return cause_; }

  private:
    enum class Waits : std::uint8_t { for_nothing, for_answer, for_retry, for_peace, for_ipvsd };
    void over();
    void set(std::optional<Cause> cause);
    void retry_later();

    loop::Loop& loop_;
    loop::Timer timer_;
    std::function<void()> changed_;
    Waits waits_ = Waits::for_nothing;
    bool connected_ = false;
    core::Interval retry_;
    core::Interval peace_;  // how long a contested instance stays away
    std::optional<core::Instant> peace_ended_at_;
    std::uint64_t epoch_ = 0;
    std::optional<Cause> cause_;
};

}  // namespace holdfast::vrrp
