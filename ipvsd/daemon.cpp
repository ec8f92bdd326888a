#include "ipvsd/daemon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "ipvsd/status.hpp"
#include "lib/daemon/state_layout.hpp"
#include "proto/checker.pb.h"
#include "proto/config.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/supervisor.pb.h"
#include "proto/vrrp.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace messages = holdfast::messages::v1;

/// Results of one InstanceApplied; far below the largest frame.
constexpr std::size_t kResultsInPart = 500;
/// Without a file of the supervisor the ledger lives in memory: nothing survives, all else works.
constexpr std::size_t kRecordsInMemory = 4096;

state::Identity identity_of(const messages::Welcome& welcome) {
    state::Identity identity{.role = messages::ROLE_IPVSD, .layout = daemon::kIpvsdLayout};
    const std::string& boot = welcome.boot_id();
    std::memcpy(identity.boot_id.data(), boot.data(),
                std::min(boot.size(), identity.boot_id.size()));
    identity.netns_cookie = welcome.netns_cookie();
    // Also at a cold start: the kernel still has what a run before this one put there.
    identity.believe = true;
    return identity;
}

}  // namespace

Daemon::Daemon(daemon::Surroundings surroundings, KernelMaker make_kernel)
    : around_(std::move(surroundings)), make_kernel_(std::move(make_kernel)), requests_(*this) {}

Daemon::~Daemon() = default;

bool Daemon::is_cold() const {
    return around_.welcome.start() == messages::START_COLD;
}

// ---- Configuration --------------------------------------------------------------------------

core::Status Daemon::prepare(std::uint64_t generation, const config::v1::Config& config) {
    auto model = build_model(generation, config);
    if (!model) return model.error();
    prepared_ = std::make_unique<Model>(std::move(*model));
    return core::Done{};
}

void Daemon::abort(std::uint64_t generation) {
    if (prepared_ && prepared_->generation == generation) prepared_.reset();
}

void Daemon::commit(std::uint64_t generation, std::function<void()> committed) {
    if (!prepared_ || prepared_->generation != generation) {
        core::broken_invariant("commit of a generation that was not prepared");
    }
    if (larger_file_) {
        if (core::Status moved = ledger_->move_to(std::exchange(larger_file_, {})); !moved) {
            around_.log.warning("STATE_FILE", moved.error().text());
        }
    }
    // What removed instances own stays until vrrpd has told its peers (docs/architecture.md).
    for (auto& [id, instance] : model_->instances) {
        if (!prepared_->instances.contains(id)) leaving_.insert_or_assign(id, instance);
    }
    std::erase_if(leaving_,
                  [&](const auto& each) { return prepared_->instances.contains(each.first); });
    // The new model is in place everywhere before the old one goes.
    std::unique_ptr<Model> old = std::exchange(model_, std::move(prepared_));
    requests_.set_model(*model_, leaving_);
    use_interfaces();
    use_instances();
    services_->set_model(*model_);
    firewall_->follow();
    network_->apply_all();
    if (!peers_.contains(ipc::Peer::vrrpd)) roles_.vrrpd_lost(around_.loop.now());
    schedule_withdrawal();
    around_.log.info("CONFIGURATION", fmt::format("generation {} committed", generation));
    committed();
}

/// Those of the model and those that are about to go.
void Daemon::use_instances() {
    Network::Instances pointers;
    pointers[model_->statics.id] = &model_->statics;
    std::map<core::ObjectId, Instance> all = model_->instances;
    for (const auto& [id, instance] : model_->instances) pointers[id] = &instance;
    for (const auto& [id, instance] : leaving_) {
        pointers[id] = &instance;
        all.insert_or_assign(id, instance);
    }
    roles_.set_instances(all);
    firewall_->set_instances(model_->firewall, pointers);
    announcer_->set_pacing(model_->pacing);
    network_->set_instances(std::move(pointers));
}

/// Before addresses come on them. An interface that was there under another name is used as it is.
void Daemon::use_interfaces() {
    std::vector<VirtualInterface> wished;
    std::set<std::string> promoting;
    for (auto* instances : {&model_->instances, &leaving_}) {
        for (const auto& [id, instance] : *instances) {
            wished.insert(wished.end(), instance.interfaces.begin(), instance.interfaces.end());
            if (instance.promote_secondaries) promoting.insert(instance.interface);
        }
    }
    interfaces_->set_wishes(std::move(wished), std::move(promoting));
    interfaces_->apply();
    for (auto* instances : {&model_->instances, &leaving_}) {
        for (auto& [id, instance] : *instances) {
            for (ConfiguredAddress& each : instance.addresses) {
                each.name.interface = interfaces_->actual_name(each.name.interface);
            }
            std::set<std::string> extra;
            for (const std::string& each : instance.announcement.extra_interfaces) {
                extra.insert(interfaces_->actual_name(each));
            }
            instance.announcement.extra_interfaces = std::move(extra);
        }
    }
}

void Daemon::drop_leaving() {
    if (leaving_.empty()) return;
    // Network forgets its pointers before the instances they point to go.
    std::map<core::ObjectId, Instance> gone = std::exchange(leaving_, {});
    requests_.leaving_gone();
    use_instances();
    firewall_->follow();
    network_->apply_all();
    use_interfaces();
}

/// Statics are Active as long as we are.
Wish Daemon::wish_of(core::ObjectId instance) const {
    return instance == model_->statics.id ? Wish::present : roles_.wish_of(instance);
}

const std::string& Daemon::name_of_instance(core::ObjectId id) const {
    static const std::string kUnknown = "?";
    if (id == model_->statics.id) return model_->statics.name;
    const auto found = model_->instances.find(id);
    if (found != model_->instances.end()) return found->second.name;
    const auto leaving = leaving_.find(id);
    return leaving == leaving_.end() ? kUnknown : leaving->second.name;
}

// ---- Start ----------------------------------------------------------------------------------

core::Status Daemon::open(core::UniqueFd state_file) {
    auto kernel = make_kernel_(*this, std::move(frame_socket_));
    if (!kernel) return kernel.error().within("open the kernel's sockets");
    opened_ = std::move(*kernel);
    if (state_file) {
        auto mapped = state::StateFile::map(std::move(state_file), identity_of(around_.welcome),
                                            daemon::kIpvsdRecord);
        if (mapped) {
            state_file_.emplace(std::move(*mapped));
            return core::Done{};
        }
        around_.log.warning("STATE_PRIVATE", "a restart will begin cold: " + mapped.error().text());
    }
    state_file_.emplace(state::StateFile::private_memory(kRecordsInMemory, daemon::kIpvsdRecord));
    return core::Done{};
}

void Daemon::make_parts() {
    loop::Loop& loop = around_.loop;
    ledger_ = std::make_unique<Ledger>(std::move(*state_file_));
    announcer_ = std::make_unique<Announcer>(loop, *opened_.kernel);
    interfaces_ = std::make_unique<Interfaces>(loop, *opened_.kernel, *ledger_, around_.log);
    firewall_ = std::make_unique<Firewall>(
        loop, *opened_.kernel, *ledger_, around_.log,
        [this](core::ObjectId instance) { return wish_of(instance); },
        [this](const std::string& name) { return interfaces_->actual_name(name); });
    network_ = std::make_unique<Network>(
        loop, *opened_.kernel, *ledger_, *announcer_, around_.log,
        [this](core::ObjectId instance) { return wish_of(instance); },
        [this](core::ObjectId instance, const std::string& what) {
            tell_contested(instance, what);
        });
    network_->refuse_interfaces(
        [this](const std::string& name) { return interfaces_->is_in_conflict(name); });
    services_ = std::make_unique<Services>(
        loop, *opened_.kernel, *ledger_, around_.log,
        Services::Listener{[this](core::ObjectId service, core::ObjectId server, bool up) {
                               tell_supervisor(service, server, up);
                           },
                           [this](core::ObjectId service, bool up) {
                               tell_supervisor(service, {}, up);
                               if (model_->tracked_services.contains(service)) tell_quorum(service);
                           }});
    withdrawal_ = std::make_unique<loop::Timer>(loop, [this] { withdraw(); });
}

void Daemon::activate(std::uint64_t generation) {
    if (!prepared_ || prepared_->generation != generation) {
        core::broken_invariant("activate without a prepared configuration");
    }
    model_ = std::move(prepared_);
    make_parts();
    requests_.set_model(*model_, leaving_);
    use_instances();
    services_->set_model(*model_);
    // Silent from their first moment.
    firewall_->start(is_cold());
    if (opened_.start) {
        if (core::Status started = opened_.start(); !started) {
            around_.log.error("KERNEL_DUMP", started.error().text());
        }
    }
    active_ = true;
    use_interfaces();
    use_instances();  // with the names that the interfaces really have
    firewall_->follow();
    network_->start(is_cold());
    network_->apply(std::span(&model_->statics.id, 1));
    services_->start(is_cold() || !model_->needs_checkerd());
    roles_.start(around_.loop.now());
    if (!model_->needs_vrrpd()) roles_end(generation);
    for (auto& [peer, socket] : std::exchange(waiting_sockets_, {})) {
        open_channel(peer, std::move(socket));
    }
    schedule_withdrawal();
}

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
    firewall_->follow();
    network_->apply_all();
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
    around_.log.error("CONTESTED", fmt::format("{}: {} is removed again and again by somebody else",
                                               name_of_instance(instance), what));
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
    if (core::Status sent = around_.supervisor.send(message); !sent) {
        around_.log.warning("EVENT_LOST", sent.error().text());
    }
}

// ---- What the kernel says -------------------------------------------------------------------

void Daemon::link_changed(const netlink::Link& now, const netlink::Link* before) {
    if (!active_) return;
    interfaces_->link_changed(now, before);
    network_->link_changed(now, before);
}
void Daemon::link_removed(const netlink::Link& last) {
    if (!active_) return;
    interfaces_->link_removed(last);
    network_->link_removed(last);
}
void Daemon::address_changed(const netlink::InterfaceAddress& now,
                             const netlink::InterfaceAddress* /*before*/) {
    if (active_) network_->address_changed(now);
}
void Daemon::address_removed(const netlink::InterfaceAddress& last) {
    if (active_) network_->address_removed(last);
}
void Daemon::synchronised() {
    if (!active_) return;
    interfaces_->check_soon();
    network_->check_soon();
}
void Daemon::route_changed(const netlink::Route& route, bool gone) {
    if (active_) network_->route_changed(route, gone);
}
void Daemon::rule_changed(const netlink::Rule& rule, bool gone) {
    if (active_) network_->rule_changed(rule, gone);
}
void Daemon::routes_lost() {
    if (active_) network_->routes_lost();
}
void Daemon::ipvs_changed(bool present) {
    if (active_) services_->ipvs_changed(present);
}
void Daemon::firewall_changed(const std::string& table) {
    if (active_) firewall_->table_changed(table);
}

// ---- Status and end -------------------------------------------------------------------------

core::Result<std::string> Daemon::status(messages::StatusTopic topic) {
    if (!active_) return core::Error::from_errno(EAGAIN, "not active yet");
    switch (topic) {
        case messages::STATUS_ADDRESSES: {
            std::vector<const Instance*> all;
            for (const auto& [id, instance] : model_->instances) all.push_back(&instance);
            if (!model_->statics.is_empty()) all.push_back(&model_->statics);
            return address_status_of(*network_, *interfaces_, all);
        }
        case messages::STATUS_SERVICES:
            return service_status_of(services_->view());
        case messages::STATUS_VRRP:
        case messages::STATUS_CHECKS:
        case messages::STATUS_PROCESS:
            break;
    }
    return core::Error::from_errno(EOPNOTSUPP, "status topic of another role");
}

/// The table goes last: until then nothing leaves from a virtual MAC address that is given up.
void Daemon::give_up_network() {
    firewall_->follow();
    network_->remove_all();
    interfaces_->remove_all();
    firewall_->remove_all();
}

void Daemon::shut_down(const messages::Shutdown& how, std::function<void()> done) {
    // What vrrpd said last (Initialize for all, after its priority 0) counts.
    for (auto& [peer, channel] : peers_) channel->drain();
    if (active_ && how.mode() == messages::Shutdown::RELEASE) {
        roles_.release_all();
        if (!how.keep_addresses()) give_up_network();
        if (!how.keep_services()) services_->remove_all();
    }
    active_ = false;
    withdrawal_.reset();
    peers_.clear();
    services_.reset();
    network_.reset();
    firewall_.reset();
    interfaces_.reset();
    announcer_.reset();
    done();
}

void Daemon::orphan_end(std::function<void()> done) {
    // What still waits in the channels must not bring addresses back after they were removed.
    for (auto& [peer, channel] : peers_) channel->drain();
    if (active_) {
        // First of all: whoever comes after us must not believe that we still hold anything.
        ledger_->mark_ended();
        roles_.release_all();
        give_up_network();
    }
    messages::Shutdown quietly;
    quietly.set_mode(messages::Shutdown::QUIET);
    shut_down(quietly, std::move(done));
}

}  // namespace holdfast::ipvsd
