#include "supervisor/status_broker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "lib/core/result.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

class Broker : public testing::Test {
  protected:
    void SetUp() override {
        auto pair = ipc::make_pair();
        ASSERT_TRUE(pair);
        daemon_ = std::move(pair->second);
        channel_.emplace(
            loop_, std::move(pair->first), ipc::Peer::vrrpd, ipc::Channel::Limits{},
            ipc::Channel::Handlers{[](const ipc::Channel::Frame&) { return core::Done{}; },
                                   [](const core::Error&) {}});
    }
    void ask() {
        broker_.ask(ipc::Peer::vrrpd, messages::v1::STATUS_VRRP,
                    {[this](const std::string&) { ++parts_; },
                     [this](bool stale) {
                         ++ends_;
                         stale_ = stale;
                     }});
    }
    core::Status answer(std::uint32_t part = 0, bool last = true) {
        messages::v1::StatusReply reply;
        reply.set_request_id(1);
        reply.set_part(part);
        reply.set_last(last);
        return broker_.take(ipc::Peer::vrrpd, reply);
    }

    loop::Loop loop_{loop::Loop::VirtualTime{core::Instant(1h)}};
    core::UniqueFd daemon_;
    std::optional<ipc::Channel> channel_;
    StatusBroker broker_{loop_, [this](ipc::Peer) { return channel_ ? &*channel_ : nullptr; }};
    int parts_ = 0;
    int ends_ = 0;
    std::optional<bool> stale_;
};

TEST_F(Broker, CarriesTheAnswerBack) {
    ask();
    ASSERT_TRUE(answer());
    EXPECT_EQ(parts_, 1);
    EXPECT_EQ(stale_, false);
}

TEST_F(Broker, ADaemonThatIsSilentForASecondIsStale) {
    ask();
    loop_.advance(1s);
    EXPECT_EQ(stale_, true);
    EXPECT_TRUE(answer());  // too late; nobody waits for it
    EXPECT_EQ(ends_, 1);
}

TEST_F(Broker, AnAnswerInTheTurnInWhichItsTimeEndsIsTakenOnce) {
    // Set before the limit, it comes before it in the turn in which both are due.
    loop::Timer answers(loop_, [this] { EXPECT_TRUE(answer()); });
    answers.after(1s);
    ask();
    loop_.advance(2s);
    EXPECT_EQ(ends_, 1);
    EXPECT_EQ(stale_, false);
}

TEST_F(Broker, PartsComeInOrder) {
    ask();
    ASSERT_TRUE(answer(0, false));
    EXPECT_FALSE(answer(2));
}

TEST_F(Broker, NobodyAtWorkIsStale) {
    channel_.reset();
    ask();
    EXPECT_EQ(stale_, true);
}

}  // namespace
}  // namespace holdfast::supervisor
