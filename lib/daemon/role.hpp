#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "lib/sandbox/profile.hpp"
#include "proto/common.pb.h"
#include "proto/config.pb.h"

namespace holdfast::daemon {

/// The fixed descriptors of every role.
enum Descriptor : int {
    kChannel = 3,
    kLock = 4,
    kStateFile = 5,
    kLog = 6,
    kEmptyFolder = 7,
    kFirstFree = 8,
};

/// What a role is given to work with; all of it outlives the role.
struct Surroundings {
    loop::Loop& loop;
    log::Logger& log;
    ipc::Channel& supervisor;
    messages::v1::Welcome welcome;
};

/// What vrrpd, checkerd and ipvsd each implement; lib/daemon/runtime drives it through the one
/// order of every start:
///
///   Hello, Welcome, [sockets], first prepare, open, sandbox, Ready, peer_connected..., activate
///
/// Before activate a role reads no shared socket, does not use the mapped state and changes nothing
/// in the kernel.
class Role {
  public:
    virtual ~Role() = default;

    /// Builds the new model beside the running one; touches no kernel state, answers quickly. An
    /// error refuses the generation.
    virtual core::Status prepare(std::uint64_t generation, const config::v1::Config& config) = 0;
    /// Throws the prepared model away.
    virtual void abort(std::uint64_t generation) = 0;
    /// The prepared model becomes the running one. Call `committed` when that is complete
    /// (vrrpd: after the priority-0 advertisements of what it removes).
    virtual void commit(std::uint64_t generation, std::function<void()> committed) = 0;

    /// Between the first prepare and the sandbox: map `state_file` (may be empty), open what only a
    /// process without filter can open, warm libraries up.
    virtual core::Status open(core::UniqueFd state_file) = 0;
    /// The rights the role keeps and the calls it needs; asked for once, after open().
    [[nodiscard]] virtual const sandbox::Profile& profile() const = 0;
    /// A larger file for the state, because the generation that is prepared next needs more
    /// records: the role moves there (StateFile::move_to) when it commits. Without it the old file
    /// is kept.
    virtual void larger_state_file(core::UniqueFd file) { static_cast<void>(file); }
    /// Commits the first configuration and begins.
    virtual void activate(std::uint64_t generation) = 0;

    /// A new direct channel; it replaces the one of an older incarnation. Comes before activate,
    /// and again whenever the peer was restarted.
    virtual void peer_connected(ipc::Peer peer, core::UniqueFd socket) = 0;
    /// A message of the supervisor that is not part of the lifecycle, still as a frame.
    virtual core::Status message(ipc::Channel::Frame frame) = 0;
    /// Answers holdfastctl: the serialised message of status.proto for `topic`, cut into parts by
    /// the runtime. Never asked for STATUS_PROCESS, nor before activate.
    virtual core::Result<std::string> status(messages::v1::StatusTopic topic) = 0;

    /// An ordered end. Call `done` when nothing is left to do; the process exits then. Neither this
    /// nor orphan_end is called for a role that was not activated.
    virtual void shut_down(const messages::v1::Shutdown& how, std::function<void()> done) = 0;
    /// The supervisor is lost: the role goes on for `grace`, after which the runtime calls
    /// `orphan_end`, or at once when it is zero. What it gives up then must be marked ended in the
    /// state file before.
    virtual void orphan_end(std::function<void()> done) = 0;
};

}  // namespace holdfast::daemon
