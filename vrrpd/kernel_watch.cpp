#include "vrrpd/kernel_watch.hpp"

#include <algorithm>
#include <utility>

#include "lib/core/result.hpp"

namespace holdfast::vrrp {

namespace {

/// A faulty instance leaves the role to others; when it tries again nothing is lost for them.
constexpr core::Interval kRetry = std::chrono::seconds{5};
/// Each attempt takes the role from a peer that could carry it out: they become rare.
constexpr core::Interval kLongestRetry = std::chrono::minutes{5};

/// A thief is waited for so long, and twice as long when it is there again afterwards.
constexpr core::Interval kPeace = std::chrono::seconds{10};
constexpr core::Interval kLongestPeace = std::chrono::minutes{5};

}  // namespace

KernelWatch::KernelWatch(loop::Loop& loop, std::function<void()> changed)
    : loop_(loop),
      timer_(loop, [this] { over(); }),
      changed_(std::move(changed)),
      retry_(kRetry),
      peace_(kPeace) {}

void KernelWatch::told_active(std::uint64_t epoch, core::Interval patience) {
    epoch_ = epoch;
    if (!connected_) return;
    waits_ = Waits::for_answer;
    timer_.after(patience);
}

void KernelWatch::told_otherwise() {
    if (waits_ != Waits::for_answer) return;
    waits_ = Waits::for_nothing;
    timer_.cancel();
}

void KernelWatch::applied(std::uint64_t epoch, int error) {
    if (waits_ != Waits::for_answer || epoch != epoch_) return;
    waits_ = Waits::for_nothing;
    timer_.cancel();
    if (error == 0) {
        retry_ = kRetry;
        return;
    }
    retry_later();
    set(Cause{Cause::Kind::kernel_refused, core::Error::from_errno(error, "ipvsd").text()});
}

void KernelWatch::contested(const std::string& what) {
    if (!connected_ || waits_ == Waits::for_peace) return;
    if (peace_ended_at_ && loop_.now() - *peace_ended_at_ <= kLongestPeace)
        peace_ = std::min(2 * peace_, kLongestPeace);
    else
        peace_ = kPeace;
    waits_ = Waits::for_peace;
    timer_.after(peace_);
    set(Cause{Cause::Kind::contested, what});
}

void KernelWatch::disconnected(core::Interval patience) {
    if (!connected_ && waits_ == Waits::for_ipvsd) return;
    connected_ = false;
    waits_ = Waits::for_ipvsd;
    timer_.after(patience);
}

void KernelWatch::connected() {
    if (connected_) return;
    connected_ = true;
    waits_ = Waits::for_nothing;
    retry_ = kRetry;
    timer_.cancel();
    set(std::nullopt);
}

void KernelWatch::retry_later() {
    waits_ = Waits::for_retry;
    timer_.after(retry_);
    retry_ = std::min(2 * retry_, kLongestRetry);
}

void KernelWatch::over() {
    switch (std::exchange(waits_, Waits::for_nothing)) {
        case Waits::for_answer:
            retry_later();
            return set(Cause{Cause::Kind::kernel_process_absent, ""});
        case Waits::for_ipvsd:
            return set(Cause{Cause::Kind::kernel_process_absent, ""});
        case Waits::for_retry:
            return set(std::nullopt);
        case Waits::for_peace:
            peace_ended_at_ = loop_.now();
            return set(std::nullopt);
        case Waits::for_nothing:
            return;
    }
}

void KernelWatch::set(std::optional<Cause> cause) {
    if (cause_ == cause) return;
    cause_ = std::move(cause);
    changed_();
}

}  // namespace holdfast::vrrp
