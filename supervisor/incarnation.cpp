#include "supervisor/incarnation.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>

#include "supervisor/tell.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using messages::v1::ToSupervisor;

// From exec to Ready. Large configurations are parsed twice in it, on a busy machine.
constexpr core::Interval kStartLimit = 15s;
// From closing its channel to its end.
constexpr core::Interval kExitLimit = 500ms;

}  // namespace

Incarnation::Incarnation(loop::Loop& loop, const RoleSpec& role, std::uint64_t number,
                         Launched launched, core::UniqueFd channel, IncarnationOwner& owner)
    : loop_(loop),
      role_(role),
      number_(number),
      owner_(owner),
      started_(loop.now()),
      started_wall_clock_(loop.wall_clock_seconds()),
      child_(loop, std::move(launched), [this](ExitStatus how) { ended(how); }),
      channel_(loop, std::move(channel), role.peer, ipc::Channel::Limits{},
               ipc::Channel::Handlers{
                   [this](ipc::Channel::Frame frame) { return received(frame.bytes); },
                   [this](const core::Error& why) { channel_closed(why); }}),
      beat_(loop, [this] { beat(); }),
      limit_(loop, [this] { expire(); }) {
    limit_.after(kStartLimit);
}

core::Status Incarnation::received(const std::string& frame) {
    ToSupervisor message;
    if (core::Status parsed = ipc::parse(frame, message); !parsed) return parsed;
    if (!budget_.spend(loop_.now())) return core::Error::from_errno(EDQUOT, "too many messages");
    if (!may_say(role_.peer, stage_, message.body_case())) {
        return core::Error::from_errno(
            EPERM, fmt::format("message {} at stage {}", static_cast<int>(message.body_case()),
                               to_text(stage_)));
    }
    return take(message);
}

core::Status Incarnation::take(const ToSupervisor& message) {
    const bool first_ack = stage_ == Stage::greeted;
    switch (message.body_case()) {
        case ToSupervisor::kHello:
            if (message.hello().role() != static_cast<int>(role_.number)) {
                return core::Error::from_errno(EPERM, "Hello of another role");
            }
            stage_ = Stage::greeted;
            owner_.greeted(*this);
            return core::Done{};
        case ToSupervisor::kConfigAck:
            if (message.config_ack().generation() > last_offer_) {
                return core::Error::from_errno(EPROTO, "ConfigAck of a generation never offered");
            }
            if (message.config_ack().generation() < last_offer_) return core::Done{};
            if (first_ack && message.config_ack().accepted()) stage_ = Stage::prepared;
            owner_.acknowledged(*this, message.config_ack());
            return core::Done{};
        case ToSupervisor::kReady:
            stage_ = Stage::ready;
            limit_.cancel();
            heartbeat_.begin(loop_.now());
            beat_.after(Heartbeat::kPeriod);
            owner_.ready(*this);
            return core::Done{};
        case ToSupervisor::kPong:
            pong(message.pong());
            return core::Done{};
        case ToSupervisor::kCommitted:
            owner_.committed(*this, message.committed().generation());
            return core::Done{};
        default:
            return owner_.message(*this, message);
    }
}

core::Status Incarnation::offer(const ConfigPtr& config, int larger_state) {
    const ConfigMemory& part = config->part_of(role_.peer);
    const std::array<int, 2> descriptors = {part.memory.get(), larger_state};
    offered_ = config;
    last_offer_ = config->generation;
    budget_ = MessageBudget(config->objects());
    return tell(
        channel_,
        [&](auto& to) {
            to.mutable_config()->set_generation(config->generation);
            to.mutable_config()->set_size(part.digest.size);
            to.mutable_config()->set_sha256(part.digest.sha256);
        },
        std::span(descriptors).first(larger_state < 0 ? 1 : 2));
}

core::Status Incarnation::commit() {
    return tell(channel_,
                [&](auto& to) { to.mutable_commit()->set_generation(offered_->generation); });
}

core::Status Incarnation::abort(const ConfigPtr& running) {
    const std::uint64_t generation = last_offer_;
    offered_ = running;
    return tell(channel_, [&](auto& to) { to.mutable_abort()->set_generation(generation); });
}

core::Status Incarnation::connect_peer(ipc::Peer peer, std::uint64_t number, int socket) {
    return tell(
        channel_,
        [&](auto& to) {
            to.mutable_peer_fd()->set_peer(static_cast<messages::v1::Role>(role_of(peer).number));
            to.mutable_peer_fd()->set_incarnation(number);
        },
        {&socket, 1});
}

core::Status Incarnation::activate() {
    stage_ = Stage::active;
    return tell(channel_, [](auto& to) { to.mutable_activate(); });
}

void Incarnation::shut_down(const messages::v1::Shutdown& how, core::Interval limit) {
    if (stage_ == Stage::stopping || stage_ == Stage::ended) return;
    stage_ = Stage::stopping;
    beat_.cancel();
    limit_.after(limit);
    const core::Status told = tell(channel_, [&](auto& to) { *to.mutable_shutdown() = how; });
    if (!told) kill();
}

void Incarnation::kill() {
    child_.signal(SIGKILL);
}

void Incarnation::pong(const messages::v1::Pong& pong) {
    heartbeat_.answered(pong.progress(), loop_.now());
}

void Incarnation::beat() {
    if (heartbeat_.hangs(loop_.now())) return condemn("no progress for 5 s");
    const std::uint64_t nonce = loop_.turns();
    const core::Status asked =
        tell(channel_, [&](auto& to) { to.mutable_ping()->set_nonce(nonce); });
    if (asked) beat_.after(Heartbeat::kPeriod);
}

void Incarnation::expire() {
    if (stage_ == Stage::stopping || closed_) return kill();  // its time to end by itself is over
    condemn(fmt::format("not ready after {} s", kStartLimit / 1s));
}

void Incarnation::condemn(const std::string& why) {
    if (!condemned_ && stage_ != Stage::ended) {
        condemned_ = true;
        owner_.condemned(*this, why);
    }
    kill();
}

void Incarnation::channel_closed(const core::Error& why) {
    if (why.code() != 0) return condemn("protocol violation: " + why.text());
    // End of file goes with the end of the process, whose status tells more.
    closed_ = true;
    beat_.cancel();
    if (stage_ != Stage::stopping) limit_.after(kExitLimit);
}

void Incarnation::ended(ExitStatus how) {
    channel_.drain();  // what it said before its end
    stage_ = Stage::ended;
    beat_.cancel();
    limit_.cancel();
    owner_.ended(*this, how);
}

}  // namespace holdfast::supervisor
