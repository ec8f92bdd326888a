#include "vrrpd/saved_state.hpp"

#include <gtest/gtest.h>

#include "lib/daemon/state_layout.hpp"
#include "tests/unit/vrrpd/machine.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

constexpr core::ObjectId kId{7};

TEST(SavedState, BringsEveryStateBackAsItWas) {
    Backup waiting{.active_adver_interval = 250ms,
                   .active_down_at = kNow + 1s,
                   .since = kNow - 2s,
                   .held_until = kNow - 9s,
                   .preempt_at = kNow + 5s,
                   .wants_active = true,
                   .gave_up = true,
                   .listened = true};
    Active rivalled{.adver_at = kNow + 1ms,
                    .sent_at = kNow - 999ms,
                    .since = kNow - 60s,
                    .rival = Rival{.address = address("192.0.2.9"),
                                   .priority = 255,
                                   .interval = 500ms,
                                   .began = kNow - 2s,
                                   .heard_at = kNow - 1s,
                                   .told = true,
                                   .give_way_at = kNow + 3s}};
    const RouterState states[] = {
        Initialize{}, Initialize{true}, waiting, Backup{.active_adver_interval = 1s},
        rivalled,     Active{},         Fault{}};
    SavedState saved;
    state::SlotHint hint;
    for (const RouterState& state : states) {
        SavedRouter record{.router = {.state = state, .priority = 200}, .since = 1.7e9};
        record.router.active = Heard{address("fe80::1"), 150, kNow};
        record.router.yielded_ownership = true;
        record.counters.became_active = 3;
        record.counters.errors_received = 1ULL << 40U;
        ASSERT_TRUE(saved.save_router(kId, record.view(), hint));
        const auto back = saved.router(kId);
        ASSERT_TRUE(back);
        EXPECT_EQ(back->router, record.router);
        EXPECT_EQ(back->counters, record.counters);
        EXPECT_EQ(back->since, record.since);
    }
}

TEST(SavedState, KeepsWhatWasRefusedAndKeyedSendersWhereThereAreAny) {
    SavedState saved;
    state::SlotHint hint;
    SavedRouter record;
    record.counters.errors_received = 4;
    record.counters.refused[1] = 4;
    record.trailer = {.sent = 77, .time_offset = 5s, .senders = {}};
    record.trailer.senders[0] = {address("192.0.2.1"), 9};
    record.header_sequence = 12;
    RouterView bare = record.view();
    bare.trailer = nullptr;
    ASSERT_TRUE(saved.save_router(kId, record.view(), hint));
    EXPECT_EQ(saved.router(kId)->counters, record.counters);
    EXPECT_EQ(saved.router(kId)->trailer, record.trailer);
    EXPECT_EQ(saved.router(kId)->header_sequence, 12U);
    ASSERT_TRUE(saved.save_router(kId, bare, hint));
    EXPECT_EQ(saved.router(kId)->counters, record.counters);
    EXPECT_EQ(saved.router(kId)->trailer, TrailerKeeper::Memory{});
}

TEST(SavedState, KeepsAScriptsCounts) {
    SavedState saved;
    ASSERT_TRUE(saved.save_script(kId, {.health = {Condition::up, 2}, .started = kNow}));
    const auto back = saved.script(kId);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->health, (ScriptHealth{Condition::up, 2}));
    EXPECT_EQ(back->started, kNow);
    EXPECT_FALSE(saved.router(kId));  // another kind of record
}

TEST(SavedState, FitsIntoTheRecordsOfItsFile) {
    SavedState saved;
    saved.use(state::StateFile::private_memory(1, daemon::kVrrpdRecord));
    SavedRouter largest;
    largest.counters.errors_received = 1;
    state::SlotHint hint;
    state::SlotHint other = hint;  // of the slot that the first one takes
    EXPECT_TRUE(saved.save_router(kId, largest.view(), hint));
    EXPECT_FALSE(saved.save_router(core::ObjectId{8}, largest.view(), other));
    saved.forget(kId);
    EXPECT_TRUE(saved.save_router(core::ObjectId{8}, largest.view(), other));
    EXPECT_FALSE(saved.save_router(kId, largest.view(), hint));  // though it was there
    EXPECT_FALSE(saved.router(kId));
}

}  // namespace
}  // namespace holdfast::vrrp
