#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "lib/core/result.hpp"

namespace holdfast::supervisor {

/// Who a script runs as: one user, one group, and no supplementary groups but that group, unless
/// the configuration wants the user's.
struct ScriptUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;
    std::vector<gid_t> groups;  // set_supplementary_groups; empty: only `gid`
    friend bool operator==(const ScriptUser& a, const ScriptUser& b) {
        return a.uid == b.uid && a.gid == b.gid && a.groups == b.groups;
    }
};

/// `user` and `group` as the configuration writes them, names or numbers; an empty group means the
/// user's primary one. An empty user means keepalived_script if it exists; else root, unless
/// `security` (enable_script_security) is on, which then refuses (behaviour of keepalived).
[[nodiscard]] core::Result<ScriptUser> find_script_user(const std::string& user,
                                                        const std::string& group, bool security);

/// All groups that the system's files give this user, its own first.
[[nodiscard]] std::vector<gid_t> groups_of(const ScriptUser& user);

/// Whether root may run this file: each folder on its path, each symbolic link, wherever these lead
/// on the way, and the file belong to root and are not writable by another group or by others
/// (sticky folders pass). The error names the part that is not so and what to do.
[[nodiscard]] core::Status check_root_script(const std::string& path);

/// Whether the file makes whoever runs it root, or a member of root's group.
[[nodiscard]] bool becomes_root(const std::string& path);

/// The absolute path of a script: as it is, or found in PATH. The error names the word.
[[nodiscard]] core::Result<std::string> find_program(const std::string& word);

}  // namespace holdfast::supervisor
