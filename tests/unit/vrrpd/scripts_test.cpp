#include "vrrpd/scripts.hpp"

#include <cerrno>

#include "proto/vrrp.pb.h"
#include "tests/unit/vrrpd/workshop.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

const core::ObjectId kScript{60};

class ScriptRuns : public ::testing::Test, public Workshop {
  protected:
    ScriptRuns() {
        start(one_instance("track_scripts { script_id: 60 name: 'chk' weight: 0 }") +
              "vrrp_scripts { id: 60 name: 'chk' interval_us: 1000000 timeout_us: 1000000 "
              "rise: 2 fall: 2 }");
    }
    void answer(messages::v1::ExitClass how, int code = 0) {
        messages::v1::TrackResult result;
        result.set_script_id(60);
        result.set_exit_class(how);
        result.set_code(code);
        scripts->take(result);
    }
    /// The next run begins.
    void run() {
        polled.clear();
        loop.advance(1s);
        ASSERT_EQ(polled, (std::vector{kScript}));
    }
    void come_up() {
        loop.settle();
        answer(messages::v1::EXIT_CODE, 0);
        ASSERT_EQ(scripts->condition(kScript), Condition::up);
    }
};

TEST_F(ScriptRuns, AHangIsAFailureAfterAsManyAsFallSays) {
    come_up();
    for (int failures = 1; failures <= 2; ++failures) {
        EXPECT_EQ(scripts->condition(kScript), Condition::up);
        run();
        answer(messages::v1::EXIT_TIMEOUT);
    }
    EXPECT_EQ(scripts->condition(kScript), Condition::down);
    EXPECT_EQ(state(1), StateName::fault);
}

TEST_F(ScriptRuns, WhatSaysNothingAboutTheScriptCountsAsNoRun) {
    come_up();
    run();
    answer(messages::v1::EXIT_CODE, 1);
    for (const int code : {0, EBUSY, EAGAIN, ENOMEM, 0, 0}) {
        run();
        answer(messages::v1::EXIT_NOT_RUN, code);
        EXPECT_EQ(scripts->condition(kScript), Condition::up);
    }
    EXPECT_EQ(pages.count("VRRP_SCRIPT_LATE chk keeps its state"), 1U);  // once a minute
    run();
    answer(messages::v1::EXIT_CODE, 1);
    EXPECT_EQ(scripts->condition(kScript), Condition::down);
}

TEST_F(ScriptRuns, AnAnswerThatStaysAwayIsNoFailureAndALateOneIsIgnored) {
    come_up();
    run();
    polled.clear();
    loop.advance(2999ms);
    EXPECT_TRUE(polled.empty());  // never two runs of one script
    loop.advance(1ms);
    loop.settle();
    EXPECT_EQ(polled.size(), 1U);
    EXPECT_EQ(scripts->condition(kScript), Condition::up);
    loop.advance(10s);
    EXPECT_EQ(scripts->condition(kScript), Condition::up);
    EXPECT_EQ(state(1), StateName::active);
}

TEST_F(ScriptRuns, AScriptThatCannotBeRunHasFailed) {
    come_up();
    for (int failures = 1; failures <= 2; ++failures) {
        run();
        answer(messages::v1::EXIT_NOT_RUN, ENOENT);
    }
    EXPECT_EQ(scripts->condition(kScript), Condition::down);
}

}  // namespace
}  // namespace holdfast::vrrp
