// A process that is killed at any instruction leaves each record whole: the last one whose write
// had returned, or the one being written.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <new>
#include <random>

#include "tests/unit/state/files.hpp"

namespace holdfast::state {
namespace {

constexpr std::size_t kIds = 5;
constexpr std::size_t kWords = 64;
using Record = std::array<std::uint64_t, kWords>;  // all words alike: a torn one shows

core::ObjectId id(std::size_t i) {
    return core::ObjectId{100 + i};
}

/// What the writer has finished, in memory that both processes see.
struct Progress {
    std::atomic<std::uint64_t> steps{0};
    std::array<std::atomic<std::uint64_t>, kIds> finished{};
};

Progress& shared_progress() {
    void* place = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(place, MAP_FAILED);
    return *new (place) Progress;
}

/// Writes for ever; one record comes and goes, so that places are used again.
[[noreturn]] void write_until_killed(const core::UniqueFd& file, Progress& progress) {
    StateFile state = map_again(file, {}, sizeof(Record));
    constexpr core::ObjectId kTransient{99};
    for (std::uint64_t value = progress.steps + 1;; ++value) {
        const std::size_t i = value % kIds;
        Record record;
        record.fill(value);
        if (!store(state, id(i), record)) ::_exit(1);
        progress.finished[i] = value;
        if (value % 3 == 0) store(state, kTransient, record);
        if (value % 3 == 1) state.erase(kTransient);
        progress.steps = value;
    }
}

void verify(const core::UniqueFd& file, const Progress& progress) {
    const StateFile state = map_again(file, {}, sizeof(Record));
    for (std::size_t i = 0; i < kIds; ++i) {
        const std::uint64_t finished = progress.finished[i];
        const auto record = load<Record>(state, id(i));
        if (!record) {
            ASSERT_EQ(finished, 0U) << "a finished record is gone";
            continue;
        }
        for (const std::uint64_t word : *record) ASSERT_EQ(word, record->front()) << "torn";
        ASSERT_GE(record->front(), finished) << "an older record came back";
        ASSERT_LE(record->front(), finished + kIds) << "from nowhere";
    }
    ASSERT_LE(state.ids().size(), kIds + 1);
}

TEST(StateFileCrash, AWriterKilledAtAnyMomentLeavesWholeRecords) {
    const core::UniqueFd file = make_file(kIds + 1, sizeof(Record));
    Progress& progress = shared_progress();
    std::minstd_rand random(20260101);
    for (int round = 0; round < 200; ++round) {
        const pid_t writer = ::fork();
        ASSERT_GE(writer, 0);
        if (writer == 0) write_until_killed(file, progress);
        const std::uint64_t enough = progress.steps + 1 + random() % 300;
        int ended = 0;
        while (progress.steps < enough) {
            ASSERT_EQ(::waitpid(writer, &ended, WNOHANG), 0) << "the writer gave up";
        }
        for (std::uint64_t spin = random() % 500; spin > 0; --spin) {
            std::atomic_signal_fence(std::memory_order_seq_cst);  // lands between two steps
        }
        ASSERT_EQ(::kill(writer, SIGKILL), 0);
        ASSERT_EQ(::waitpid(writer, &ended, 0), writer);
        ASSERT_TRUE(WIFSIGNALED(ended));
        ASSERT_NO_FATAL_FAILURE(verify(file, progress)) << "round " << round;
    }
    ::munmap(&progress, sizeof progress);
}

}  // namespace
}  // namespace holdfast::state
