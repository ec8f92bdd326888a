#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.hpp"

namespace holdfast::sandbox {

/// Who a process of ours runs as; the numbers of the first four are messages.v1.Role's.
enum class User : std::uint8_t {
    vrrpd = 2,
    checkerd = 3,
    ipvsd = 4,
    parser = 5,
    mailer = 6,
    exporter = 7,
};
/// "_holdfast-vrrp", ...
[[nodiscard]] std::string_view name_of(User user);

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string warning;  // for the log, once; empty when the user exists
};
/// The user of that name, else the number HOLDFAST_USER_BASE + `user`, which is nobody else's. Asks
/// the name service: only for a process without filter.
[[nodiscard]] Account account_of(User user);

/// What a role becomes between fork and exec.
struct Descent {
    Account account;
    /// Ambient over the exec (numbers of linux/capability.h): CAP_SYS_CHROOT, and what the role
    /// keeps.
    std::vector<int> capabilities;
    /// Without all of them it keeps its user, with no capability at all (the parser must read files
    /// that only root may).
    bool stay_unless_all = false;
};
[[nodiscard]] Descent descent_of(User user, Account account);

/// Changes this process, which must have one thread, as far as the surroundings allow: bounding set
/// emptied, no supplementary group, uid and gid, ambient capabilities, no_new_privs. What could not
/// be had is returned in words and is no failure; the role tells it again in its sandbox report.
[[nodiscard]] std::vector<std::string> descend(const Descent& descent);

}  // namespace holdfast::sandbox
