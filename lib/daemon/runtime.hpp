#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/daemon/role.hpp"
#include "lib/sandbox/sandbox.hpp"

namespace holdfast::messages::v1 {
class ToSupervisor;
}

namespace holdfast::daemon {

/// Spoken in Hello and Welcome; another number is another incompatible set of messages.
inline constexpr std::uint32_t kProtocol = 1;

/// Octets of one StatusReply's payload at most.
inline constexpr std::size_t kStatusPart = 48UL * 1024;

/// How a role's process ends.
enum ExitStatus : int {
    kEnded = 0,      // told to
    kFailed = 1,     // could not start: its last log line says why
    kViolation = 3,  // the supervisor said something it must not
    kOrphaned = 4,   // the supervisor is lost
};

/// Makes the role once Welcome has come.
using MakeRole = std::function<std::unique_ptr<Role>(const Surroundings&)>;

/// What the runtime finds at its fixed descriptors, and how it reaches the process itself; tests
/// bring their own.
struct Place {
    core::UniqueFd channel;
    core::UniqueFd state_file;  // may be empty
    core::UniqueFd log;         // may be empty: lines are forgotten
    std::function<void(const std::string&)> set_process_name;
    std::function<sandbox::Report(const sandbox::Profile&)> enter_sandbox;
};

/// Drives one role through the one order of every start (role.hpp) and through its life, as the
/// supervisor says on the channel. Anything the supervisor must not say ends the process.
class Runtime {
  public:
    Runtime(loop::Loop& loop, messages::v1::Role which, Place place, MakeRole make);
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    /// Says Hello. What follows happens in the loop, which is stopped at the end.
    void start();
    /// An ExitStatus, once the loop was stopped.
    [[nodiscard]] int exit_status() const { return exit_status_; }

  private:
    enum class Phase : std::uint8_t { greeting, preparing, ready, running, ending };

    core::Status received(ipc::Channel::Frame frame);
    template <class Message>
    core::Status serve(ipc::Channel::Frame frame);
    template <class Message>
    core::Status serve_lifecycle(const Message& message, ipc::Channel::Frame& frame);

    core::Status on_welcome(const messages::v1::Welcome& welcome);
    core::Status on_config(const messages::v1::ConfigOffer& offer, ipc::Channel::Frame& frame);
    core::Status on_commit(std::uint64_t generation);
    core::Status on_abort(std::uint64_t generation);
    core::Status on_activate();
    core::Status on_peer(const messages::v1::PeerFd& peer, ipc::Channel::Frame& frame);
    core::Status on_shutdown(const messages::v1::Shutdown& how);
    core::Status on_status_request(const messages::v1::StatusRequest& request);

    /// Opens what the role needs, closes the sandbox, says Ready. False: the process ends.
    bool become_ready();
    void acknowledge(std::uint64_t generation, const core::Status& prepared);
    [[nodiscard]] std::string own_status() const;
    void say(const messages::v1::ToSupervisor& message);
    void channel_closed(const core::Error& why);
    void end_as_orphan();
    void end(int exit_status);

    loop::Loop& loop_;
    messages::v1::Role which_;
    Place place_;
    MakeRole make_;
    messages::v1::Welcome welcome_;
    std::unique_ptr<log::Logger> log_;
    std::unique_ptr<ipc::Channel> channel_;
    std::unique_ptr<Role> role_;
    sandbox::Report report_;
    Phase phase_ = Phase::greeting;
    bool violated_ = false;
    bool over_ = false;
    std::uint64_t first_generation_ = 0;
    std::optional<std::uint64_t> prepared_;  // offered and accepted, neither committed nor aborted
    std::optional<std::uint64_t> committing_;
    loop::Timer grace_;
    loop::Timer patience_;
    int exit_status_ = kEnded;
};

/// What a role's main() does: makes the process deaf to signals, takes the fixed descriptors, and
/// drives the role until its end. The result is the process's exit status.
[[nodiscard]] int run_role(messages::v1::Role which, MakeRole make);

}  // namespace holdfast::daemon
