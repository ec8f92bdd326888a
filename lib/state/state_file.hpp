#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/core/ids.hpp"
#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::state {

/// What must agree for a successor to believe a predecessor's file.
struct Identity {
    std::uint32_t role = 0;    // messages.v1.Role
    std::uint32_t layout = 0;  // version of the role's record
    std::array<std::byte, 16> boot_id{};
    std::uint64_t netns_cookie = 0;
};

/// Octets that a file for `records` records of `record_size` needs (the supervisor sizes it with
/// posix_fallocate; a store into an unbacked page of a full tmpfs is SIGBUS).
[[nodiscard]] std::uint64_t file_size(std::size_t records, std::size_t record_size);

/// Records of one fixed size by object id in a shared mapping, so that they outlive the process and
/// cost no system call. Each record has two copies with a sequence number each: a writer fills the
/// older copy, then publishes its number; a process killed in between leaves the other one whole.
/// Everything read is range-checked; what does not fit counts as absent.
///
/// Without a file (no space, no descriptor) it works in private memory and nothing survives.
class StateFile {
  public:
    /// Maps `file`. A head that does not match `identity` or `record_size`, or is marked ended,
    /// makes it empty. `record_size` octets at most 4096.
    [[nodiscard]] static core::Result<StateFile> map(core::UniqueFd file, const Identity& identity,
                                                     std::size_t record_size);
    [[nodiscard]] static StateFile private_memory(std::size_t records, std::size_t record_size);

    StateFile(StateFile&& other) noexcept;
    StateFile& operator=(StateFile&& other) noexcept;
    ~StateFile();

    /// True when the predecessor's records were believed.
    [[nodiscard]] bool inherited() const;

    [[nodiscard]] std::optional<std::vector<std::byte>> read(core::ObjectId id) const;
    /// False when the file is full.
    bool write(core::ObjectId id, std::span<const std::byte> record);
    void erase(core::ObjectId id);
    [[nodiscard]] std::vector<core::ObjectId> ids() const;

    /// From now on a successor starts cold (design 2: before an orphan gives anything up).
    void mark_ended();
    void clear();

  private:
    StateFile() = default;
    struct Mapping;
    Mapping* mapping_ = nullptr;
};

}  // namespace holdfast::state
