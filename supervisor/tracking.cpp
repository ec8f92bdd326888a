#include "supervisor/tracking.hpp"

#include <algorithm>
#include <utility>

#include "proto/vrrp.pb.h"

namespace holdfast::supervisor {

Tracking::Tracking(loop::Loop& loop, log::Logger& log, Tell tell)
    : loop_(loop),
      tell_(std::move(tell)),
      timer_(loop, [this] { tell_waiting(); }),
      files_(loop, log, [this](core::ObjectId file, std::int64_t value) { changed(file, value); }),
      processes_(loop, log,
                 [this](core::ObjectId process, std::int64_t count) { changed(process, count); }) {}

void Tracking::use(const config::v1::Config& config, mode_t initial_mode) {
    telling_ = false;
    paces_.clear();
    files_.use(config, initial_mode);
    processes_.use(config);
}

void Tracking::tell_all() {
    telling_ = true;
    paces_.clear();
    for (const auto& [file, number] : files_.numbers()) tell(file, number);
    for (const auto& [process, count] : processes_.counts()) tell(process, count);
}

void Tracking::changed(core::ObjectId object, std::int64_t value) {
    if (!telling_) return;
    Pace& pace = paces_[object];
    if (loop_.now() >= pace.since + kPeriod) pace = {loop_.now(), 0, std::nullopt};
    if (pace.told < kAtOnce) {
        ++pace.told;
        return tell(object, value);
    }
    pace.waits = value;
    if (!timer_.pending()) timer_.at(pace.since + kPeriod);
}

void Tracking::tell_waiting() {
    std::optional<core::Instant> next;
    for (auto& [object, pace] : paces_) {
        if (!pace.waits) continue;
        const core::Instant due = pace.since + kPeriod;
        if (loop_.now() < due) {
            next = std::min(due, next.value_or(due));
            continue;
        }
        tell(object, *pace.waits);
        pace = {loop_.now(), 1, std::nullopt};
    }
    if (next) timer_.at(*next);
}

void Tracking::tell(core::ObjectId object, std::int64_t value) const {
    messages::v1::ToVrrpd message;
    message.mutable_tracked_value()->set_object_id(object.value);
    message.mutable_tracked_value()->set_value(value);
    tell_(message);
}

}  // namespace holdfast::supervisor
