#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/core/ids.hpp"
#include "lib/state/state_file.hpp"

/// The octets of a state file:
///
///   Head, 128 octets
///   Slot 0:  copy 0: CopyHead, record padded to 8 octets     copy 1: the same
///   Slot 1:  ...
///
/// A copy counts if its sequence number is not 0, its length fits and its checksum is right; of two
/// that count, the one with the larger number. Even numbers are written to copy 0, odd ones to
/// copy 1. Id 0 means that the slot is free.
namespace holdfast::state {

inline constexpr std::uint64_t kMagic = 0x3145545453464864ULL;  // new number for a new layout

struct Head {
    std::uint64_t magic;  // written last; 0 while the rest is being written
    std::uint64_t checksum;
    std::uint64_t records;
    std::uint64_t netns_cookie;
    std::uint32_t record_size;
    std::uint32_t role;
    std::uint32_t layout;
    std::uint32_t ended;
    std::array<std::byte, 16> boot_id;
    std::array<std::byte, 64> reserved;
};
static_assert(sizeof(Head) == 128);

struct CopyHead {
    std::uint64_t sequence;  // 0 while the rest is being written
    std::uint64_t id;
    std::uint64_t length;
    std::uint64_t checksum;  // of the three above and the record
};
static_assert(sizeof(CopyHead) == 32);
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);

/// Tells torn and spoilt records apart, not malice: four lanes of multiply and fold, continued from
/// `seed`.
[[nodiscard]] std::uint64_t checksum_of(std::span<const std::byte> bytes,
                                        std::uint64_t seed = 0xcbf29ce484222325ULL);

/// One record's two copies in the mapping.
class Slot {
  public:
    struct Content {
        core::ObjectId id;
        std::span<const std::byte> record;
        std::uint64_t sequence = 0;
    };

    Slot(std::byte* start, std::size_t record_size) : start_(start), record_size_(record_size) {}

    [[nodiscard]] static std::size_t size(std::size_t record_size);

    /// The newest whole copy, if any; refers into the mapping.
    [[nodiscard]] std::optional<Content> newest() const;
    /// Fills the copy that is not the newest, then publishes it. `sequence` is one more than that
    /// of the newest copy, 1 if there is none; its owner keeps it, since looking costs two
    /// checksums.
    void publish(core::ObjectId id, std::span<const std::byte> record, std::uint64_t sequence);
    /// Brings nearer where publish() will begin with this number.
    void fetch(std::uint64_t sequence) const;
    /// Both copies count as absent.
    void wipe();

  private:
    /// Where a sequence number is written: the numbers take turns.
    [[nodiscard]] static unsigned copy_of(std::uint64_t sequence) {
        return sequence % 2 == 0 ? 1 : 0;
    }
    [[nodiscard]] CopyHead* copy(unsigned which) const;
    [[nodiscard]] std::byte* record_of(unsigned which) const;
    [[nodiscard]] std::optional<Content> content(unsigned which) const;

    std::byte* start_;
    std::size_t record_size_;
};

}  // namespace holdfast::state
