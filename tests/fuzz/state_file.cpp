// A state file with foreign octets in it: some of a good one are replaced. Whatever they are: no
// crash, nothing is read or written outside of the file, and a record that is written can be read.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/state/state_file.hpp"

namespace {

using namespace holdfast;

constexpr std::size_t kRecords = 4;
constexpr std::size_t kRecord = 32;
constexpr state::Identity kIdentity{.role = 3, .layout = 1};

core::UniqueFd memory(std::size_t records) {
    core::UniqueFd file(::memfd_create("state", MFD_CLOEXEC));
    const auto size = static_cast<off_t>(state::file_size(records, kRecord));
    if (!file || ::posix_fallocate(file.get(), 0, size) != 0) core::broken_invariant("no memory");
    return file;
}

void fill(const core::UniqueFd& file) {
    auto good = state::StateFile::map(core::UniqueFd::duplicate_of(file.get()), kIdentity, kRecord);
    if (!good) core::broken_invariant("a good file cannot be mapped");
    for (std::uint64_t id = 1; id < kRecords; ++id) {
        good->write(core::ObjectId{id}, std::vector<std::byte>(8 * id, std::byte{0x5a}));
    }
}

}  // namespace

/// Two octets say where the others are put.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const core::UniqueFd file = memory(kRecords);
    fill(file);
    const std::size_t whole = state::file_size(kRecords, kRecord);
    const std::size_t at = (data[0] | std::size_t{data[1]} << 8U) % whole;
    const std::size_t count = std::min(size - 2, whole - at);
    if (::pwrite(file.get(), data + 2, count, static_cast<off_t>(at)) < 0) return 0;

    auto found =
        state::StateFile::map(core::UniqueFd::duplicate_of(file.get()), kIdentity, kRecord);
    if (!found) return 0;
    if (found->capacity() > kRecords) core::broken_invariant("more room than there is");
    for (const core::ObjectId id : found->ids()) {
        const auto record = found->read(id);
        if (record && record->size() > kRecord) core::broken_invariant("a record that is too long");
    }
    const std::vector<std::byte> fresh(kRecord, std::byte{1});
    if (found->write(core::ObjectId{99}, fresh) && found->read(core::ObjectId{99}) != fresh) {
        core::broken_invariant("what was written cannot be read");
    }
    if (!found->move_to(memory(2 * kRecords))) core::broken_invariant("no move to a larger file");
    found->erase(core::ObjectId{99});
    if (found->read(core::ObjectId{99})) core::broken_invariant("what was erased is there");
    return 0;
}
