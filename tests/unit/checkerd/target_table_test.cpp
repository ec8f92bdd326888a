#include "checkerd/target_table.hpp"

#include <gtest/gtest.h>

#include "fake_checks.hpp"

namespace holdfast::checkerd {
namespace {

using std::chrono::seconds;

CheckSpec spec(std::uint64_t id, std::uint32_t retry = 1) {
    CheckSpec made;
    made.id = {id};
    made.rules = {.retry = retry, .delay_loop = seconds(10)};
    made.warmup = seconds(8);
    made.fingerprint = retry;
    return made;
}

std::optional<Saved> nobody(core::ObjectId) {
    return std::nullopt;
}

class Table : public testing::Test {
  protected:
    void fail_all() {
        while (!checks.running().empty()) checks.answer(Outcome::failure, "refused");
    }

    loop::Loop loop{loop::Loop::VirtualTime{core::Instant(seconds(1000))}};
    MemoryLog log;
    FakeChecks checks;
    Monitor::Surroundings surroundings{.loop = loop,
                                       .log = log,
                                       .random = [](core::Interval up_to) { return up_to / 2; },
                                       .make = checks.maker(),
                                       .changed = [](const Monitor&) {},
                                       .ran = [](const Monitor&) {}};
    TargetTable table{surroundings};
};

TEST_F(Table, AnUnchangedCheckStaysTheSameObjectOver100Reloads) {
    table.apply({spec(1), spec(2)}, nobody);
    loop.advance(seconds(4));
    checks.answer_of({1}, Outcome::failure, "refused");
    const Monitor* const first = table.find({1});
    const Saved before = first->saved();
    for (int reload = 0; reload < 100; ++reload) {
        const auto applied = table.apply({spec(2), spec(1)}, nobody);
        EXPECT_EQ(applied.unchanged, 2U);
        EXPECT_TRUE(applied.changed.empty() && applied.removed.empty());
    }
    EXPECT_EQ(table.find({1}), first);
    EXPECT_EQ(first->saved(), before) << "schedule, counters or verdict moved";
    EXPECT_EQ(checks.running().size(), 1U) << "the run in progress went on";
    EXPECT_EQ(table.monitors().front()->spec().id, core::ObjectId{2}) << "order of the file";
}

TEST_F(Table, AChangedCheckIsJudgedAnewWhileItsVerdictHolds) {
    table.apply({spec(1)}, nobody);
    loop.advance(seconds(4));
    fail_all();
    const auto applied = table.apply({spec(1, 5)}, nobody);
    EXPECT_EQ(applied.changed, std::vector<core::ObjectId>{{1}});
    EXPECT_EQ(table.find({1})->standing().verdict, (VerdictState{.up = false}));
    EXPECT_EQ(table.find({1})->standing().runs, 1U);
}

TEST_F(Table, ARunOfAChangedCheckEndsBeforeTheNewOneBegins) {
    table.apply({spec(1)}, nobody);
    loop.advance(seconds(4));
    table.apply({spec(1, 5)}, nobody);
    EXPECT_TRUE(checks.running().empty());
}

TEST_F(Table, NamesWhatIsNewAndWhatIsGone) {
    table.apply({spec(1), spec(2)}, nobody);
    const auto applied = table.apply({spec(2), spec(3)}, nobody);
    EXPECT_EQ(applied.changed, std::vector<core::ObjectId>{{3}});
    EXPECT_EQ(applied.removed, std::vector<core::ObjectId>{{1}});
    EXPECT_EQ(table.find({1}), nullptr);
    EXPECT_NE(table.find({3}), nullptr);
}

TEST_F(Table, ANewCheckAsksItsPredecessor) {
    table.apply({spec(1), spec(2)}, [](core::ObjectId id) -> std::optional<Saved> {
        if (id != core::ObjectId{2}) return std::nullopt;
        return Saved{.fingerprint = 1, .standing = {.verdict = {.up = false, .judged = true}}};
    });
    EXPECT_TRUE(table.find({1})->standing().verdict.up);
    EXPECT_FALSE(table.find({2})->standing().verdict.up);
}

}  // namespace
}  // namespace holdfast::checkerd
