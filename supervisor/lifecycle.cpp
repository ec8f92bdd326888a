#include "supervisor/lifecycle.hpp"

#include <algorithm>
#include <array>

#include "proto/supervisor.pb.h"

namespace holdfast::supervisor {
namespace {

using ipc::Peer;
using messages::v1::ToSupervisor;

/// One step of the way: what is said at which stage leads where.
struct Step {
    Stage from;
    int body;
    Stage to;
};
constexpr std::array kSteps = {
    Step{Stage::starting, ToSupervisor::kHello, Stage::greeted},
    Step{Stage::greeted, ToSupervisor::kConfigAck, Stage::prepared},
    Step{Stage::prepared, ToSupervisor::kReady, Stage::ready},
};

/// What an activated daemon may say, beyond what all may.
struct Right {
    Peer role;
    int body;
};
constexpr std::array kRights = {
    Right{Peer::vrrpd, ToSupervisor::kSocketRequest},
    Right{Peer::vrrpd, ToSupervisor::kInstanceEvent},
    Right{Peer::vrrpd, ToSupervisor::kGroupEvent},
    Right{Peer::vrrpd, ToSupervisor::kTrackPoll},
    Right{Peer::vrrpd, ToSupervisor::kPeerRequest},
    Right{Peer::vrrpd, ToSupervisor::kRanLate},
    Right{Peer::checkerd, ToSupervisor::kPeerRequest},
    Right{Peer::ipvsd, ToSupervisor::kServiceEvent},
    Right{Peer::ipvsd, ToSupervisor::kServerEvent},
    Right{Peer::ipvsd, ToSupervisor::kPeerViolation},
};

// Our own gap that makes a silence of the process prove nothing.
constexpr core::Interval kOwnGap = 3 * Heartbeat::kPeriod;

}  // namespace

std::string_view to_text(Stage stage) {
    switch (stage) {
        case Stage::starting:
        case Stage::greeted:
        case Stage::prepared:
            return "starting";
        case Stage::ready:
            return "ready";
        case Stage::active:
            return "running";
        case Stage::stopping:
            return "stopping";
        case Stage::ended:
            return "lost";
    }
    return "?";
}

std::optional<Stage> after_message(Stage stage, int body) {
    const auto* step = std::ranges::find_if(
        kSteps, [&](const Step& one) { return one.from == stage && one.body == body; });
    if (step == kSteps.end()) return std::nullopt;
    return step->to;
}

bool may_say(Peer role, Stage stage, int body) {
    if (after_message(stage, body)) return true;
    const bool greeted = stage != Stage::starting && stage != Stage::ended;
    switch (body) {
        case ToSupervisor::kPong:
        case ToSupervisor::kStatusReply:
            return greeted;
        case ToSupervisor::kConfigAck:
        case ToSupervisor::kCommitted:
            return stage == Stage::active || stage == Stage::stopping;
        default:
            break;
    }
    if (stage != Stage::active && stage != Stage::stopping) return false;
    return std::ranges::any_of(
        kRights, [&](const Right& right) { return right.role == role && right.body == body; });
}

bool MessageBudget::spend(core::Instant now) {
    constexpr double kRefill = 4e6;  // microseconds from empty to full
    const auto passed = static_cast<double>((now - last_).count());
    last_ = now;
    tokens_ = std::min(capacity_, tokens_ + capacity_ * passed / kRefill);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
}

void Heartbeat::begin(core::Instant now) {
    progressed_ = now;
    asked_ = now;
}

void Heartbeat::answered(std::uint64_t progress, core::Instant now) {
    if (progress <= progress_) return;
    progress_ = progress;
    progressed_ = now;
}

bool Heartbeat::hangs(core::Instant now) {
    if (now - asked_ > kOwnGap) progressed_ = now;
    asked_ = now;
    return now - progressed_ >= kPatience;
}

}  // namespace holdfast::supervisor
