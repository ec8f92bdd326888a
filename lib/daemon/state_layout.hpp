#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/core/unique_fd.hpp"
#include "lib/log/logger.hpp"
#include "lib/state/state_file.hpp"
#include "proto/common.pb.h"

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::daemon {

/// Octets of one record of each role's state file. A role whose record grows above it changes this
/// number; one whose record changes its meaning changes the version.
inline constexpr std::size_t kVrrpdRecord = 640;
inline constexpr std::size_t kCheckerdRecord = 384;
inline constexpr std::size_t kIpvsdRecord = 128;

inline constexpr std::uint32_t kVrrpdLayout = 3;
inline constexpr std::uint32_t kCheckerdLayout = 1;
inline constexpr std::uint32_t kIpvsdLayout = 1;

struct StateLayout {
    std::uint32_t version = 0;
    std::size_t record_size = 0;
    /// Twice what the configuration needs and some more, since records of removed objects stay
    /// until their removal is complete.
    std::size_t records = 0;

    friend bool operator==(const StateLayout&, const StateLayout&) = default;
};

/// How the state file of `role` (vrrpd, checkerd, ipvsd) looks for `config`. The supervisor sizes
/// the file with it (state::file_size), the role maps it.
[[nodiscard]] StateLayout state_layout(messages::v1::Role role, const config::v1::Config& config);

/// The role's state: `file` mapped, or, where it is missing or of no use, private memory with one
/// warning. After a cold start it begins empty. As with StateFile::map, nothing in it is looked at
/// before the first use, which must not come before activate.
[[nodiscard]] state::StateFile open_state(core::UniqueFd file, const messages::v1::Welcome& welcome,
                                          const StateLayout& layout, log::Logger& log);

}  // namespace holdfast::daemon
