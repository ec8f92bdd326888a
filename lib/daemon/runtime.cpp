#include "lib/daemon/runtime.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "lib/ipc/sealed_memory.hpp"
#include "proto/checker.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"

namespace holdfast::daemon {

namespace {

using namespace std::chrono_literals;
using messages::v1::ToSupervisor;

/// How long an orphan may take to give up what it holds; nobody is left to end it.
constexpr core::Interval kOrphanPatience = 400ms;

core::Error violation(std::string_view what) {
    return core::Error(std::string(what), EPROTO);
}

/// Who may be a role's peer on a direct channel; nothing for everybody else.
std::optional<ipc::Peer> peer_of(messages::v1::Role role, messages::v1::Role named) {
    using messages::v1::ROLE_CHECKERD;
    using messages::v1::ROLE_IPVSD;
    using messages::v1::ROLE_VRRPD;
    if (role == ROLE_IPVSD && named == ROLE_VRRPD) return ipc::Peer::vrrpd;
    if (role == ROLE_IPVSD && named == ROLE_CHECKERD) return ipc::Peer::checkerd;
    if (role != ROLE_IPVSD && named == ROLE_IPVSD) return ipc::Peer::ipvsd;
    return std::nullopt;
}

std::string_view identifier_of(messages::v1::Role role) {
    if (role == messages::v1::ROLE_VRRPD) return "holdfast-vrrpd";
    if (role == messages::v1::ROLE_CHECKERD) return "holdfast-checkerd";
    return "holdfast-ipvsd";
}

log::Level level_of(messages::v1::LogLevel level) {
    return static_cast<log::Level>(level);  // the numbers are syslog's in both
}

core::Result<config::v1::Config> read_config(const messages::v1::ConfigOffer& offer, int memory) {
    const auto content = ipc::read_sealed(memory, {offer.size(), offer.sha256()});
    if (!content) return content.error();
    config::v1::Config config;
    if (!config.ParseFromString(*content)) return core::Error("not a configuration", EBADMSG);
    return config;
}

}  // namespace

Runtime::Runtime(loop::Loop& loop, messages::v1::Role which, Place place, MakeRole make)
    : loop_(loop),
      which_(which),
      place_(std::move(place)),
      make_(std::move(make)),
      log_(log::make_null_logger()),
      grace_(loop, [this] { end_as_orphan(); }),
      patience_(loop, [this] { end(kOrphaned); }) {
    constexpr std::size_t kLargestAnswer = 64UL * 1024 * 1024;
    channel_ = std::make_unique<ipc::Channel>(
        loop_, std::move(place_.channel), ipc::Peer::supervisor,
        ipc::Channel::Limits{.queued_bytes = kLargestAnswer, .accept_descriptors = true},
        ipc::Channel::Handlers{
            [this](ipc::Channel::Frame frame) { return received(std::move(frame)); },
            [this](const core::Error& why) { channel_closed(why); }});
}

Runtime::~Runtime() = default;

void Runtime::start() {
    ToSupervisor message;
    auto& hello = *message.mutable_hello();
    hello.set_protocol(kProtocol);
    hello.set_build(HOLDFAST_VERSION);
    hello.set_role(which_);
    say(message);
}

core::Status Runtime::received(ipc::Channel::Frame frame) {
    if (over_) return core::Done{};
    const core::Status served = [&] {
        if (which_ == messages::v1::ROLE_VRRPD) {
            return serve<messages::v1::ToVrrpd>(std::move(frame));
        }
        if (which_ == messages::v1::ROLE_CHECKERD) {
            return serve<messages::v1::ToCheckerd>(std::move(frame));
        }
        return serve<messages::v1::ToIpvsd>(std::move(frame));
    }();
    violated_ = violated_ || !served;
    return served;
}

template <class Message>
core::Status Runtime::serve(ipc::Channel::Frame frame) {
    Message message;
    if (core::Status parsed = ipc::parse(frame.bytes, message); !parsed) return parsed;
    // The lifecycle has the same numbers, 1 to 10, in each role's messages.
    static_assert(Message::kStatusRequest == 10);
    if (message.body_case() <= Message::kStatusRequest) return serve_lifecycle(message, frame);
    if (phase_ == Phase::greeting) return violation("a message before Welcome");
    return role_->message(std::move(frame));
}

template <class Message>
core::Status Runtime::serve_lifecycle(const Message& message, ipc::Channel::Frame& frame) {
    const bool brings_descriptors = message.has_config() || message.has_peer_fd();
    if (!brings_descriptors && !frame.descriptors.empty()) return violation("unasked descriptor");
    if (message.has_welcome() != (phase_ == Phase::greeting)) {
        return violation("Welcome must come first and once");
    }
    switch (message.body_case()) {
        case Message::kWelcome:
            return on_welcome(message.welcome());
        case Message::kConfig:
            return on_config(message.config(), frame);
        case Message::kCommit:
            return on_commit(message.commit().generation());
        case Message::kAbort:
            return on_abort(message.abort().generation());
        case Message::kActivate:
            return on_activate();
        case Message::kPing: {
            ToSupervisor answer;
            answer.mutable_pong()->set_nonce(message.ping().nonce());
            answer.mutable_pong()->set_progress(loop_.turns());
            say(answer);
            return core::Done{};
        }
        case Message::kShutdown:
            return on_shutdown(message.shutdown());
        case Message::kPeerFd:
            return on_peer(message.peer_fd(), frame);
        case Message::kSetLogLevel:
            log_->set_level(level_of(message.set_log_level().level()));
            return core::Done{};
        case Message::kStatusRequest:
            return on_status_request(message.status_request());
        default:
            return violation("a message without a body");
    }
}

core::Status Runtime::on_welcome(const messages::v1::Welcome& welcome) {
    if (welcome.protocol() != kProtocol) {
        return violation(fmt::format("protocol {} instead of {}", welcome.protocol(), kProtocol));
    }
    if (welcome.role() != which_) return violation("Welcome for another role");
    welcome_ = welcome;
    if (welcome.has_process_name() && place_.set_process_name) {
        place_.set_process_name(welcome.process_name());
    }
    log_ = log::make_logger({.descriptor = std::move(place_.log),
                             .journal = !welcome.log_to_console(),
                             .identifier = welcome.has_log_identifier()
                                               ? welcome.log_identifier()
                                               : std::string(identifier_of(which_))});
    if (welcome.has_log_level()) log_->set_level(level_of(welcome.log_level()));
    phase_ = Phase::preparing;
    role_ = make_(Surroundings{loop_, *log_, *channel_, welcome_});
    return core::Done{};
}

core::Status Runtime::on_config(const messages::v1::ConfigOffer& offer,
                                ipc::Channel::Frame& frame) {
    if (frame.descriptors.empty() || frame.descriptors.size() > 2) {
        return violation("a configuration comes with one descriptor or two");
    }
    if (phase_ != Phase::ending && (prepared_ || committing_)) {
        return violation("a configuration while another one is on its way");
    }
    const auto config = read_config(offer, frame.descriptors[0].get());
    if (!config) return config.error().within("configuration");
    if (phase_ == Phase::ending) return core::Done{};

    const bool first = phase_ == Phase::preparing;
    if (frame.descriptors.size() == 2) {
        if (first) return violation("a larger state file before there was one");
        role_->larger_state_file(std::move(frame.descriptors[1]));
    }
    const core::Status prepared = role_->prepare(offer.generation(), *config);
    if (first && prepared) {
        first_generation_ = offer.generation();
        if (!become_ready()) return core::Done{};
    } else if (prepared) {
        prepared_ = offer.generation();
    }
    acknowledge(offer.generation(), prepared);
    if (first && prepared) {
        ToSupervisor message;
        message.mutable_ready();
        say(message);
    }
    return core::Done{};
}

bool Runtime::become_ready() {
    if (const core::Status opened = role_->open(std::move(place_.state_file)); !opened) {
        log_->error("START_FAILED", opened.error().text());
        end(kFailed);
        return false;
    }
    report_ = place_.enter_sandbox(role_->profile());
    for (const std::string& missing : report_.missing) log_->warning("SANDBOX_MISSING", missing);
    phase_ = Phase::ready;
    return true;
}

void Runtime::acknowledge(std::uint64_t generation, const core::Status& prepared) {
    constexpr std::size_t kLongestReason = 4096;
    ToSupervisor message;
    auto& ack = *message.mutable_config_ack();
    ack.set_generation(generation);
    ack.set_accepted(prepared.ok());
    if (!prepared) ack.set_reason(prepared.error().text().substr(0, kLongestReason));
    say(message);
}

core::Status Runtime::on_commit(std::uint64_t generation) {
    if (phase_ == Phase::ending) return core::Done{};
    if (phase_ != Phase::running || prepared_ != generation) {
        return violation("Commit of what is not prepared");
    }
    prepared_.reset();
    committing_ = generation;
    role_->commit(generation, [this, generation] {
        if (committing_ != generation) return;
        committing_.reset();
        ToSupervisor message;
        message.mutable_committed()->set_generation(generation);
        say(message);
    });
    return core::Done{};
}

core::Status Runtime::on_abort(std::uint64_t generation) {
    // It goes to all roles, also to the one that refused.
    if (prepared_ != generation) return core::Done{};
    prepared_.reset();
    role_->abort(generation);
    return core::Done{};
}

core::Status Runtime::on_activate() {
    if (phase_ != Phase::ready) return violation("Activate without Ready, or a second one");
    phase_ = Phase::running;
    role_->activate(first_generation_);
    return core::Done{};
}

core::Status Runtime::on_peer(const messages::v1::PeerFd& peer, ipc::Channel::Frame& frame) {
    const auto who = peer_of(which_, peer.peer());
    if (!who) return violation("PeerFd of a role that is no peer");
    if (frame.descriptors.size() != 1) return violation("PeerFd comes with one descriptor");
    if (phase_ == Phase::preparing) return violation("PeerFd before Ready");
    if (phase_ != Phase::ending) role_->peer_connected(*who, std::move(frame.descriptors[0]));
    return core::Done{};
}

core::Status Runtime::on_shutdown(const messages::v1::Shutdown& how) {
    if (phase_ == Phase::ending) return core::Done{};
    const bool has_effects = phase_ == Phase::running;
    phase_ = Phase::ending;
    if (has_effects) {
        role_->shut_down(how, [this] { end(kEnded); });
    } else {
        end(kEnded);
    }
    return core::Done{};
}

core::Status Runtime::on_status_request(const messages::v1::StatusRequest& request) {
    std::string payload;
    if (request.topic() == messages::v1::STATUS_PROCESS) {
        payload = own_status();
    } else if (phase_ == Phase::running || phase_ == Phase::ending) {
        auto answer = role_->status(request.topic());
        if (answer) payload = std::move(answer).value();
    }
    std::size_t done = 0;
    for (std::uint32_t part = 0; part == 0 || done < payload.size(); ++part) {
        ToSupervisor message;
        auto& reply = *message.mutable_status_reply();
        reply.set_request_id(request.request_id());
        reply.set_part(part);
        reply.set_payload(payload.substr(done, kStatusPart));
        done += kStatusPart;
        reply.set_last(done >= payload.size());
        say(message);
    }
    return core::Done{};
}

std::string Runtime::own_status() const {
    messages::v1::SandboxStatus status;
    for (const std::string& entry : report_.present) status.add_present(entry);
    for (const std::string& entry : report_.missing) status.add_missing(entry);
    return status.SerializeAsString();
}

void Runtime::say(const ToSupervisor& message) {
    // A channel that does not work any more tells so itself.
    static_cast<void>(channel_->send(message));
}

void Runtime::channel_closed(const core::Error& why) {
    if (over_) return;
    if (violated_ || why.code() == EBADMSG) {
        log_->error("PROTOCOL_VIOLATION", "supervisor: " + why.text());
        end(kViolation);
        return;
    }
    if (phase_ == Phase::ending) {
        patience_.after(kOrphanPatience);  // it goes on with its ordered end
        return;
    }
    if (phase_ != Phase::running) {
        end(kOrphaned);
        return;
    }
    const auto grace = std::chrono::milliseconds(welcome_.restart_grace_ms());
    log_->warning("SUPERVISOR_LOST",
                  fmt::format("{}; ends in {} ms", why.text(), welcome_.restart_grace_ms()));
    if (grace == grace.zero()) {
        end_as_orphan();
    } else {
        grace_.after(grace);
    }
}

void Runtime::end_as_orphan() {
    phase_ = Phase::ending;
    patience_.after(kOrphanPatience);
    role_->orphan_end([this] { end(kOrphaned); });
}

void Runtime::end(int exit_status) {
    if (over_) return;
    over_ = true;
    exit_status_ = exit_status;
    channel_->flush();
    loop_.stop();
}

}  // namespace holdfast::daemon
