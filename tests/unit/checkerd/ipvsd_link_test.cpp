#include "checkerd/ipvsd_link.hpp"

#include <gtest/gtest.h>

#include "fake_checks.hpp"
#include "fake_ipvsd.hpp"
#include "proto/checker.pb.h"

namespace holdfast::checkerd {
namespace {

using std::chrono::seconds;

CheckSpec spec(std::uint64_t id, std::uint64_t server, bool alpha = false) {
    CheckSpec made;
    made.id = {id};
    made.server = {server};
    made.rules.alpha = alpha;
    return made;
}

class Link : public testing::Test {
  protected:
    void SetUp() override {
        table.apply({spec(1, 10), spec(2, 10, true)}, [](core::ObjectId) { return std::nullopt; });
    }

    loop::Loop loop{loop::Loop::VirtualTime{}};
    MemoryLog log;
    FakeChecks checks;
    Monitor::Surroundings surroundings{.loop = loop,
                                       .log = log,
                                       .random = [](core::Interval) { return seconds(0); },
                                       .make = checks.maker(),
                                       .changed = [this](const Monitor& m) { link.tell(m); },
                                       .ran = [](const Monitor&) {}};
    TargetTable table{surroundings};
    FakeIpvsd ipvsd{loop};
    IpvsdLink link{loop, log, [] {}};
};

TEST_F(Link, SaysEverythingFramedByBeginAndEnd) {
    link.connect(ipvsd.connect());
    link.tell_all(7, table);
    EXPECT_EQ(ipvsd.heard(4),
              (std::vector<std::string>{"begin 7", "check 1 server 10 up epoch 1",
                                        "check 2 server 10 down epoch 1", "end 7 count 2"}));
}

TEST_F(Link, SaysEachChangeWithAGrowingEpochAndItsReason) {
    link.connect(ipvsd.connect());
    link.tell_all(7, table);
    (void)ipvsd.heard(4);
    loop.advance(seconds(0));
    checks.answer_of({1}, Outcome::failure, "connect to 192.0.2.1:80: Connection refused");
    EXPECT_EQ(ipvsd.heard(1),
              (std::vector<std::string>{"check 1 server 10 down epoch 2: connect to 192.0.2.1:80: "
                                        "Connection refused"}));
}

TEST_F(Link, SaysEverythingAgainToTheNextIncarnation) {
    link.connect(ipvsd.connect());
    link.tell_all(7, table);
    (void)ipvsd.heard(4);
    ipvsd.die();
    loop.settle();
    checks.answer_of({1}, Outcome::failure, "refused");
    link.connect(ipvsd.connect());
    link.tell_all(7, table);
    EXPECT_EQ(ipvsd.heard(4),
              (std::vector<std::string>{"begin 7", "check 1 server 10 down epoch 1: refused",
                                        "check 2 server 10 down epoch 1", "end 7 count 2"}));
}

TEST_F(Link, SaysWhenAGenerationIsCommitted) {
    link.connect(ipvsd.connect());
    link.tell_committed(8);
    EXPECT_EQ(ipvsd.heard(1), std::vector<std::string>{"committed 8"});
}

TEST_F(Link, IsQuietWithoutIpvsd) {
    link.tell_all(7, table);
    link.tell_committed(7);
    loop.settle();
    EXPECT_TRUE(log.lines().empty());
}

TEST_F(Link, TakesAcknowledgementsAndNothingElse) {
    link.connect(ipvsd.connect());
    messages::v1::ToCheckerd applied;
    applied.mutable_health_applied()->set_server_id(10);
    ipvsd.say(applied);
    messages::v1::ToCheckerd gone;
    gone.mutable_gone()->set_id(1);
    ipvsd.say(gone);
    loop.settle();
    EXPECT_FALSE(ipvsd.cut_off());
    messages::v1::ToCheckerd shutdown;
    shutdown.mutable_shutdown();
    ipvsd.say(shutdown);
    loop.run_until([this] { return ipvsd.cut_off(); });
    ASSERT_EQ(log.lines().size(), 1U);
    EXPECT_NE(log.lines().front().find("request not open to this peer"), std::string::npos)
        << log.lines().front();
}

TEST(Requests, RefusesAcknowledgementsOfTheSupervisor) {
    MemoryLog log;
    Requests requests(log);
    messages::v1::ToCheckerd applied;
    applied.mutable_health_applied()->set_server_id(10);
    EXPECT_FALSE(requests.handle(ipc::Peer::supervisor, applied.SerializeAsString()).ok());
    EXPECT_TRUE(requests.handle(ipc::Peer::ipvsd, applied.SerializeAsString()).ok());
    EXPECT_FALSE(requests.handle(ipc::Peer::ipvsd, "garbage").ok());
}

}  // namespace
}  // namespace holdfast::checkerd
