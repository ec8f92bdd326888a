#include "vrrpd/tracked_values.hpp"

#include "tests/unit/vrrpd/workshop.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

const core::ObjectId kFile{70};
const core::ObjectId kProcess{71};

/// VI_1 that tracks the file and the process with what is given of each.
std::string tracking(const std::string& file, const std::string& process) {
    std::string lists;
    if (!file.empty()) lists += "track_files { id: 70 name: 'load' " + file + " } ";
    if (!process.empty()) lists += "track_processes { id: 71 name: 'named' " + process + " } ";
    return one_instance(lists) +
           "track_files { id: 70 name: 'load' file: '/run/load' } "
           "track_processes { id: 71 name: 'named' command: 'named' quorum: 1 "
           "fork_delay_us: 1000000 terminate_delay_us: 2000000 }";
}

class Values : public ::testing::Test, public Workshop {
  protected:
    unsigned priority() { return instance(1).router().priority; }
    void say(core::ObjectId id, std::int64_t value) {
        EXPECT_TRUE(values->take_value(id, value).ok());
    }
};

TEST_F(Values, ARouterStartsWhenItsFileHasBeenRead) {
    start(tracking("weight: 1", ""));
    EXPECT_EQ(state(1), StateName::initialize);
    EXPECT_EQ(changes(), Texts{});
    say(kFile, -20);
    EXPECT_EQ(changes(), (Texts{"1 init->backup"}));
    EXPECT_EQ(priority(), 80U);
    say(kFile, 7);
    EXPECT_EQ(priority(), 107U);
    say(kFile, -300);
    EXPECT_EQ(changes(), (Texts{"1 backup->fault"}));
    say(kFile, 0);
    EXPECT_EQ(changes(), (Texts{"1 fault->backup"}));
}

TEST_F(Values, AProcessCountsAfterItsDelay) {
    start(tracking("", "weight: 0"));
    say(kProcess, 1);
    EXPECT_EQ(changes(), (Texts{"1 init->backup"}));
    say(kProcess, 0);
    loop.advance(1999ms);
    EXPECT_EQ(changes(), Texts{});
    loop.advance(1ms);
    EXPECT_EQ(changes(), (Texts{"1 backup->fault"}));
    say(kProcess, 3);
    loop.advance(999ms);
    say(kProcess, 0);  // gone again in time
    loop.advance(5s);
    EXPECT_EQ(changes(), Texts{});
    say(kProcess, 1);
    loop.advance(1s);
    EXPECT_EQ(changes(), (Texts{"1 fault->backup"}));
}

TEST_F(Values, WhatAReloadAddsHoldsNothingUpAndIsHeardOf) {
    start(one_instance());
    (void)changes();
    reload(tracking("weight: 0", "weight: -10"));
    EXPECT_EQ(changes(), Texts{});
    EXPECT_EQ(priority(), 100U);
    say(kProcess, 0);
    EXPECT_EQ(priority(), 90U);
    say(kFile, 1);
    EXPECT_EQ(changes(), (Texts{"1 backup->fault"}));
}

TEST_F(Values, AReloadKeepsWhatIsKnown) {
    start(tracking("weight: 1", "weight: -10"));
    say(kFile, 5);
    say(kProcess, 0);
    EXPECT_EQ(priority(), 95U);
    reload(tracking("weight: 2", "weight: -10"));
    EXPECT_EQ(priority(), 100U);
}

TEST_F(Values, ASuccessorKeepsThePriorityUntilItHearsTheValues) {
    start(tracking("weight: 1", ""));
    say(kFile, 20);
    loop.advance(4s);
    ASSERT_EQ(state(1), StateName::active);
    restart();
    start(tracking("weight: 1", ""));
    EXPECT_EQ(priority(), 120U);
    EXPECT_EQ(state(1), StateName::active);
    say(kFile, 21);
    EXPECT_EQ(priority(), 121U);
    EXPECT_TRUE(instance(1).router().causes.empty());
}

TEST_F(Values, OtherRulesForTheSameNumberOfProcessesCountAtOnce) {
    start(tracking("", "weight: -10"));
    say(kProcess, 1);
    std::string stricter = tracking("", "weight: -10");
    stricter.replace(stricter.find("quorum: 1"), 9, "quorum: 2");
    reload(stricter);
    EXPECT_EQ(priority(), 90U);
}

TEST_F(Values, AValueOfTheLastConfigurationIsIgnoredAndAnUnknownOneIsAViolation) {
    start(tracking("weight: 1", ""));
    say(kFile, 5);
    EXPECT_FALSE(values->take_value(core::ObjectId{99}, 1).ok());
    EXPECT_TRUE(values->take_value(kProcess, 1).ok());  // configured, and watched by nobody
    EXPECT_FALSE(values->take_value(kProcess, -1).ok());
    EXPECT_FALSE(values->take_quorum(kFile, true).ok());
    reload(one_instance());
    EXPECT_TRUE(values->take_value(kFile, 1).ok());
    EXPECT_EQ(priority(), 100U);
    reload(one_instance());
    EXPECT_FALSE(values->take_value(kFile, 1).ok());
}

TEST_F(Values, AQuorumIsUnknownUntilItIsSaid) {
    const core::ObjectId service{80};
    start(one_instance("track_services { id: 80 name: 'web' weight: -30 }"));
    EXPECT_EQ(changes(), Texts{});
    EXPECT_TRUE(values->take_quorum(service, true).ok());
    EXPECT_EQ(changes(), (Texts{"1 init->backup"}));
    EXPECT_TRUE(values->take_quorum(service, false).ok());
    EXPECT_EQ(priority(), 70U);
    reload(one_instance("track_services { id: 80 name: 'web' weight: 0 }"));
    EXPECT_EQ(changes(), (Texts{"1 backup->fault"}));
    EXPECT_EQ(to_text(instance(1).router().causes.front().cause),
              "the quorum of virtual server web is not as wanted");
    EXPECT_FALSE(values->take_value(service, 1).ok());
    EXPECT_FALSE(values->take_quorum(core::ObjectId{81}, true).ok());
}

TEST_F(Values, OnlyWatchersAreJudged) {
    start(tracking("weight: 1", "") + one_instance("", 2, 52));
    say(kFile, 5);
    EXPECT_EQ(priority(), 105U);
    EXPECT_EQ(instance(2).router().priority, 100U);
}

TEST_F(Values, ATrackerOfNothingIsRefused) {
    config::v1::Config config;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        one_instance("track_files { id: 70 name: 'load' weight: 1 }"), &config));
    EXPECT_FALSE(build_model(1, config).ok());
}

}  // namespace
}  // namespace holdfast::vrrp
