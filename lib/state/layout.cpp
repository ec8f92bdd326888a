#include "lib/state/layout.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/core/prefetch.hpp"

namespace holdfast::state {

namespace {

std::size_t padded(std::size_t record_size) {
    return (record_size + 7U) / 8U * 8U;
}

std::uint64_t checksum_of_copy(std::uint64_t sequence, std::uint64_t id,
                               std::span<const std::byte> record) {
    const std::array<std::uint64_t, 3> head{sequence, id, record.size()};
    return checksum_of(record, checksum_of(std::as_bytes(std::span(head))));
}

}  // namespace

std::uint64_t checksum_of(std::span<const std::byte> bytes, std::uint64_t seed) {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    // Lanes that do not wait for each other's product.
    std::array<std::uint64_t, 4> lanes{seed, ~seed, seed << 1U, seed << 2U};
    const auto take = [](std::uint64_t& lane, std::uint64_t word) {
        lane = (lane ^ word) * 0x9e3779b97f4a7c15ULL;
        lane ^= lane >> 32U;  // a product carries changes upwards only
    };
    const auto take_word = [&](std::uint64_t& lane) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), kWord);
        bytes = bytes.subspan(kWord);
        take(lane, word);
    };
    while (bytes.size() >= lanes.size() * kWord)
        for (std::uint64_t& lane : lanes) take_word(lane);
    while (bytes.size() >= kWord) take_word(lanes[0]);
    std::uint64_t rest = bytes.size();
    for (const std::byte byte : bytes) rest = rest << 8U | std::to_integer<std::uint64_t>(byte);
    take(lanes[0], rest);
    for (std::size_t lane = 1; lane < lanes.size(); ++lane) take(lanes[0], lanes[lane]);
    return lanes[0];
}

std::size_t Slot::size(std::size_t record_size) {
    return 2 * (sizeof(CopyHead) + padded(record_size));
}

CopyHead* Slot::copy(unsigned which) const {
    std::byte* place = start_ + which * (sizeof(CopyHead) + padded(record_size_));
    return static_cast<CopyHead*>(static_cast<void*>(place));
}

std::byte* Slot::record_of(unsigned which) const {
    return start_ + which * (sizeof(CopyHead) + padded(record_size_)) + sizeof(CopyHead);
}

std::optional<Slot::Content> Slot::content(unsigned which) const {
    CopyHead& head = *copy(which);
    const std::uint64_t sequence =
        std::atomic_ref<std::uint64_t>(head.sequence).load(std::memory_order_acquire);
    if (sequence == 0 || head.length > record_size_) return std::nullopt;
    const std::span<const std::byte> record(record_of(which), head.length);
    if (head.checksum != checksum_of_copy(sequence, head.id, record)) return std::nullopt;
    return Content{core::ObjectId{head.id}, record, sequence};
}

std::optional<Slot::Content> Slot::newest() const {
    const auto first = content(0);
    const auto second = content(1);
    if (!first) return second;
    if (!second) return first;
    return first->sequence > second->sequence ? first : second;
}

void Slot::publish(core::ObjectId id, std::span<const std::byte> record, std::uint64_t sequence) {
    const unsigned older = copy_of(sequence);
    CopyHead& head = *copy(older);
    std::atomic_ref<std::uint64_t> number(head.sequence);
    number.store(0, std::memory_order_relaxed);
    // Neither may what follows be seen before the 0, nor after the new number.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    head.id = id.value;
    head.length = record.size();
    head.checksum = checksum_of_copy(sequence, id.value, record);
    if (!record.empty()) std::memcpy(record_of(older), record.data(), record.size());
    std::atomic_thread_fence(std::memory_order_release);
    number.store(sequence, std::memory_order_release);
}

void Slot::fetch(std::uint64_t sequence) const {
    constexpr std::size_t kMost = 256;
    core::prefetch(copy(copy_of(sequence)), sizeof(CopyHead) + std::min(record_size_, kMost));
}

void Slot::wipe() {
    for (const unsigned which : {0U, 1U}) {
        std::atomic_ref<std::uint64_t>(copy(which)->sequence).store(0, std::memory_order_release);
    }
}

}  // namespace holdfast::state
