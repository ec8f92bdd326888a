#include "checkerd/daemon.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "configs.hpp"
#include "fake_checks.hpp"
#include "fake_ipvsd.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "proto/status.pb.h"

namespace holdfast::checkerd {
namespace {

using std::chrono::seconds;

std::string tcp_check(int id, const std::string& more = "") {
    return "checks { id: " + std::to_string(id) +
           R"( tcp {} delay_loop_us: 10000000 retry: 1 delay_before_retry_us: 1000000
               target { connect_address: "\300\000\002\001" connect_port: 80 } )" +
           more + "}";
}

/// One service, one server.
config::v1::Config with(const std::string& checks) {
    return config_from(R"(virtual_servers { id: 1 name: "vs" servers { id: 10 name: "rs" )" +
                       checks + "} }");
}

/// A state file as the supervisor makes it, shared by one incarnation and the next.
class StateMemory {
  public:
    explicit StateMemory(std::size_t records) : memory_(ipc::make_memory("state").value()) {
        const auto size = static_cast<off_t>(state::file_size(records, daemon::kCheckerdRecord));
        if (posix_fallocate(memory_.get(), 0, size) != 0) core::broken_invariant("no memory");
    }
    [[nodiscard]] core::UniqueFd descriptor() const {
        return core::UniqueFd::duplicate_of(memory_.get());
    }

  private:
    core::UniqueFd memory_;
};

messages::v1::Welcome welcome(messages::v1::StartKind start) {
    messages::v1::Welcome made;
    made.set_role(messages::v1::ROLE_CHECKERD);
    made.set_start(start);
    made.set_boot_id(std::string(16, 'b'));
    made.set_netns_cookie(5);
    return made;
}

/// One incarnation of checkerd with fake checks.
struct Incarnation {
    Incarnation(loop::Loop& loop, messages::v1::StartKind start)
        : pair(ipc::make_pair().value()),
          supervisor(loop, std::move(pair.first), ipc::Peer::supervisor, {},
                     {.received = [](const ipc::Channel::Frame&) { return core::Done{}; },
                      .closed = [](const core::Error&) {}}),
          daemon({.loop = loop, .log = log, .supervisor = supervisor, .welcome = welcome(start)},
                 {.random = [](core::Interval) { return core::Interval(0); },
                  .make = checks.maker()}) {}

    ipc::Pair pair;
    MemoryLog log;
    FakeChecks checks;
    ipc::Channel supervisor;
    Daemon daemon;
};

class DaemonTest : public testing::Test {
  protected:
    Incarnation& start(const config::v1::Config& config,
                       messages::v1::StartKind kind = messages::v1::START_COLD) {
        running = std::make_unique<Incarnation>(loop, kind);
        EXPECT_TRUE(running->daemon.prepare(1, config).ok());
        EXPECT_TRUE(running->daemon.open(state.descriptor()).ok());
        running->daemon.peer_connected(ipc::Peer::ipvsd, ipvsd.connect());
        running->daemon.activate(1);
        return *running;
    }
    void reload(std::uint64_t generation, const config::v1::Config& config) {
        ASSERT_TRUE(running->daemon.prepare(generation, config).ok());
        bool committed = false;
        running->daemon.commit(generation, [&committed] { committed = true; });
        EXPECT_TRUE(committed);
    }
    messages::v1::CheckStatus status() {
        messages::v1::CheckStatus told;
        const auto bytes = running->daemon.status(messages::v1::STATUS_CHECKS);
        EXPECT_TRUE(bytes.ok());
        EXPECT_TRUE(told.ParseFromString(*bytes));
        return told;
    }

    loop::Loop loop{loop::Loop::VirtualTime{core::Instant(seconds(1000))}};
    StateMemory state{16};
    FakeIpvsd ipvsd{loop};
    std::unique_ptr<Incarnation> running;
};

TEST_F(DaemonTest, ProbesNothingAndSaysNothingBeforeActivate) {
    Incarnation cold(loop, messages::v1::START_COLD);
    ASSERT_TRUE(cold.daemon.prepare(1, with(tcp_check(3))).ok());
    ASSERT_TRUE(cold.daemon.open(state.descriptor()).ok());
    cold.daemon.peer_connected(ipc::Peer::ipvsd, ipvsd.connect());
    loop.advance(seconds(100));
    EXPECT_TRUE(cold.checks.started().empty());
    EXPECT_TRUE(ipvsd.heard_nothing());
}

TEST_F(DaemonTest, SaysAllVerdictsWithActivate) {
    start(with(tcp_check(3) + tcp_check(4, "alpha: true") +
               R"(checks { id: 5 alpha: true command {} })"));
    EXPECT_EQ(ipvsd.heard(5),
              (std::vector<std::string>{"begin 1", "check 3 server 10 up epoch 1",
                                        "check 4 server 10 down epoch 1",
                                        "check 5 server 10 up epoch 1", "end 1 count 3"}));
}

TEST_F(DaemonTest, SaysAllVerdictsAgainToAnIpvsdThatWasRestarted) {
    start(with(tcp_check(3)));
    (void)ipvsd.heard(3);
    loop.settle();
    running->checks.answer(Outcome::failure, "refused");
    (void)ipvsd.heard(1);
    running->daemon.peer_connected(ipc::Peer::ipvsd, ipvsd.connect());
    EXPECT_EQ(ipvsd.heard(3),
              (std::vector<std::string>{"begin 1", "check 3 server 10 down epoch 1: refused",
                                        "end 1 count 1"}));
}

TEST_F(DaemonTest, ReloadLeavesUnchangedChecksAlone) {
    start(with(tcp_check(3)));
    (void)ipvsd.heard(3);
    const Monitor* const before = running->daemon.table().find({3});
    for (std::uint64_t generation = 2; generation <= 101; ++generation) {
        reload(generation, with(tcp_check(3)));
        EXPECT_EQ(ipvsd.heard(1),
                  std::vector<std::string>{"committed " + std::to_string(generation)});
    }
    EXPECT_EQ(running->daemon.table().find({3}), before);
}

TEST_F(DaemonTest, ReloadSaysNewAndChangedChecksBeforeItIsCommitted) {
    start(with(tcp_check(3)));
    (void)ipvsd.heard(3);
    loop.settle();
    running->checks.answer(Outcome::failure, "refused");
    (void)ipvsd.heard(1);
    reload(2, with(tcp_check(3, "log_all_failures: true") + tcp_check(4, "alpha: true")));
    EXPECT_EQ(ipvsd.heard(3),
              (std::vector<std::string>{"check 3 server 10 down epoch 3: refused",
                                        "check 4 server 10 down epoch 1", "committed 2"}));
}

TEST_F(DaemonTest, ReloadEndsRemovedChecks) {
    start(with(tcp_check(3) + tcp_check(4)));
    loop.settle();
    ASSERT_EQ(running->checks.running().size(), 2U);
    reload(2, with(tcp_check(4)));
    ASSERT_EQ(running->checks.running().size(), 1U);
    EXPECT_EQ(running->checks.running().front().id, core::ObjectId{4});
    EXPECT_EQ(status().checks_size(), 1);
}

TEST_F(DaemonTest, AbortForgetsWhatWasPrepared) {
    start(with(tcp_check(3)));
    ASSERT_TRUE(running->daemon.prepare(2, with(tcp_check(4))).ok());
    running->daemon.abort(2);
    EXPECT_NE(running->daemon.table().find({3}), nullptr);
    reload(3, with(tcp_check(5)));
    EXPECT_EQ(running->daemon.table().find({4}), nullptr);
    EXPECT_NE(running->daemon.table().find({5}), nullptr);
}

TEST_F(DaemonTest, RefusesAConfigurationItCannotUseAndGoesOn) {
    start(with(tcp_check(3)));
    EXPECT_FALSE(running->daemon.prepare(2, with("checks { id: 3 tcp {} }")).ok());
    EXPECT_NE(running->daemon.table().find({3}), nullptr);
}

TEST_F(DaemonTest, ASuccessorKeepsVerdictsCountersAndRhythm) {
    start(with(tcp_check(3) + tcp_check(4)));
    loop.settle();
    running->checks.answer_of({3}, Outcome::failure, "refused");
    running->checks.answer_of({4}, Outcome::success, "connected");
    (void)ipvsd.heard(5);
    const Saved before = running->daemon.table().find({3})->saved();
    running.reset();  // as by kill -9: nothing is said, nothing is written
    ipvsd.die();
    loop.advance(seconds(4));

    start(with(tcp_check(3) + tcp_check(4)), messages::v1::START_RESTART);
    EXPECT_EQ(ipvsd.heard(4),
              (std::vector<std::string>{"begin 1", "check 3 server 10 down epoch 1: refused",
                                        "check 4 server 10 up epoch 1", "end 1 count 2"}));
    EXPECT_EQ(running->daemon.table().find({3})->saved(), before);
    loop.advance(seconds(6) - core::Interval(1));
    EXPECT_TRUE(running->checks.started().empty());
    loop.advance(core::Interval(1));
    EXPECT_EQ(running->checks.running().size(), 2U);
    running->checks.answer_of({4}, Outcome::failure, "refused");
    EXPECT_TRUE(running->daemon.table().find({4})->standing().verdict.up)
        << "a failure after a restart is no first failure: it must repeat";
}

TEST_F(DaemonTest, MovesToALargerStateFileWithTheConfigurationThatNeedsIt) {
    start(with(tcp_check(3)));
    loop.settle();
    running->checks.answer(Outcome::failure, "refused");
    const StateMemory larger{64};
    running->daemon.larger_state_file(larger.descriptor());
    reload(2, with(tcp_check(3) + tcp_check(4)));
    running.reset();
    Incarnation successor(loop, messages::v1::START_RESTART);
    ASSERT_TRUE(successor.daemon.prepare(2, with(tcp_check(3))).ok());
    ASSERT_TRUE(successor.daemon.open(larger.descriptor()).ok());
    successor.daemon.activate(2);
    EXPECT_FALSE(successor.daemon.table().find({3})->standing().verdict.up);
}

TEST_F(DaemonTest, AColdStartBelievesNothing) {
    start(with(tcp_check(3)));
    loop.settle();
    running->checks.answer(Outcome::failure, "refused");
    running.reset();
    start(with(tcp_check(3)), messages::v1::START_COLD);
    EXPECT_TRUE(running->daemon.table().find({3})->standing().verdict.up);
    EXPECT_EQ(status().checks(0).runs(), 0U);
}

TEST_F(DaemonTest, ASuccessorAfterAnOrphansEndStartsCold) {
    start(with(tcp_check(3)));
    loop.settle();
    running->checks.answer(Outcome::failure, "refused");
    bool ended = false;
    running->daemon.orphan_end([&ended] { ended = true; });
    EXPECT_TRUE(ended);
    running.reset();
    start(with(tcp_check(3)), messages::v1::START_RESTART);
    EXPECT_TRUE(running->daemon.table().find({3})->standing().verdict.up);
}

TEST_F(DaemonTest, WorksWithoutAStateFile) {
    Incarnation cold(loop, messages::v1::START_COLD);
    ASSERT_TRUE(cold.daemon.prepare(1, with(tcp_check(3))).ok());
    ASSERT_TRUE(cold.daemon.open(core::UniqueFd()).ok());
    cold.daemon.activate(1);
    loop.settle();
    cold.checks.answer(Outcome::failure, "refused");
    EXPECT_FALSE(cold.daemon.table().find({3})->standing().verdict.up);
}

TEST_F(DaemonTest, TellsTheStandingOfEveryCheck) {
    start(with(tcp_check(3)));
    loop.settle();
    running->checks.answer(Outcome::failure, "refused");
    const auto told = status();
    ASSERT_EQ(told.checks_size(), 1);
    const auto& check = told.checks(0);
    EXPECT_EQ(check.id(), 3U);
    EXPECT_EQ(check.server_id(), 10U);
    EXPECT_EQ(check.kind(), "TCP_CHECK");
    EXPECT_FALSE(check.up());
    EXPECT_EQ(check.last_error(), "refused");
    EXPECT_EQ(check.runs(), 1U);
    EXPECT_EQ(check.failures(), 1U);
    EXPECT_GT(check.since_timestamp_seconds(), 0);
    EXPECT_FALSE(running->daemon.status(messages::v1::STATUS_VRRP).ok());
}

TEST_F(DaemonTest, TakesNoRequestOfTheSupervisorBesidesTheLifecycle) {
    start(with(tcp_check(3)));
    messages::v1::ToCheckerd applied;
    applied.mutable_health_applied()->set_server_id(10);
    ipc::Channel::Frame frame;
    frame.bytes = applied.SerializeAsString();
    EXPECT_EQ(running->daemon.message(std::move(frame)).error().code(), EPERM);
}

TEST_F(DaemonTest, EndsAllChecksWhenItIsShutDown) {
    start(with(tcp_check(3)));
    loop.settle();
    bool done = false;
    running->daemon.shut_down({}, [&done] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_TRUE(running->checks.running().empty());
}

}  // namespace
}  // namespace holdfast::checkerd
