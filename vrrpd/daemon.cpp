#include "vrrpd/daemon.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"
#include "vrrpd/status.hpp"

namespace holdfast::vrrp {

namespace {

using messages::v1::ToSupervisor;

constexpr core::Interval kShortestPatience = std::chrono::seconds{1};
/// Sockets that are missing are asked for again after this time; one event asks at once.
constexpr core::Interval kSocketRetry = std::chrono::seconds{5};
constexpr core::Interval kSocketGap = std::chrono::milliseconds{200};
/// ipvsd's successor usually brings a new channel before this.
constexpr core::Interval kIpvsdPatience = std::chrono::seconds(2);

/// How long ipvsd may take to carry a role out.
core::Interval patience_for(const Instance& instance) {
    return std::max(kShortestPatience, 3 * instance.setting().router.advert_interval);
}
core::Interval down_interval_of(const Instance& instance) {
    return instance.group().down_interval(instance.member());
}

}  // namespace

Daemon::Daemon(const daemon::Surroundings& surroundings)
    : with_(surroundings),
      profile_(sandbox::vrrpd_profile()),
      links_(
          with_.loop, with_.log, [this](const std::string& name) { interface_changed(name); },
          [this](std::uint32_t index) { sockets_.interface_gone(index); }),
      sockets_(with_.loop, with_.log,
               {.arrived =
                    [this](const WireKey& where, std::span<const Datagram> datagrams) {
                        packets_arrived(where, datagrams);
                    },
                .garbage = [this](const WireKey& where,
                                  const core::Address& from) { garbage_arrived(where, from); }}),
      scripts_(with_.loop, with_.log, saved_,
               {.run = [this](core::ObjectId script) { poll_script(script); },
                .changed = [this](core::ObjectId script) { routers_.judge_object(script); }}),
      values_(with_.loop, with_.log, [this](core::ObjectId id) { routers_.judge_object(id); }),
      tools_{with_.loop, with_.log, sockets_, saved_, *this},
      routers_(tools_, links_, scripts_, values_),
      requests_(*this),
      ipvsd_(with_.loop, with_.log,
             {.received =
                  [this](ipc::Channel::Frame frame) {
                      return requests_.handle(ipc::Peer::ipvsd, std::move(frame));
                  },
              .lost = [this] { ipvsd_lost(); }}),
      ipvsd_retry_(with_.loop, [this] { ask_for_ipvsd(); }),
      unknown_limit_({.every = std::chrono::seconds{60}, .burst = 1}),
      socket_retry_(with_.loop, [this] { request_all_sockets(); }),
      late_limit_({.every = std::chrono::seconds{1}, .burst = 1}) {}

Daemon::~Daemon() = default;

core::Status Daemon::prepare(std::uint64_t generation, const config::v1::Config& config) {
    auto model = build_model(generation, config);
    if (!model) return model.error();
    prepared_ = std::move(model).value();
    layout_ = daemon::state_layout(messages::v1::ROLE_VRRPD, config);
    return core::Done{};
}

void Daemon::abort(std::uint64_t /*generation*/) {
    prepared_.reset();
    larger_state_file_.reset();
}

core::Status Daemon::open(core::UniqueFd state_file) {
    saved_.use(daemon::open_state(std::move(state_file), with_.welcome, layout_, with_.log));
    return core::Done{};
}

void Daemon::larger_state_file(core::UniqueFd file) {
    larger_state_file_ = std::move(file);
}

void Daemon::activate(std::uint64_t generation) {
    if (!prepared_) core::broken_invariant("activate without a prepared configuration");
    active_ = true;
    generation_ = generation;
    slept_ = with_.loop.time_slept();
    if (core::Status started = links_.start(); !started)
        with_.log.error("VRRP_LINKS", started.error().text());
    const Model model = *std::exchange(prepared_, std::nullopt);
    log_unknown_vrids_ = model.log_unknown_vrids;
    links_.adopt(model.links);
    scripts_.adopt(model.scripts, true);
    values_.adopt(model, true);
    routers_.start(model);
    with_.log.info(
        "VRRP_START",
        fmt::format("{} instances in {} groups, {}", model.instances.size(), model.groups.size(),
                    saved_.file().inherited() ? "state of a predecessor taken over"
                                              : "no state of a predecessor"));
    say_everything();
    // Before any timer may act, everything that was said to the predecessor, or to nobody.
    sockets_.begin();
    request_all_sockets();
}

void Daemon::commit(std::uint64_t generation, std::function<void()> committed) {
    if (!prepared_) core::broken_invariant("commit without a prepared configuration");
    const Model model = *std::exchange(prepared_, std::nullopt);
    generation_ = generation;
    if (larger_state_file_) {
        const auto moved = saved_.file().move_to(std::move(larger_state_file_));
        if (!moved) with_.log.warning("VRRP_STATE_FULL", moved.error().text());
    }
    log_unknown_vrids_ = model.log_unknown_vrids;
    links_.adopt(model.links);
    scripts_.adopt(model.scripts, false);
    values_.adopt(model, false);
    routers_.adopt(model);
    links_.flush();
    const WiresInUse used = routers_.wires();
    sockets_.keep_only(used);
    std::erase_if(sockets_asked_, [&](const auto& asked) { return !used.contains(asked.first); });
    for (const auto& [id, instance] : routers_.instances())
        if (ipvsd_.connected())
            instance->kernel.connected();
        else
            instance->kernel.disconnected(std::max(kShortestPatience, down_interval_of(*instance)));
    request_all_sockets();
    ipvsd_.committed(generation);
    committed();
}

void Daemon::peer_connected(ipc::Peer peer, core::UniqueFd socket) {
    if (peer != ipc::Peer::ipvsd) return;
    ipvsd_.connect(std::move(socket));
    failing_.clear();
    if (active_) say_everything();
}

/// The roles as they are, to an ipvsd that has heard nothing of this process yet.
void Daemon::say_everything() {
    if (!ipvsd_.connected()) return ipvsd_lost();
    std::vector<RoleSaid> roles;
    for (const auto& [id, instance] : routers_.instances()) roles.push_back(role_of(*instance));
    ipvsd_.say_everything(generation_, roles);
    for (const RoleSaid& role : roles) {
        Instance& instance = *routers_.find(role.instance);
        instance.kernel.connected();
        told(instance, role);
    }
}

void Daemon::ask_for_ipvsd() {
    if (ipvsd_.connected()) return;
    ToSupervisor request;
    request.mutable_peer_request();
    say(request);
    ipvsd_retry_.after(kIpvsdPatience);
}

void Daemon::ipvsd_lost() {
    ipvsd_retry_.after(kIpvsdPatience);
    for (const auto& [id, instance] : routers_.instances())
        instance->kernel.disconnected(std::max(kShortestPatience, down_interval_of(*instance)));
}

RoleSaid Daemon::role_of(Instance& instance) {
    return {.instance = instance.id(),
            .state = name_of(instance.router().state),
            .epoch = ++epoch_,
            .down_interval = down_interval_of(instance)};
}

void Daemon::told(Instance& instance, const RoleSaid& role) {
    if (role.state == StateName::active)
        instance.kernel.told_active(role.epoch, patience_for(instance));
    else
        instance.kernel.told_otherwise();
}

core::Status Daemon::message(ipc::Channel::Frame frame) {
    return requests_.handle(ipc::Peer::supervisor, std::move(frame));
}

core::Result<std::string> Daemon::status(messages::v1::StatusTopic topic) {
    if (topic != messages::v1::STATUS_VRRP)
        return core::Error::from_errno(EINVAL, "status topic of another role");
    return status_of(routers_, strangers_, with_.loop).SerializeAsString();
}

void Daemon::give_everything_up() {
    // A successor must not believe in roles that are given up.
    saved_.file().mark_ended();
    scripts_.stop();
    values_.stop();
    routers_.take_all(Shutdown{});
    ipvsd_.flush();
    static_cast<void>(with_.supervisor.flush());
}

void Daemon::shut_down(const messages::v1::Shutdown& how, std::function<void()> done) {
    const bool quiet = how.mode() == messages::v1::Shutdown::QUIET || how.keep_addresses();
    if (!quiet) give_everything_up();
    done();
}

void Daemon::orphan_end(std::function<void()> done) {
    give_everything_up();
    done();
}

core::Status Daemon::socket_granted(const messages::v1::SocketGrant& grant, core::UniqueFd socket) {
    if (grant.kind() == messages::v1::SOCKET_NETLINK_MONITOR) {
        if (!socket) {
            with_.log.error(
                "VRRP_LINKS",
                "no netlink monitor, so every interface counts as absent: " +
                    core::Error::from_errno(static_cast<int>(grant.error()), "open it").text());
            return core::Done{};
        }
        return links_.attach(std::move(socket));
    }
    if (core::Status taken = sockets_.grant(grant, std::move(socket)); !taken) return taken;
    // The senders of a set come first, and there may be thousands.
    const bool receives = grant.kind() != messages::v1::SOCKET_SEND;
    if (active_ && receives) routers_.judge_interface(grant.interface());
    return core::Done{};
}

void Daemon::request_all_sockets() {
    std::vector<Instance*> all;
    for (const auto& [id, instance] : routers_.instances()) all.push_back(instance.get());
    request_sockets(all);
}

void Daemon::request_sockets(const std::vector<Instance*>& instances) {
    bool soon = false;  // asked a moment ago, and something came since
    std::map<WireKey, core::ObjectId> needy;
    for (const Instance* instance : instances)
        if (routers_.lacks_sockets(*instance)) needy.emplace(instance->wire_key(), instance->id());
    for (const auto& [key, id] : needy) {
        auto& asked = sockets_asked_[key];
        if (with_.loop.now() < asked + kSocketGap) {
            soon = true;
            continue;
        }
        asked = with_.loop.now();
        ToSupervisor request;
        request.mutable_socket_request()->set_instance_id(id.value);
        say(request);
    }
    if (needy.empty()) return;
    // A stream of events must not put it off.
    const core::Instant again = with_.loop.now() + (soon ? kSocketGap : kSocketRetry);
    if (!socket_retry_.pending() || again < socket_retry_.deadline()) socket_retry_.at(again);
}

/// Of one interface only: when thousands come up, each is looked at for its own events.
void Daemon::interface_changed(const std::string& interface) {
    if (!active_) return;
    routers_.judge_interface(interface);
    request_sockets(routers_.on_interface(interface));
}

void Daemon::packets_arrived(const WireKey& where, std::span<const Datagram> datagrams) {
    // Before an Active Router answers a packet that woke it, it must know how long it was away.
    slept();
    routers_.fetch(where, datagrams);
    for (const Datagram& each : datagrams)
        if (!routers_.arrived(where, each)) note_unknown(where, each);
}

void Daemon::note_unknown(const WireKey& where, const Datagram& datagram) {
    const auto vrid = vrid_of(datagram.message);
    if (!vrid) return garbage_arrived(where, datagram.source);
    strangers_.seen(where, *vrid, datagram.source, with_.loop.now());
    const std::size_t kind = std::hash<std::string>{}(where.interface) << 8U ^ *vrid;
    if (!unknown_limit_.admit(kind, with_.loop.now())) return;
    const std::string text =
        fmt::format("{} on {} uses virtual router id {}, which is not configured here",
                    datagram.source.text(), where.interface, unsigned{*vrid});
    if (log_unknown_vrids_)
        with_.log.notice("VRRP_UNKNOWN", text);
    else
        with_.log.info("VRRP_UNKNOWN", text);
}

void Daemon::garbage_arrived(const WireKey& where, const core::Address& source) {
    strangers_.seen(where, 0, source, with_.loop.now());
}

void Daemon::track_result(const messages::v1::TrackResult& result) {
    scripts_.take(result);
}

void Daemon::poll_script(core::ObjectId script) {
    ToSupervisor request;
    request.mutable_track_poll()->set_script_id(script.value);
    say(request);
}

void Daemon::instance_applied(const messages::v1::InstanceApplied& applied) {
    for (const auto& result : applied.results())
        if (Instance* instance = routers_.find(core::ObjectId{result.instance_id()}))
            instance->kernel.applied(result.epoch(), static_cast<int>(result.error()));
}

void Daemon::instance_contested(const messages::v1::InstanceContested& contested) {
    if (Instance* instance = routers_.find(core::ObjectId{contested.instance_id()}))
        instance->kernel.contested(contested.what());
}

core::Status Daemon::tracked_value(const messages::v1::TrackedValue& value) {
    return values_.take_value(core::ObjectId{value.object_id()}, value.value());
}

core::Status Daemon::service_quorum(const messages::v1::ServiceQuorum& quorum) {
    const core::ObjectId id{quorum.service_id()};
    // ipvsd commits first, and may speak of what only the next generation has.
    if (prepared_ && prepared_->watched.contains(id) && !values_.knows(id)) return core::Done{};
    return values_.take_quorum(id, quorum.met());
}

core::Status Daemon::interface_failures(const messages::v1::InterfaceFailures& failures) {
    for (const auto& each : failures.failures()) {
        // ipvsd commits first, and may speak of what only the next generation has.
        const core::ObjectId id{each.instance_id()};
        if (routers_.find(id) != nullptr) failing_[id] = each.what();
    }
    if (!failures.last()) return core::Done{};
    const auto failing = std::exchange(failing_, {});
    for (const auto& [id, instance] : routers_.instances()) {
        const auto found = failing.find(id);
        const std::string now = found == failing.end() ? std::string() : found->second;
        if (std::exchange(instance->interface_failure, now) != now) routers_.judge(*instance);
    }
    return core::Done{};
}

}  // namespace holdfast::vrrp
