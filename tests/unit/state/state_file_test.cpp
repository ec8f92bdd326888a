#include "lib/state/state_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "lib/state/layout.hpp"
#include "tests/unit/state/files.hpp"

namespace holdfast::state {
namespace {

using core::ObjectId;

constexpr ObjectId kA{0xa};
constexpr ObjectId kB{0xb};
constexpr ObjectId kC{0xc};
constexpr std::size_t kRecord = 20;

Identity identity() {
    Identity me{.role = 2, .layout = 1, .netns_cookie = 77};
    me.boot_id.fill(std::byte{9});
    return me;
}

class StateFileTest : public ::testing::Test {
  protected:
    core::UniqueFd file = make_file(2, kRecord);
    StateFile successor() { return map_again(file, identity(), kRecord); }
    /// Changes one octet of the file behind everybody's back.
    void spoil(std::size_t offset) {
        char octet = 0;
        ASSERT_EQ(::pread(file.get(), &octet, 1, static_cast<off_t>(offset)), 1);
        octet = static_cast<char>(octet ^ 0x40);
        ASSERT_EQ(::pwrite(file.get(), &octet, 1, static_cast<off_t>(offset)), 1);
    }
};

TEST_F(StateFileTest, ANewFileIsEmptyAndNotInherited) {
    const StateFile state = successor();
    EXPECT_FALSE(state.inherited());
    EXPECT_TRUE(state.ids().empty());
    EXPECT_EQ(state.capacity(), 2U);
    EXPECT_EQ(text_of(state.read(kA)), "(absent)");
}

TEST_F(StateFileTest, ASuccessorReadsWhatWasWrittenLast) {
    {
        StateFile state = successor();
        EXPECT_TRUE(state.write(kA, bytes("one")));
        EXPECT_TRUE(state.write(kB, bytes("other")));
        EXPECT_TRUE(state.write(kA, bytes("two")));
        EXPECT_TRUE(state.write(kA, bytes("three")));
        EXPECT_EQ(text_of(state.read(kA)), "three");
    }
    const StateFile next = successor();
    EXPECT_TRUE(next.inherited());
    EXPECT_EQ(text_of(next.read(kA)), "three");
    EXPECT_EQ(text_of(next.read(kB)), "other");
    EXPECT_EQ(next.ids().size(), 2U);
}

TEST_F(StateFileTest, AFullFileRefusesNewRecordsButKeepsTheOthersGoing) {
    StateFile state = successor();
    EXPECT_TRUE(state.write(kA, bytes("a")));
    EXPECT_TRUE(state.write(kB, bytes("b")));
    EXPECT_FALSE(state.write(kC, bytes("c")));
    EXPECT_TRUE(state.write(kA, bytes("A")));
    EXPECT_EQ(text_of(state.read(kA)), "A");
}

TEST_F(StateFileTest, AnErasedRecordStaysErasedAndItsPlaceIsUsedAgain) {
    {
        StateFile state = successor();
        EXPECT_TRUE(state.write(kA, bytes("a")));
        EXPECT_TRUE(state.write(kB, bytes("b")));
        state.erase(kA);
        EXPECT_EQ(text_of(state.read(kA)), "(absent)");
    }
    StateFile next = successor();
    EXPECT_EQ(next.ids(), (std::vector<ObjectId>{kB}));
    EXPECT_TRUE(next.write(kC, bytes("c")));
    EXPECT_EQ(text_of(successor().read(kC)), "c");
}

TEST_F(StateFileTest, AHintThatNoLongerFitsIsCorrected) {
    StateFile state = successor();
    SlotHint of_a;
    SlotHint of_b;
    EXPECT_TRUE(state.write(kA, bytes("a"), of_a));
    EXPECT_TRUE(state.write(kB, bytes("b"), of_b));
    EXPECT_TRUE(state.write(kA, bytes("aa"), of_a));
    state.erase(kA);
    EXPECT_TRUE(state.write(kC, bytes("c"), of_b));  // of another record
    EXPECT_FALSE(state.write(kA, bytes("a"), of_a));
    EXPECT_EQ(text_of(state.read(kA)), "(absent)");
    EXPECT_EQ(text_of(state.read(kB)), "b");
    EXPECT_EQ(text_of(state.read(kC)), "c");
    SlotHint wild{.slot = 1'000'000};
    EXPECT_TRUE(state.write(kB, bytes("bb"), wild));
    EXPECT_EQ(text_of(state.read(kB)), "bb");
}

TEST_F(StateFileTest, AnotherIdentityStartsCold) {
    const auto changed = [](auto change) {
        Identity me = identity();
        change(me);
        return me;
    };
    const std::vector<Identity> others{
        changed([](Identity& me) { me.role = 3; }),
        changed([](Identity& me) { me.layout = 2; }),
        changed([](Identity& me) { me.boot_id[15] = std::byte{8}; }),
        changed([](Identity& me) { me.netns_cookie = 78; }),
        changed([](Identity& me) { me.believe = false; }),
    };
    for (const Identity& other : others) {
        EXPECT_TRUE(successor().write(kA, bytes("a")));
        const StateFile next = map_again(file, other, kRecord);
        EXPECT_FALSE(next.inherited());
        EXPECT_TRUE(next.ids().empty());
    }
}

TEST_F(StateFileTest, AnotherRecordSizeStartsCold) {
    EXPECT_TRUE(successor().write(kA, bytes("a")));
    EXPECT_FALSE(map_again(file, identity(), kRecord + 8).inherited());
}

TEST_F(StateFileTest, AnEndedFileStartsColdWhateverIsWrittenAfterwards) {
    StateFile state = successor();
    EXPECT_TRUE(state.write(kA, bytes("a")));
    state.mark_ended();
    EXPECT_TRUE(state.write(kA, bytes("b")));
    EXPECT_FALSE(successor().inherited());
    EXPECT_FALSE(successor().read(kA));
    EXPECT_TRUE(successor().inherited());  // what started cold counts from then on
}

TEST_F(StateFileTest, MappingAloneLooksAtNothingAndChangesNothing) {
    StateFile predecessor = successor();
    EXPECT_TRUE(predecessor.write(kA, bytes("early")));
    const StateFile next = successor();
    EXPECT_TRUE(predecessor.write(kB, bytes("late")));
    EXPECT_EQ(text_of(next.read(kB)), "late");
}

TEST_F(StateFileTest, ASpoiltNewestCopyFallsBackToTheOlderOne) {
    StateFile state = successor();
    EXPECT_TRUE(state.write(kA, bytes("old")));  // slot 0, copy 0
    EXPECT_TRUE(state.write(kA, bytes("new")));  // slot 0, copy 1
    const std::size_t second_copy = sizeof(Head) + Slot::size(kRecord) / 2;
    spoil(second_copy + sizeof(CopyHead));
    EXPECT_EQ(text_of(successor().read(kA)), "old");
    spoil(sizeof(Head) + sizeof(CopyHead));
    EXPECT_EQ(text_of(successor().read(kA)), "(absent)");
}

TEST_F(StateFileTest, EverySpoiltOctetIsNoticed) {
    {
        StateFile state = successor();
        EXPECT_TRUE(state.write(kA, bytes(std::string(kRecord, 'a'))));
    }
    for (std::size_t i = 0; i < sizeof(CopyHead) + kRecord; ++i) {
        spoil(sizeof(Head) + i);
        EXPECT_EQ(text_of(successor().read(kA)), "(absent)") << "octet " << i;
        spoil(sizeof(Head) + i);
        EXPECT_NE(text_of(successor().read(kA)), "(absent)") << "octet " << i;
    }
}

TEST_F(StateFileTest, ASpoiltHeadStartsCold) {
    for (std::size_t i = 0; i < sizeof(Head); ++i) {
        EXPECT_TRUE(successor().write(kA, bytes("a")));
        spoil(i);
        const StateFile next = successor();
        EXPECT_FALSE(next.inherited()) << "octet " << i;
        EXPECT_TRUE(next.ids().empty());
    }
}

TEST_F(StateFileTest, ClearForgetsAllButStaysInUse) {
    StateFile state = successor();
    EXPECT_TRUE(state.write(kA, bytes("a")));
    state.clear();
    EXPECT_TRUE(state.ids().empty());
    EXPECT_TRUE(state.write(kB, bytes("b")));
    EXPECT_EQ(text_of(successor().read(kB)), "b");
    EXPECT_TRUE(successor().inherited());
}

TEST_F(StateFileTest, MovesIntoALargerFile) {
    StateFile state = successor();
    EXPECT_TRUE(state.write(kA, bytes("a")));
    EXPECT_TRUE(state.write(kB, bytes("b")));
    const core::UniqueFd larger = make_file(10, kRecord);
    ASSERT_TRUE(state.move_to(core::UniqueFd::duplicate_of(larger.get())));
    EXPECT_TRUE(state.write(kC, bytes("c")));
    const StateFile next = map_again(larger, identity(), kRecord);
    EXPECT_TRUE(next.inherited());
    EXPECT_EQ(text_of(next.read(kA)), "a");
    EXPECT_EQ(text_of(next.read(kC)), "c");
}

TEST_F(StateFileTest, StaysWhereItIsWhenTheOtherFileIsNoUse) {
    StateFile state = successor();
    EXPECT_TRUE(state.write(kA, bytes("a")));
    EXPECT_TRUE(state.write(kB, bytes("b")));
    EXPECT_FALSE(state.move_to(make_file(1, kRecord)));
    EXPECT_FALSE(state.move_to(core::UniqueFd()));
    EXPECT_EQ(text_of(state.read(kA)), "a");
}

TEST(StateFileSize, AFileTooSmallOrWithHolesIsRefused) {
    const core::UniqueFd small(::memfd_create("state", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(small.get(), 100), 0);
    EXPECT_FALSE(StateFile::map(core::UniqueFd::duplicate_of(small.get()), identity(), kRecord));
    ASSERT_EQ(::ftruncate(small.get(), 1 << 20), 0);
    const auto holes =
        StateFile::map(core::UniqueFd::duplicate_of(small.get()), identity(), kRecord);
    ASSERT_FALSE(holes);
    EXPECT_EQ(holes.error().code(), ENOSPC);
    EXPECT_FALSE(StateFile::map(core::UniqueFd(), identity(), kRecord));
    EXPECT_FALSE(StateFile::map(make_file(1, kMaxRecord), identity(), kMaxRecord + 1));
}

TEST(StateInPrivateMemory, WorksLikeAFileButSurvivesNothing) {
    StateFile state = StateFile::private_memory(2, kRecord);
    EXPECT_FALSE(state.inherited());
    EXPECT_TRUE(state.write(kA, bytes("a")));
    EXPECT_EQ(text_of(state.read(kA)), "a");
    state.mark_ended();
    EXPECT_TRUE(state.write(kB, bytes("b")));
    EXPECT_FALSE(state.write(kC, bytes("c")));
}

struct Counter {
    std::uint64_t up;
    std::uint32_t down;
    std::uint32_t spare;
};

TEST(StateRecord, ValuesComeBackAndOnesOfAnotherSizeDoNot) {
    StateFile state = StateFile::private_memory(2, 64);
    EXPECT_TRUE(store(state, kA, Counter{7, 3, 0}));
    const auto counter = load<Counter>(state, kA);
    ASSERT_TRUE(counter);
    EXPECT_EQ(counter->up, 7U);
    EXPECT_EQ(counter->down, 3U);
    EXPECT_FALSE(load<std::uint32_t>(state, kA));
    EXPECT_FALSE(load<Counter>(state, kB));
}

}  // namespace
}  // namespace holdfast::state
