#include "vrrpd/saved_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "lib/daemon/state_layout.hpp"

namespace holdfast::vrrp {

namespace {

using core::Instant;
using core::Interval;

constexpr std::uint32_t kRouter = 1;
constexpr std::uint32_t kScript = 2;
/// Used until there is a file; and by tests.
constexpr std::size_t kPrivateRecords = 64;

// Fixed layouts: a change of meaning needs another kVrrpdLayout (lib/daemon/state_layout.hpp).
//
// A router's record is RouterRecord, then RefusedRecord and TrailerRecord if it says so: with each
// packet it is written anew, and most routers have neither.
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
    std::uint8_t parts = 0;  // that follow
    std::array<std::uint8_t, 5> reserved{};
    std::int64_t heard_at = 0;
    std::array<std::byte, 16> heard_from{};
    std::uint64_t heard_octets = 0;  // 0, 4 or 16
    double changed = 0;
    Totals counted;
    std::uint32_t header_sequence = 0;
    std::uint32_t old_checksum_peers = 0;
};
struct RefusedRecord {
    std::array<std::uint64_t, kRejections> refused{};
};
struct TrailerRecord {
    std::uint64_t sent = 0;
    std::int64_t offset = 0;
    struct Sender {
        std::array<std::byte, 16> address{};
        std::uint64_t octets = 0;  // 0, 4 or 16
        std::uint64_t sequence = 0;
    };
    std::array<Sender, TrailerKeeper::kSenders> senders{};
};
struct ScriptRecord {
    std::uint32_t kind = 0;
    std::uint32_t condition = 0;
    std::uint32_t against = 0;
    std::uint32_t reserved = 0;
    std::int64_t started = 0;
};
static_assert(sizeof(RouterRecord) + sizeof(RefusedRecord) + sizeof(TrailerRecord) <=
              daemon::kVrrpdRecord);

enum Part : std::uint8_t {
    kWithRefused = 1,
    kWithTrailer = 2,
};

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
TrailerRecord record_of(const TrailerKeeper::Memory& memory) {
    TrailerRecord record{.sent = memory.sent, .offset = memory.time_offset.count()};
    for (std::size_t each = 0; each < memory.senders.size(); ++each) {
        auto& sender = record.senders[each];
        sender.octets = put_address(memory.senders[each].address, sender.address);
        sender.sequence = memory.senders[each].sequence;
    }
    return record;
}
TrailerKeeper::Memory trailer_in(const TrailerRecord& record) {
    TrailerKeeper::Memory memory{.sent = record.sent};
    if (plausible(record.offset)) memory.time_offset = Interval{record.offset};
    for (std::size_t each = 0; each < memory.senders.size(); ++each) {
        const auto& sender = record.senders[each];
        if (const auto address = address_in(sender.address, sender.octets))
            memory.senders[each] = {*address, sender.sequence};
    }
    return memory;
}

/// The parts of a record one after the other.
class Writing {
  public:
    template <class Part>
    void put(const Part& part) {
        static_assert(std::is_trivially_copyable_v<Part>);
        std::memcpy(octets_.data() + length_, &part, sizeof part);
        length_ += sizeof part;
    }
    [[nodiscard]] std::span<const std::byte> octets() const { return {octets_.data(), length_}; }

  private:
    std::array<std::byte, daemon::kVrrpdRecord> octets_;
    std::size_t length_ = 0;
};

class Reading {
  public:
    explicit Reading(std::span<const std::byte> octets) : rest_(octets) {}
    /// False when so much is not left.
    template <class Part>
    bool take(Part& part) {
        if (rest_.size() < sizeof part) return false;
        std::memcpy(&part, rest_.data(), sizeof part);
        rest_ = rest_.subspan(sizeof part);
        return true;
    }
    [[nodiscard]] bool done() const { return rest_.empty(); }

  private:
    std::span<const std::byte> rest_;
};

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
    : file_(state::StateFile::private_memory(kPrivateRecords, daemon::kVrrpdRecord)) {}

bool SavedState::save_router(core::ObjectId instance, const RouterView& saved,
                             state::SlotHint& hint) {
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
    record.counted = static_cast<const Totals&>(saved.counters);
    record.header_sequence = saved.header_sequence;
    record.old_checksum_peers = saved.old_checksum_peers;
    const bool refused = saved.counters.errors_received != 0;
    if (refused) record.parts |= kWithRefused;
    if (saved.trailer != nullptr) record.parts |= kWithTrailer;
    Writing whole;
    whole.put(record);
    if (refused) whole.put(RefusedRecord{saved.counters.refused});
    if (saved.trailer != nullptr) whole.put(record_of(*saved.trailer));
    return file_.write(instance, whole.octets(), hint);
}

std::optional<SavedRouter> SavedState::router(core::ObjectId instance) const {
    const auto octets = file_.read(instance);
    if (!octets) return std::nullopt;
    Reading parts(*octets);
    RouterRecord record;
    RefusedRecord refused;
    TrailerRecord trailer;
    if (!parts.take(record) || record.kind != kRouter || !plausible(record)) return std::nullopt;
    if ((record.parts & kWithRefused) != 0 && !parts.take(refused)) return std::nullopt;
    if ((record.parts & kWithTrailer) != 0 && !parts.take(trailer)) return std::nullopt;
    const auto state = state_in(record);
    if (!parts.done() || !state) return std::nullopt;
    SavedRouter saved;
    static_cast<Totals&>(saved.counters) = record.counted;
    if (record.counted.errors_received != 0) saved.counters.refused = refused.refused;
    saved.router.state = *state;
    saved.router.priority = record.priority;
    saved.router.yielded_ownership = (record.flags & kYieldedOwnership) != 0;
    if (const auto heard = address_in(record.heard_from, record.heard_octets))
        saved.router.active = Heard{*heard, record.heard_priority, instant(record.heard_at)};
    saved.trailer = trailer_in(trailer);
    saved.header_sequence = record.header_sequence;
    saved.old_checksum_peers = record.old_checksum_peers;
    saved.since = std::isfinite(record.changed) ? record.changed : 0;
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
