#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "checkerd/standing.hpp"

namespace holdfast::checkerd {

/// Octets of one record of checkerd's state file; lib/daemon/state_layout.hpp leaves room for more.
/// A change of the record's meaning needs a new kCheckerdLayout there: the successor starts cold.
inline constexpr std::size_t kRecordSize = 256;

using Record = std::array<std::byte, kRecordSize>;

[[nodiscard]] Record encode(const Saved& saved);
/// Nothing if any field is out of its range: the file may have been written by a process that was
/// taken over.
[[nodiscard]] std::optional<Saved> decode(std::span<const std::byte> record);

}  // namespace holdfast::checkerd
