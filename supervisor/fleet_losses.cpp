// What the fleet does when a process ends, by itself, for its successor, or for what it has done.
#include <fmt/format.h>

#include <utility>

#include "proto/ipvs.pb.h"
#include "supervisor/fleet.hpp"
#include "supervisor/fleet_slot.hpp"

namespace holdfast::supervisor {

using ipc::Peer;

/// Only ipvsd may accuse, and only those that talk to it: it is what they must not misuse.
core::Status Fleet::accused(const messages::v1::PeerViolation& violation) {
    constexpr std::size_t kLongestReason = 200;
    for (const Peer peer : role_of(Peer::ipvsd).talks_to) {
        if (static_cast<int>(role_of(peer).number) != violation.peer()) continue;
        Incarnation* who = active(peer);
        const std::string what = violation.what().substr(0, kLongestReason);
        if (who != nullptr) who->condemn("protocol violation towards ipvsd: " + what);
        return core::Done{};
    }
    return core::Error::from_errno(EPROTO, "a violation by nobody");
}

void Fleet::condemned(Incarnation& who, const std::string& why) {
    with_.log.error("PROCESS_KILLED",
                    fmt::format("{} pid={}: {}", who.role().name, who.pid(), why));
}

void Fleet::ended(Incarnation& who, ExitStatus how) {
    Slot& slot = slot_of(who.role().peer);
    if (slot.successor.get() == &who) {
        with_.log.warning("RESTART_FAILED",
                          fmt::format("{} pid={} ended with {} before it took over", slot.role.name,
                                      who.pid(), how.text()));
        bury(slot.successor);
        if (slot.finished) {
            std::exchange(slot.finished,
                          nullptr)(core::Error("the new process ended with " + how.text()));
        }
        if (!slot.current && slot.wanted) retry_later(slot, who.started());
        return;
    }
    if (slot.current.get() != &who) return;
    const core::Instant started = who.started();
    if (!slot.wanted) {
        with_.log.info("PROCESS_STOPPED",
                       fmt::format("{} pid={} {}", slot.role.name, who.pid(), how.text()));
        bury(slot.current);
        write_children();
        return listener_.role_stopped(slot.role);
    }
    if (slot.successor) {
        bury(slot.current);
        return promote(slot);
    }
    lost(slot, who, how);
    bury(slot.current);
    write_children();
    listener_.role_lost(slot.role);
    if (!settings_.respawn) return listener_.role_not_replaced(slot.role);
    if (slot.wanted) retry_later(slot, started);
    for (auto& each : slots_) try_activate(*each);  // whoever waited for this one waits no longer
}

void Fleet::promote(Slot& slot) {
    slot.current = std::move(slot.successor);
    ++slot.restarts;
    write_children();
    try_activate(slot);
}

void Fleet::lost(Slot& slot, const Incarnation& who, ExitStatus how) {
    with_.log.error("PROCESS_LOST",
                    fmt::format("{} pid={}: {}", slot.role.name, who.pid(), how.text()));
    if (slot.role.peer == Peer::ipvsd) return;
    if (Incarnation* ipvsd = active(Peer::ipvsd)) {
        messages::v1::ToIpvsd message;
        message.mutable_restart_notice()->set_role(
            static_cast<messages::v1::Role>(slot.role.number));
        if (!ipvsd->channel().send(message)) ipvsd->kill();
    }
}

void Fleet::retry_later(Slot& slot, core::Instant started) {
    const auto decision = slot.policy.on_loss(started, with_.loop.now());
    if (decision.degraded && !slot.degraded) {
        with_.log.error("PROCESS_DEGRADED",
                        fmt::format("{} was lost five times within 60 s", slot.role.name));
    }
    slot.degraded = decision.degraded;
    slot.retry->after(decision.delay);
}

void Fleet::spawn_or_retry(Slot& slot) {
    if (!slot.wanted || slot.current) return;
    ++slot.restarts;
    auto process = spawn(slot);
    if (process) {
        slot.current = std::move(*process);
        write_children();
        return;
    }
    with_.log.error("PROCESS_NOT_STARTED", process.error().text());
    retry_later(slot, with_.loop.now());
}

void Fleet::bury(std::unique_ptr<Incarnation>& who) {
    graveyard_.push_back(std::move(who));
    with_.loop.defer([this] { graveyard_.clear(); });
}

}  // namespace holdfast::supervisor
