#include "ipvsd/daemon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "ipvsd/status.hpp"
#include "lib/daemon/state_layout.hpp"
#include "proto/config.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/supervisor.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace messages = holdfast::messages::v1;

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

/// Before addresses come on them. As place_addresses().
bool Daemon::use_interfaces() {
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
    return place_addresses();
}

/// An interface that was there under another name is used as it is. True when an address stands
/// elsewhere now; use_instances() must follow.
bool Daemon::place_addresses() {
    bool moved = false;
    for (auto* instances : {&model_->instances, &leaving_}) {
        for (auto& [id, instance] : *instances) {
            for (ConfiguredAddress& each : instance.addresses) {
                const std::string& now = interfaces_->actual_name(each.device);
                moved = moved || now != each.name.interface;
                each.name.interface = now;
            }
            std::set<std::string>& extra = instance.announcement.extra_interfaces;
            extra.clear();
            for (const std::string& each : instance.extra_interfaces) {
                extra.insert(interfaces_->actual_name(each));
            }
            for (const VirtualInterface& each : instance.interfaces) {
                model_->pacing.parents[interfaces_->actual_name(each.name)] = each.parent;
            }
        }
    }
    return moved;
}

/// By somebody else's hand: others carry the addresses now, or some can be made no longer or again.
void Daemon::interfaces_changed() {
    place_addresses();
    use_instances();
    firewall_->follow();
    network_->apply_all();
    if (vrrpd_has_said_) tell_interface_failures();
}

void Daemon::drop_leaving() {
    if (leaving_.empty()) return;
    // Network forgets its pointers before the instances they point to go.
    std::map<core::ObjectId, Instance> gone = std::exchange(leaving_, {});
    requests_.leaving_gone();
    use_instances();
    firewall_->follow();
    network_->apply_all();
    if (!use_interfaces()) return;
    use_instances();
    firewall_->follow();
    network_->apply_all();
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
    interfaces_ = std::make_unique<Interfaces>(loop, *opened_.kernel, *ledger_, around_.log,
                                               [this] { interfaces_changed(); });
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
    if (is_cold() && model_->tells_start_states) tell_start_states();
    roles_.start(around_.loop.now());
    if (!model_->needs_vrrpd()) roles_end(generation);
    for (auto& [peer, socket] : std::exchange(waiting_sockets_, {})) {
        open_channel(peer, std::move(socket));
    }
    schedule_withdrawal();
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
