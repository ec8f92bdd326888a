#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
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
    /// False on a cold start: whatever the file holds is thrown away.
    bool believe = true;
};

/// Octets of one record at most.
inline constexpr std::size_t kMaxRecord = 4096;

/// Where a record was written last, for whoever writes it often: spares the search. Always safe: a
/// hint that no longer fits is found out and corrected.
struct SlotHint {
    std::size_t slot = 0;
};

/// Octets that a file for `records` records of `record_size` needs (the supervisor sizes it with
/// posix_fallocate; a store into an unbacked page of a full tmpfs is SIGBUS).
[[nodiscard]] std::uint64_t file_size(std::size_t records, std::size_t record_size);

/// Records of one fixed size by object id in a shared mapping, so that they outlive the process and
/// cost no system call. Each record has two copies with a sequence number each: a writer fills the
/// older copy, then publishes its number; a process killed in between leaves the other one whole.
/// Everything read is range-checked; what does not fit counts as absent.
///
/// map() does not look into the file: that happens with the first call of any other member, which
/// must not come before Activate, since until then the predecessor may still write.
///
/// Without a file (no space, no descriptor) it works in private memory and nothing survives.
class StateFile {
  public:
    /// Maps `file`. A head that does not match `identity` or `record_size`, or is marked ended,
    /// makes it empty. `record_size` octets at most kMaxRecord. ENOSPC: the file is not backed.
    [[nodiscard]] static core::Result<StateFile> map(core::UniqueFd file, const Identity& identity,
                                                     std::size_t record_size);
    [[nodiscard]] static StateFile private_memory(std::size_t records, std::size_t record_size);

    StateFile(StateFile&& other) noexcept;
    StateFile& operator=(StateFile&& other) noexcept;
    ~StateFile();

    /// True when the predecessor's records were believed.
    [[nodiscard]] bool inherited() const;

    [[nodiscard]] std::optional<std::vector<std::byte>> read(core::ObjectId id) const;
    /// `record` may be shorter than the record size. False when the file is full.
    bool write(core::ObjectId id, std::span<const std::byte> record);
    bool write(core::ObjectId id, std::span<const std::byte> record, SlotHint& hint);
    /// Brings nearer what the next write() there will fill: with step 0 where that is, with 1 the
    /// place itself.
    void fetch(const SlotHint& hint, unsigned step) const;
    void erase(core::ObjectId id);
    /// In no particular order.
    [[nodiscard]] std::vector<core::ObjectId> ids() const;
    [[nodiscard]] std::size_t capacity() const;

    /// From now on a successor starts cold (before an orphan gives anything up). Stays so
    /// whatever is written afterwards.
    void mark_ended();
    void clear();

    /// Copies all records into a larger file of the same identity and goes on there; on failure
    /// everything stays as it is. For a reload that needs more records.
    core::Status move_to(core::UniqueFd larger);

  private:
    struct Mapping;
    explicit StateFile(std::unique_ptr<Mapping> mapping);
    [[nodiscard]] Mapping& begun() const;

    std::unique_ptr<Mapping> mapping_;
};

/// The record of `id` as a value; absent when it has another size.
template <class Record>
[[nodiscard]] std::optional<Record> load(const StateFile& file, core::ObjectId id) {
    static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) <= kMaxRecord);
    const auto bytes = file.read(id);
    if (!bytes || bytes->size() != sizeof(Record)) return std::nullopt;
    Record record{};
    std::memcpy(&record, bytes->data(), sizeof record);
    return record;
}

/// False when the file is full.
template <class Record>
bool store(StateFile& file, core::ObjectId id, const Record& record) {
    static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) <= kMaxRecord);
    return file.write(id, std::as_bytes(std::span(&record, 1)));
}

}  // namespace holdfast::state
