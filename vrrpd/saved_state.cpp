#include "vrrpd/saved_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace holdfast::vrrp {

namespace {

using core::Instant;
using core::Interval;

constexpr std::uint32_t kRouter = 1;
constexpr std::uint32_t kScript = 2;
/// Used until there is a file; and by tests.
constexpr std::size_t kPrivateRecords = 64;
constexpr std::size_t kMost = 768;  // lib/daemon/state_layout.hpp

// Fixed layouts: a change of meaning needs another kVrrpdLayout (lib/daemon/state_layout.hpp).
struct RouterRecord {
    std::uint32_t kind = 0;
    std::uint8_t state = 0;
    std::uint8_t priority = 0;
    std::uint8_t flags = 0;
    std::uint8_t heard_priority = 0;
    std::int64_t deadline = 0;  // Active_Down_Timer or Adver_Timer, microseconds, monotonic
    std::int64_t since = 0;     // of the silence, or of the last advertisement sent
    std::int64_t interval = 0;
    std::int64_t held_until = 0;
    std::int64_t preempt_at = 0;
    std::int64_t give_way_at = 0;
    std::int64_t active_since = 0;
    std::int64_t rival_at = 0;
    std::int64_t rival_began = 0;
    std::int64_t rival_interval = 0;
    std::array<std::byte, 16> rival_address{};
    std::uint8_t rival_octets = 0;  // 4 or 16 while there is one
    std::uint8_t rival_priority = 0;
    std::array<std::uint8_t, 6> reserved{};
    std::int64_t heard_at = 0;
    std::array<std::byte, 16> heard_from{};
    std::uint64_t heard_octets = 0;  // 0, 4 or 16
    double changed = 0;
    Counters counters;
    std::uint64_t trailer_sent = 0;
    std::int64_t trailer_offset = 0;
    struct Sender {
        std::array<std::byte, 16> address{};
        std::uint64_t octets = 0;  // 0, 4 or 16
        std::uint64_t sequence = 0;
    };
    std::array<Sender, TrailerKeeper::kSenders> trailer_senders{};
    std::uint32_t header_sequence = 0;
    std::uint32_t old_checksum_peers = 0;
};
struct ScriptRecord {
    std::uint32_t kind = 0;
    std::uint32_t condition = 0;
    std::uint32_t against = 0;
    std::uint32_t reserved = 0;
    std::int64_t started = 0;
};
static_assert(std::is_trivially_copyable_v<RouterRecord> && sizeof(RouterRecord) <= kMost);

/// Longer intervals fit into no version's packets (255 s in version 2).
constexpr std::int64_t kLongestRecorded = kLongestInterval.count() * 7;

enum Flag : std::uint8_t {
    kWantsActive = 1,
    kGaveUp = 2,
    kListened = 4,
    kYieldedOwnership = 8,
    kStarted = 16,
    kPreemptDelay = 32,
    kRivalTold = 64,
    kGivesWay = 128,
    kBeforeStart = 1,  // of Fault only
};

std::int64_t number(Instant at) {
    return at.time_since_epoch().count();
}
Instant instant(std::int64_t at) {
    return Instant{Interval{at}};
}
/// Microseconds of uptime: what lies beyond some 285 years was not written by us.
bool plausible(std::int64_t at) {
    return at >= 0 && at < std::int64_t{1} << 53U;
}
bool plausible(const RouterRecord& record) {
    const std::int64_t times[] = {record.deadline,   record.since,        record.held_until,
                                  record.preempt_at, record.give_way_at,  record.rival_at,
                                  record.heard_at,   record.active_since, record.rival_began};
    return record.priority != 0 &&
           std::ranges::all_of(times, [](auto at) { return plausible(at); });
}
std::uint8_t flag(bool set, Flag which) {
    return set ? which : 0;
}

void put(const Backup& backup, RouterRecord& record) {
    record.deadline = number(backup.active_down_at);
    record.since = number(backup.since);
    record.interval = backup.active_adver_interval.count();
    record.held_until = number(backup.held_until);
    record.preempt_at = number(backup.preempt_at.value_or(Instant{}));
    record.flags = static_cast<std::uint8_t>(
        record.flags | flag(backup.wants_active, kWantsActive) | flag(backup.gave_up, kGaveUp) |
        flag(backup.listened, kListened) | flag(backup.preempt_at.has_value(), kPreemptDelay));
}
void put(const Active& active, RouterRecord& record) {
    record.deadline = number(active.adver_at);
    record.since = number(active.sent_at);
    record.active_since = number(active.since);
    if (!active.rival) return;
    const Rival& rival = *active.rival;
    record.rival_octets = static_cast<std::uint8_t>(rival.address.bytes().size());
    std::ranges::copy(rival.address.bytes(), record.rival_address.begin());
    record.rival_priority = rival.priority;
    record.rival_interval = rival.interval.count();
    record.rival_began = number(rival.began);
    record.rival_at = number(rival.heard_at);
    record.give_way_at = number(rival.give_way_at.value_or(Instant{}));
    record.flags = static_cast<std::uint8_t>(record.flags | flag(rival.told, kRivalTold) |
                                             flag(rival.give_way_at.has_value(), kGivesWay));
}
void put(const Initialize& waiting, RouterRecord& record) {
    record.flags = static_cast<std::uint8_t>(record.flags | flag(waiting.started, kStarted));
}
void put(const Fault& fault, RouterRecord& record) {
    record.flags = static_cast<std::uint8_t>(record.flags | flag(fault.before_start, kBeforeStart));
}

std::optional<core::Address> address_in(const std::array<std::byte, 16>& bytes,
                                        std::uint64_t octets) {
    if (octets != 4 && octets != 16) return std::nullopt;
    return core::Address::from_bytes(std::span<const std::byte>(bytes.data(), octets));
}

std::optional<Rival> rival_in(const RouterRecord& record) {
    const auto address = address_in(record.rival_address, record.rival_octets);
    if (!address || record.rival_interval < 0 || record.rival_interval > kLongestRecorded)
        return std::nullopt;
    Rival rival{.address = *address,
                .priority = record.rival_priority,
                .interval = Interval{record.rival_interval},
                .began = instant(record.rival_began),
                .heard_at = instant(record.rival_at),
                .told = (record.flags & kRivalTold) != 0};
    if ((record.flags & kGivesWay) != 0) rival.give_way_at = instant(record.give_way_at);
    return rival;
}

template <class Octets>
std::uint64_t put_address(const core::Address& address, Octets& octets) {
    std::ranges::copy(address.bytes(), octets.begin());
    return address.bytes().size();
}
void put(const TrailerKeeper::Memory& memory, RouterRecord& record) {
    record.trailer_sent = memory.sent;
    record.trailer_offset = memory.time_offset.count();
    for (std::size_t each = 0; each < memory.senders.size(); ++each) {
        auto& sender = record.trailer_senders[each];
        sender.octets = put_address(memory.senders[each].address, sender.address);
        sender.sequence = memory.senders[each].sequence;
    }
}
TrailerKeeper::Memory trailer_in(const RouterRecord& record) {
    TrailerKeeper::Memory memory{.sent = record.trailer_sent};
    if (plausible(record.trailer_offset)) memory.time_offset = Interval{record.trailer_offset};
    for (std::size_t each = 0; each < memory.senders.size(); ++each) {
        const auto& sender = record.trailer_senders[each];
        if (const auto address = address_in(sender.address, sender.octets))
            memory.senders[each] = {*address, sender.sequence};
    }
    return memory;
}

std::optional<RouterState> state_in(const RouterRecord& record) {
    const auto is_set = [&](Flag which) { return (record.flags & which) != 0; };
    switch (static_cast<StateName>(record.state)) {
        case StateName::initialize:
            return Initialize{.started = is_set(kStarted)};
        case StateName::fault:
            return Fault{.before_start = is_set(kBeforeStart)};
        case StateName::backup: {
            if (record.interval <= 0 || record.interval > kLongestRecorded) return std::nullopt;
            Backup backup{.active_adver_interval = Interval{record.interval},
                          .active_down_at = instant(record.deadline),
                          .since = instant(record.since),
                          .held_until = instant(record.held_until)};
            if (is_set(kPreemptDelay)) backup.preempt_at = instant(record.preempt_at);
            backup.wants_active = is_set(kWantsActive);
            backup.gave_up = is_set(kGaveUp);
            backup.listened = is_set(kListened);
            return backup;
        }
        case StateName::active: {
            return Active{.adver_at = instant(record.deadline),
                          .sent_at = instant(record.since),
                          .since = instant(record.active_since),
                          .rival = rival_in(record)};
        }
    }
    return std::nullopt;
}

}  // namespace

SavedState::SavedState()
    : file_(state::StateFile::private_memory(kPrivateRecords, sizeof(RouterRecord))) {}

bool SavedState::save_router(core::ObjectId instance, const SavedRouter& saved) {
    RouterRecord record{.kind = kRouter};
    record.state = static_cast<std::uint8_t>(name_of(saved.router.state));
    record.priority = saved.router.priority;
    record.flags = flag(saved.router.yielded_ownership, kYieldedOwnership);
    std::visit([&](const auto& state) { put(state, record); }, saved.router.state);
    if (const auto& heard = saved.router.active) {
        record.heard_priority = heard->priority;
        record.heard_at = number(heard->at);
        record.heard_octets = put_address(heard->source, record.heard_from);
    }
    record.changed = saved.since;
    record.counters = saved.counters;
    put(saved.trailer, record);
    record.header_sequence = saved.header_sequence;
    record.old_checksum_peers = saved.old_checksum_peers;
    return state::store(file_, instance, record);
}

std::optional<SavedRouter> SavedState::router(core::ObjectId instance) const {
    const auto record = state::load<RouterRecord>(file_, instance);
    if (!record || record->kind != kRouter || !plausible(*record)) return std::nullopt;
    const auto state = state_in(*record);
    if (!state) return std::nullopt;
    SavedRouter saved{.counters = record->counters};
    saved.router.state = *state;
    saved.router.priority = record->priority;
    saved.router.yielded_ownership = (record->flags & kYieldedOwnership) != 0;
    if (const auto heard = address_in(record->heard_from, record->heard_octets))
        saved.router.active = Heard{*heard, record->heard_priority, instant(record->heard_at)};
    saved.trailer = trailer_in(*record);
    saved.header_sequence = record->header_sequence;
    saved.old_checksum_peers = record->old_checksum_peers;
    saved.since = std::isfinite(record->changed) ? record->changed : 0;
    return saved;
}

bool SavedState::save_script(core::ObjectId script, const SavedScript& saved) {
    return state::store(
        file_, script,
        ScriptRecord{.kind = kScript,
                     .condition = static_cast<std::uint32_t>(saved.health.condition),
                     .against = saved.health.against,
                     .reserved = 0,
                     .started = number(saved.started)});
}

std::optional<SavedScript> SavedState::script(core::ObjectId script) const {
    const auto record = state::load<ScriptRecord>(file_, script);
    if (!record || record->kind != kScript || !plausible(record->started)) return std::nullopt;
    if (record->condition > static_cast<std::uint32_t>(Condition::down)) return std::nullopt;
    return SavedScript{.health = {static_cast<Condition>(record->condition), record->against},
                       .started = instant(record->started)};
}

}  // namespace holdfast::vrrp
