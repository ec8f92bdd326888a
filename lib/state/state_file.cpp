#include "lib/state/state_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "lib/core/prefetch.hpp"
#include "lib/state/layout.hpp"

namespace holdfast::state {

namespace {

std::uint64_t checksum_of_head(const Head& head) {
    Head fixed = head;
    fixed.magic = 0;
    fixed.checksum = 0;
    fixed.ended = 0;
    return checksum_of(std::as_bytes(std::span(&fixed, 1)));
}

Head head_for(const Identity& identity, std::size_t records, std::size_t record_size) {
    Head head{};
    head.records = records;
    head.netns_cookie = identity.netns_cookie;
    head.record_size = static_cast<std::uint32_t>(record_size);
    head.role = identity.role;
    head.layout = identity.layout;
    head.boot_id = identity.boot_id;
    head.checksum = checksum_of_head(head);
    return head;
}

}  // namespace

std::uint64_t file_size(std::size_t records, std::size_t record_size) {
    return sizeof(Head) + std::uint64_t{records} * Slot::size(record_size);
}

struct StateFile::Mapping {
    Mapping(std::byte* at, std::size_t octets, const Identity& who, std::size_t size_of_record)
        : start(at),
          size(octets),
          identity(who),
          record_size(size_of_record),
          records((octets - sizeof(Head)) / Slot::size(size_of_record)) {}
    ~Mapping() { ::munmap(start, size); }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    [[nodiscard]] Head& head() { return *static_cast<Head*>(static_cast<void*>(start)); }
    [[nodiscard]] Slot slot(std::size_t number) {
        return {start + sizeof(Head) + number * Slot::size(record_size), record_size};
    }

    void begin();
    [[nodiscard]] bool believable();
    void start_anew();
    void wipe_slots();
    void build_index();
    /// Its present one, or else a free one; none when the file is full.
    std::optional<std::size_t> slot_for(core::ObjectId id);
    void publish(std::size_t number, core::ObjectId id, std::span<const std::byte> record) {
        Occupant& occupant = occupants[number];
        occupant.id = id;
        slot(number).publish(id, record, ++occupant.sequence);
    }

    struct Occupant {
        core::ObjectId id;
        std::uint64_t sequence = 0;  // of the slot's newest copy
    };

    std::byte* start;
    std::size_t size;
    Identity identity;
    std::size_t record_size;
    std::size_t records;
    bool begun = false;
    bool inherited = false;
    std::unordered_map<core::ObjectId, std::size_t> index;
    std::vector<std::size_t> free_slots;
    std::vector<Occupant> occupants;  // of each slot
};

bool StateFile::Mapping::believable() {
    const std::uint64_t magic =
        std::atomic_ref<std::uint64_t>(head().magic).load(std::memory_order_acquire);
    const Head expected = head_for(identity, records, record_size);
    return identity.believe && magic == kMagic && head().ended == 0 &&
           head().checksum == expected.checksum && checksum_of_head(head()) == expected.checksum;
}

void StateFile::Mapping::start_anew() {
    std::atomic_ref<std::uint64_t> magic(head().magic);
    magic.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    wipe_slots();
    head() = head_for(identity, records, record_size);  // with magic 0
    std::atomic_thread_fence(std::memory_order_release);
    magic.store(kMagic, std::memory_order_release);
}

void StateFile::Mapping::wipe_slots() {
    for (std::size_t i = 0; i < records; ++i) slot(i).wipe();
}

void StateFile::Mapping::build_index() {
    index.clear();
    free_slots.clear();
    occupants.assign(records, {});
    for (std::size_t i = records; i-- > 0;) {
        const auto content = slot(i).newest();
        if (content) occupants[i].sequence = content->sequence;
        // A second slot with the same id is not ours; it is free like one without id.
        const bool used = content && content->id && index.try_emplace(content->id, i).second;
        if (used)
            occupants[i].id = content->id;
        else
            free_slots.push_back(i);
    }
}

std::optional<std::size_t> StateFile::Mapping::slot_for(core::ObjectId id) {
    if (const auto found = index.find(id); found != index.end()) return found->second;
    if (free_slots.empty()) return std::nullopt;
    const std::size_t slot = free_slots.back();
    free_slots.pop_back();
    index.emplace(id, slot);
    return slot;
}

void StateFile::Mapping::begin() {
    if (begun) return;
    begun = true;
    inherited = believable();
    if (!inherited) start_anew();
    build_index();
}

core::Result<StateFile> StateFile::map(core::UniqueFd file, const Identity& identity,
                                       std::size_t record_size) {
    struct stat what {};
    if (::fstat(file.get(), &what) != 0) return core::Error::last("state file");
    const auto size = static_cast<std::size_t>(what.st_size);
    if (record_size == 0 || record_size > kMaxRecord || what.st_size < 0 ||
        size < file_size(1, record_size)) {
        return core::Error::from_errno(EINVAL, "size of state file");
    }
    constexpr std::uint64_t kBlock = 512;  // of st_blocks, whatever the file system's is
    if (static_cast<std::uint64_t>(what.st_blocks) * kBlock < size) {
        return core::Error::from_errno(ENOSPC, "state file");
    }
    void* place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (place == MAP_FAILED) return core::Error::last("map state file");
    return StateFile(
        std::make_unique<Mapping>(static_cast<std::byte*>(place), size, identity, record_size));
}

StateFile StateFile::private_memory(std::size_t records, std::size_t record_size) {
    const std::size_t size = file_size(std::max<std::size_t>(records, 1), record_size);
    void* place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) core::broken_invariant("no memory for the state");
    return StateFile(
        std::make_unique<Mapping>(static_cast<std::byte*>(place), size, Identity{}, record_size));
}

StateFile::StateFile(std::unique_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {}
StateFile::StateFile(StateFile&& other) noexcept = default;
StateFile& StateFile::operator=(StateFile&& other) noexcept = default;
StateFile::~StateFile() = default;

StateFile::Mapping& StateFile::begun() const {
    mapping_->begin();
    return *mapping_;
}

bool StateFile::inherited() const {
    return begun().inherited;
}

std::size_t StateFile::capacity() const {
    return mapping_->records;
}

std::optional<std::vector<std::byte>> StateFile::read(core::ObjectId id) const {
    Mapping& mapping = begun();
    const auto found = mapping.index.find(id);
    if (found == mapping.index.end()) return std::nullopt;
    const auto content = mapping.slot(found->second).newest();
    if (!content || content->id != id) return std::nullopt;
    return std::vector<std::byte>(content->record.begin(), content->record.end());
}

bool StateFile::write(core::ObjectId id, std::span<const std::byte> record) {
    SlotHint unknown;
    return write(id, record, unknown);
}

bool StateFile::write(core::ObjectId id, std::span<const std::byte> record, SlotHint& hint) {
    Mapping& mapping = begun();
    if (!id || record.size() > mapping.record_size) {
        core::broken_invariant("state record without id or too long");
    }
    const bool right = hint.slot < mapping.records && mapping.occupants[hint.slot].id == id;
    if (!right) {
        const auto slot = mapping.slot_for(id);
        if (!slot) return false;
        hint.slot = *slot;
    }
    mapping.publish(hint.slot, id, record);
    return true;
}

void StateFile::fetch(const SlotHint& hint, unsigned step) const {
    Mapping& mapping = *mapping_;
    if (hint.slot >= mapping.occupants.size()) return;
    const auto& occupant = mapping.occupants[hint.slot];
    if (step == 0)
        core::prefetch(occupant);
    else
        mapping.slot(hint.slot).fetch(occupant.sequence + 1);
}

void StateFile::erase(core::ObjectId id) {
    Mapping& mapping = begun();
    const auto found = mapping.index.find(id);
    if (found == mapping.index.end()) return;
    mapping.publish(found->second, core::ObjectId{}, {});
    mapping.free_slots.push_back(found->second);
    mapping.index.erase(found);
}

std::vector<core::ObjectId> StateFile::ids() const {
    std::vector<core::ObjectId> all;
    for (const auto& [id, slot] : begun().index) all.push_back(id);
    return all;
}

void StateFile::mark_ended() {
    std::atomic_ref<std::uint32_t>(begun().head().ended).store(1, std::memory_order_seq_cst);
}

void StateFile::clear() {
    Mapping& mapping = begun();
    mapping.wipe_slots();
    mapping.build_index();
}

core::Status StateFile::move_to(core::UniqueFd larger) {
    Mapping& present = begun();
    Identity identity = present.identity;
    identity.believe = false;
    auto next = map(std::move(larger), identity, present.record_size);
    if (!next) return next.error();
    for (const auto& [id, number] : present.index) {
        const auto content = present.slot(number).newest();
        if (content && !next->write(id, content->record)) {
            return core::Error::from_errno(ENOSPC, "larger state file");
        }
    }
    next->mapping_->inherited = present.inherited;
    if (present.head().ended != 0) next->mark_ended();
    *this = std::move(next).value();
    return core::Done{};
}

}  // namespace holdfast::state
