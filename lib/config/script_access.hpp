#pragma once

#include <sys/types.h>

#include <string>

#include "lib/config/access.hpp"

namespace holdfast::config {

/// What may keep a user from running a program.
struct Barrier {
    enum class Kind { none, doubtful, certain };
    Kind kind = Kind::none;
    std::string path;  // the program or one of its folders
};

/// The worst part of an absolute path for this user and group. A doubtful one is open to a group
/// that is not the user's: an access control list may let the user in. What cannot be looked at is
/// no barrier.
[[nodiscard]] Barrier barrier_for(FileAccess& files, const std::string& program, uid_t user,
                                  gid_t group);

}  // namespace holdfast::config
