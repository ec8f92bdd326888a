// What Daemon hears from vrrpd and checkerd, and tells them and the supervisor.

#include <fmt/format.h>

#include <algorithm>

#include "ipvsd/daemon.hpp"
#include "proto/checker.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/supervisor.pb.h"
#include "proto/vrrp.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace messages = holdfast::messages::v1;

/// Results of one InstanceApplied; far below the largest frame.
constexpr std::size_t kResultsInPart = 500;

}  // namespace

// ---- Peers ----------------------------------------------------------------------------------

void Daemon::peer_connected(ipc::Peer peer, core::UniqueFd socket) {
    if (!active_) {
        waiting_sockets_[peer] = std::move(socket);
        return;
    }
    // The old channel may hold last words of the predecessor; they come before the successor's.
    if (const auto old = peers_.find(peer); old != peers_.end()) {
        old->second->drain();
        peer_lost(peer, core::Error("replaced by a new channel"));
    }
    open_channel(peer, std::move(socket));
}

void Daemon::open_channel(ipc::Peer peer, core::UniqueFd socket) {
    requests_.forget(peer);
    peers_[peer] = std::make_unique<ipc::Channel>(
        around_.loop, std::move(socket), peer, ipc::Channel::Limits{},
        ipc::Channel::Handlers{
            [this, peer](ipc::Channel::Frame frame) { return requests_.handle(peer, frame.bytes); },
            [this, peer](const core::Error& why) { peer_lost(peer, why); }});
}

void Daemon::peer_lost(ipc::Peer peer, const core::Error& why) {
    const std::string name(ipc::to_text(peer));
    if (why.code() == 0) {
        around_.log.info("PEER_LOST", fmt::format("{}: {}", name, why.text()));
    } else {
        around_.log.error("PEER_VIOLATION", fmt::format("{}: {}", name, why.text()));
        accuse(peer, why.text());
    }
    peers_.erase(peer);
    requests_.forget(peer);
    if (peer != ipc::Peer::vrrpd) return;  // verdicts stay as they are
    roles_.vrrpd_lost(around_.loop.now());
    schedule_withdrawal();
}

/// Only the supervisor can start it anew.
void Daemon::accuse(ipc::Peer peer, const std::string& what) {
    constexpr std::size_t kLongestText = 200;
    messages::ToSupervisor message;
    messages::PeerViolation& violation = *message.mutable_peer_violation();
    violation.set_peer(peer == ipc::Peer::vrrpd ? messages::ROLE_VRRPD : messages::ROLE_CHECKERD);
    violation.set_what(what.substr(0, kLongestText));
    if (core::Status sent = around_.supervisor.send(message); !sent) {
        around_.log.warning("EVENT_LOST", sent.error().text());
    }
}

void Daemon::schedule_withdrawal() {
    if (const auto next = roles_.next_withdrawal()) {
        withdrawal_->at(*next);
    } else {
        withdrawal_->cancel();
    }
}

void Daemon::withdraw() {
    const std::vector<core::ObjectId> withdrawn = roles_.withdraw(around_.loop.now());
    for (const core::ObjectId id : withdrawn) {
        if (network_->count(id).installed == 0) continue;
        around_.log.warning("ADDRESSES_WITHDRAWN",
                            fmt::format("{}: vrrpd was silent for longer than its peers wait",
                                        name_of_instance(id)));
    }
    firewall_->follow();
    network_->apply(withdrawn);
    schedule_withdrawal();
}

core::Status Daemon::message(ipc::Channel::Frame frame) {
    // Only FrameSocket brings one.
    if (!frame.descriptors.empty()) frame_socket_ = std::move(frame.descriptors.front());
    return requests_.handle(ipc::Peer::supervisor, frame.bytes);
}

// ---- What vrrpd says ------------------------------------------------------------------------

void Daemon::roles_begin() {
    vrrpd_has_said_ = false;
    roles_.begin();
}

void Daemon::roles_end(std::uint64_t generation) {
    roles_.end();
    vrrpd_has_said_ = true;
    tell_quorums();
    tell_interface_failures();
    // A successor's StateEnd of this generation stands for Committed (docs/architecture.md).
    if (generation >= model_->generation) drop_leaving();
    firewall_->follow();
    network_->remove_leftovers(true);
    network_->apply_all();
    schedule_withdrawal();
}

void Daemon::roles_committed(std::uint64_t generation) {
    if (generation != model_->generation) return;
    if (vrrpd_has_said_) roles_.end();  // of new instances, too, everything is said
    tell_quorums();
    drop_leaving();
    if (vrrpd_has_said_) tell_interface_failures();
    firewall_->follow();
    network_->apply_all();
}

/// All that keep an instance from working: what vrrpd is told replaces what it was told before.
void Daemon::tell_interface_failures() {
    constexpr int kFailuresInPart = 200;
    constexpr std::size_t kLongestText = 200;
    const auto channel = peers_.find(ipc::Peer::vrrpd);
    if (channel == peers_.end()) return;
    messages::ToVrrpd message;
    for (const auto& [id, instance] : model_->instances) {
        const auto failed = std::ranges::find_if(instance.interfaces, [&](const auto& each) {
            return interfaces_->conflicts().contains(each.name);
        });
        if (failed == instance.interfaces.end()) continue;
        const std::string& why = interfaces_->conflicts().at(failed->name);
        auto& told = *message.mutable_interface_failures();
        if (told.failures_size() == kFailuresInPart) {
            static_cast<void>(channel->second->send(message).ok());
            told.clear_failures();
        }
        auto& one = *told.add_failures();
        one.set_instance_id(id.value);
        one.set_what(fmt::format("{}: {}", failed->name, why).substr(0, kLongestText));
    }
    // Where there are none, and never were, there is nothing to say.
    const bool concerned = std::exchange(failures_told_, message.has_interface_failures());
    const bool has_any = std::ranges::any_of(
        model_->instances, [](const auto& each) { return !each.second.interfaces.empty(); });
    if (!concerned && !has_any) return;
    message.mutable_interface_failures()->set_last(true);
    static_cast<void>(channel->second->send(message).ok());
}

void Daemon::take_roles(const RoleBatch& batch) {
    std::vector<core::ObjectId> changed;
    for (const RoleSaid& role : batch.roles) {
        roles_.take(role);
        changed.push_back(role.instance);
    }
    // A router that becomes Active speaks from now on; others are silent first.
    firewall_->follow();
    const auto outcomes = network_->apply(changed);
    send_results(batch, outcomes);
    schedule_withdrawal();
}

void Daemon::send_results(const RoleBatch& batch,
                          const std::map<core::ObjectId, InstanceOutcome>& outcomes) {
    const auto channel = peers_.find(ipc::Peer::vrrpd);
    if (channel == peers_.end()) return;
    std::uint32_t part = 0;
    std::size_t next = 0;
    do {
        messages::ToVrrpd message;
        messages::InstanceApplied& applied = *message.mutable_instance_applied();
        applied.set_batch(batch.number);
        applied.set_part(part++);
        const std::size_t end = std::min(next + kResultsInPart, batch.roles.size());
        for (; next < end; ++next) {
            const RoleSaid& role = batch.roles[next];
            messages::InstanceResult& result = *applied.add_results();
            result.set_instance_id(role.instance.value);
            result.set_epoch(role.epoch);
            const auto outcome = outcomes.find(role.instance);
            if (outcome == outcomes.end()) continue;
            result.set_error(static_cast<std::uint32_t>(outcome->second.error));
            if (outcome->second.failed_object) {
                result.set_failed_object(outcome->second.failed_object.value);
            }
        }
        applied.set_last(next == batch.roles.size());
        // A failure closes the channel, which is told in a turn of its own.
        static_cast<void>(channel->second->send(message).ok());
    } while (next < batch.roles.size());
}

void Daemon::announce(core::ObjectId instance, AnnouncementReason reason) {
    if (reason == AnnouncementReason::own_source) return announce_source(instance);
    if (roles_.wish_of(instance) != Wish::present) return;
    if (reason == AnnouncementReason::lower_priority) {
        announcer_->after_lower_priority(instance);
    } else {
        announcer_->announce_all(instance);
    }
}

/// Restoring is of no use: the instance gives its role to a router whose addresses stay.
void Daemon::tell_contested(core::ObjectId instance, const std::string& what) {
    // What is static has nobody to give it to, and is contested for as long as it is.
    if (contests_limit_.admit(instance.value, around_.loop.now())) {
        around_.log.error("CONTESTED",
                          fmt::format("{}: {} is removed again and again by somebody else",
                                      name_of_instance(instance), what));
    }
    const auto channel = peers_.find(ipc::Peer::vrrpd);
    if (channel == peers_.end() || !model_->instances.contains(instance)) return;
    constexpr std::size_t kLongestText = 200;
    messages::ToVrrpd message;
    message.mutable_instance_contested()->set_instance_id(instance.value);
    message.mutable_instance_contested()->set_what(what.substr(0, kLongestText));
    static_cast<void>(channel->second->send(message).ok());
}

/// Where none is written, vrrpd sends from the first address of the interface; every one that it
/// may be is told.
void Daemon::announce_source(core::ObjectId id) {
    const auto found = model_->instances.find(id);
    if (found == model_->instances.end()) return;
    const Instance& instance = found->second;
    const netlink::Interface* interface = opened_.kernel->interfaces().find(instance.interface);
    if (interface == nullptr) return;
    const core::Family family = instance.ipv6 ? core::Family::ipv6 : core::Family::ipv4;
    for (const auto& [key, each] : interface->addresses) {
        const bool may_be =
            instance.source ? each.address == *instance.source : each.address.family() == family;
        if (may_be && !each.is_tentative() && !each.is_secondary()) {
            announcer_->announce_other(id, name_of(instance.interface, each));
        }
    }
}

void Daemon::answer_gone(ipc::Peer peer, core::ObjectId id) {
    const auto channel = peers_.find(peer);
    if (channel == peers_.end()) return;
    if (peer == ipc::Peer::vrrpd) {
        messages::ToVrrpd message;
        message.mutable_gone()->set_id(id.value);
        static_cast<void>(channel->second->send(message).ok());
    } else {
        messages::ToCheckerd message;
        message.mutable_gone()->set_id(id.value);
        static_cast<void>(channel->second->send(message).ok());
    }
}

// ---- What checkerd says ---------------------------------------------------------------------

void Daemon::verdicts_begin() {
    services_->said_begin();
}

void Daemon::verdicts_end(std::uint64_t /*generation*/) {
    services_->said_all();
    tell_quorums();
}

void Daemon::verdicts_committed(std::uint64_t generation) {
    if (generation != model_->generation) return;
    services_->said_all();
    tell_quorums();
}

void Daemon::tell_quorums() {
    for (const core::ObjectId service : model_->tracked_services) tell_quorum(service);
}

void Daemon::tell_quorum(core::ObjectId service) {
    const auto channel = peers_.find(ipc::Peer::vrrpd);
    const auto met = services_->quorum_met(service);
    if (channel == peers_.end() || !vrrpd_has_said_ || !met) return;
    messages::ToVrrpd message;
    message.mutable_service_quorum()->set_service_id(service.value);
    message.mutable_service_quorum()->set_met(*met);
    static_cast<void>(channel->second->send(message).ok());
}

void Daemon::take_verdict(const VerdictSaid& verdict) {
    services_->take(verdict);
    const auto channel = peers_.find(ipc::Peer::checkerd);
    if (channel == peers_.end()) return;
    messages::ToCheckerd message;
    messages::HealthApplied& applied = *message.mutable_health_applied();
    applied.set_server_id(verdict.place.server.value);
    applied.set_epoch(verdict.epoch);
    applied.set_weight(services_->weight_of(verdict.place));
    applied.set_alive(services_->is_alive(verdict.place));
    static_cast<void>(channel->second->send(message).ok());
}

void Daemon::tell_supervisor(core::ObjectId service, std::optional<core::ObjectId> server,
                             bool up) {
    messages::ToSupervisor message;
    if (server) {
        messages::ServerEvent& event = *message.mutable_server_event();
        event.set_service_id(service.value);
        event.set_server_id(server->value);
        event.set_up(up);
    } else {
        messages::ServiceEvent& event = *message.mutable_service_event();
        event.set_service_id(service.value);
        event.set_up(up);
    }
    say(message);
}

void Daemon::say(const messages::ToSupervisor& message) {
    if (core::Status sent = around_.supervisor.send(message); !sent) {
        around_.log.warning("EVENT_LOST", sent.error().text());
    }
}

/// Servers that are up although no check has said so: keepalived's rs_init_notifies.
void Daemon::tell_start_states() {
    for (const Services::ServiceView& service : services_->view()) {
        for (const Services::ServerView& server : service.servers) {
            if (!server.alive || server.sorry) continue;
            messages::ToSupervisor message;
            messages::ServerEvent& event = *message.mutable_server_event();
            event.set_service_id(service.service->id.value);
            event.set_server_id(server.rules->id.value);
            event.set_up(true);
            event.set_at_start(true);
            say(message);
        }
    }
}

}  // namespace holdfast::ipvsd
