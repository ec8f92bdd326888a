#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/core/result.hpp"

/// The files of track_file: a number that anybody may write.
namespace holdfast::supervisor {

/// Octets of a file that are looked at, as keepalived.
constexpr std::size_t kNumberFileSize = 127;

/// Of a file that gets its initial number; keepalived's.
constexpr mode_t kInitialMode = 0600;

/// A C integer (0x and 0 prefixes, sign, white space before it) at the beginning; 0 when there is
/// none. What 64 bits cannot hold is the nearest that they can.
[[nodiscard]] std::int64_t number_in(std::string_view text);

/// One read of at most kNumberFileSize octets. A missing, empty or unreadable file counts as 0, and
/// so does what is no regular file, which is not opened: reading a device may do something.
[[nodiscard]] std::int64_t read_number_file(const std::string& path);

/// Writes the number a supervisor starts with; an existing file only if `overwrite`, a new one gets
/// `mode`. Runs as root
/// in folders that may belong to others, so it follows no symbolic link that is not root's, and
/// writes into no file that has a second name or belongs to somebody else than root or the folder's
/// owner.
core::Status write_number_file(const std::string& path, std::int64_t number, bool overwrite,
                               mode_t mode = kInitialMode);

}  // namespace holdfast::supervisor
