#include "supervisor/tracking.hpp"

#include <utility>

#include "proto/vrrp.pb.h"

namespace holdfast::supervisor {

Tracking::Tracking(loop::Loop& loop, log::Logger& log, Tell tell)
    : tell_(std::move(tell)),
      files_(loop, log,
             [this](core::ObjectId file, std::int64_t value) { this->tell(file, value); }),
      processes_(loop, log, [this](core::ObjectId process, std::int64_t count) {
          this->tell(process, count);
      }) {}

void Tracking::use(const config::v1::Config& config) {
    telling_ = false;
    files_.use(config);
    processes_.use(config);
}

void Tracking::tell_all() {
    telling_ = true;
    for (const auto& [file, number] : files_.numbers()) tell(file, number);
    for (const auto& [process, count] : processes_.counts()) tell(process, count);
}

void Tracking::tell(core::ObjectId object, std::int64_t value) {
    if (!telling_) return;
    messages::v1::ToVrrpd message;
    message.mutable_tracked_value()->set_object_id(object.value);
    message.mutable_tracked_value()->set_value(value);
    tell_(message);
}

}  // namespace holdfast::supervisor
