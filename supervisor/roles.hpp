#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/sandbox/users.hpp"

namespace holdfast::supervisor {

/// One row of the table of processes: who it is, as whom it runs (rights:
/// lib/sandbox/users.hpp), what it is given.
struct RoleSpec {
    ipc::Peer peer;
    std::uint32_t number;   // messages.v1.Role
    std::string_view name;  // also its program's and its state file's
    sandbox::User user;
    std::string_view process_name;
    std::string_view drop_in_process_name;
    std::string_view identifier;  // SYSLOG_IDENTIFIER
    std::string_view drop_in_identifier;
    /// With whom it has a direct channel.
    std::span<const ipc::Peer> talks_to;
    bool keeps_state;
    /// Inherits the lock of the run-time folder, so that there are never two sets of daemons.
    bool holds_lock;
};

/// vrrpd, checkerd and ipvsd.
[[nodiscard]] std::span<const RoleSpec> daemon_roles();
[[nodiscard]] const RoleSpec& role_of(ipc::Peer peer);
/// By name, for the control socket; nullptr when there is no such daemon.
[[nodiscard]] const RoleSpec* daemon_named(std::string_view name);

/// Where the role's program lies: ../libexec/holdfast beside the running supervisor, and, in a
/// build tree, the folder of the part beside it.
struct Program {
    core::UniqueFd file;  // O_PATH
    std::string path;
};
[[nodiscard]] core::Result<Program> open_program(const RoleSpec& role);

}  // namespace holdfast::supervisor
