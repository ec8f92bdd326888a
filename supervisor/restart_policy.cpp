#include "supervisor/restart_policy.hpp"

#include <algorithm>
#include <array>

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::array<core::Interval, 5> kDelays = {0us, 100ms, 500ms, 2s, 10s};
constexpr core::Interval kShortRun = 1s;
constexpr core::Interval kWindow = 60s;
constexpr std::size_t kTooMany = 5;

}  // namespace

RestartPolicy::Decision RestartPolicy::on_loss(core::Instant started, core::Instant now) {
    if (now - started >= kShortRun) step_ = 0;
    const core::Interval delay = kDelays[step_];
    step_ = std::min(step_ + 1, kDelays.size() - 1);

    losses_.push_back(now);
    while (losses_.size() > kTooMany) losses_.pop_front();
    return {delay, losses_.size() == kTooMany && now - losses_.front() <= kWindow};
}

}  // namespace holdfast::supervisor
