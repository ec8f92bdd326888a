#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/sandbox/profile.hpp"

namespace holdfast::sandbox {

/// What protects this process, and what could not be had, in words for people: "chroot",
/// "seccomp: not in this kernel". Each missing one is worth one warning, and never a refusal.
struct Report {
    std::vector<std::string> present;
    std::vector<std::string> missing;
};

/// What happens to a system call that the profile does not name.
enum class Action : std::uint8_t {
    refuse,  // ENOSYS, so that libraries fall back; calls only an attacker makes end the process
    kill,    // every one ends the process
    log,     // every one is allowed and logged by the kernel
    off,     // no filter
};
/// From HOLDFAST_SANDBOX: "kill", "log", "off"; anything else is refuse. A build with sanitizers
/// logs whatever is asked of it, unless off: they need calls of their own.
[[nodiscard]] Action action_of_environment();

/// Closes the sandbox around this process, for good: no_new_privs, no new processes, chroot to
/// `empty_folder` (an O_PATH descriptor, or -1), Landlock, capabilities, seccomp, in this order.
/// Warm libraries up before; open nothing afterwards. One thread.
[[nodiscard]] Report enter(const Profile& profile, int empty_folder,
                           Action action = action_of_environment());

/// enter() and nothing but the filter; for tests of the lists.
[[nodiscard]] Report enter_filter_only(const Profile& profile, Action action);

}  // namespace holdfast::sandbox
