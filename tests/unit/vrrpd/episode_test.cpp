#include <gtest/gtest.h>

#include "tests/unit/vrrpd/machine.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

/// A router in virtual time, whose acts are kept as words.
class Play {
  public:
    explicit Play(Router from) : state_{{std::move(from)}} {}
    std::string take(const Event& event, core::Instant at) {
        Transition done = step(alone(parameters), std::move(state_), event, at);
        state_ = std::move(done.state);
        for (const Action& each : done.actions)
            if (const auto* ended = std::get_if<DualEnded>(&each.act)) last = *ended;
        return in_words(done.actions);
    }
    /// The timers of the next seconds.
    void advertise(int seconds) {
        for (int each = 1; each <= seconds; ++each) take(TimerFired{0}, kNow + each * 1s);
    }
    RouterParameters parameters = router();
    std::optional<DualEnded> last;

  private:
    State state_;
};

constexpr core::Instant kDue = kNow + 500ms;

TEST(Episode, LastsUntilTheRivalWasSilentForThreeOfItsIntervals) {
    Play play(active());
    EXPECT_EQ(play.take(heard(50), kNow), "send 100; dual since +0ms; announce");
    EXPECT_EQ(play.take(TimerFired{0}, kDue), "send 100; timer +1500ms");
    EXPECT_EQ(play.take(heard(50), kNow + 1s), "send 100; announce");
    EXPECT_EQ(play.take(TimerFired{0}, kDue + 1s), "send 100; timer +2500ms");
    EXPECT_EQ(play.take(TimerFired{0}, kDue + 2s), "send 100; timer +3500ms");
    EXPECT_EQ(play.take(TimerFired{0}, kDue + 3s), "send 100; timer +4500ms");
    EXPECT_EQ(play.take(TimerFired{0}, kDue + 4s),
              "send 100; timer +5500ms; dual over: rival silent");
    EXPECT_EQ(play.last->rival.heard_at - play.last->rival.began, 1s);
    EXPECT_EQ(play.take(TimerFired{0}, kDue + 5s), "send 100; timer +6500ms");  // once
}

TEST(Episode, IsOverWhenTheRivalGivesUp) {
    Play play(active());
    play.take(heard(50), kNow);
    EXPECT_EQ(play.take(heard(0, "192.0.2.3"), kNow + 100ms), "send 100; timer +1100ms");
    EXPECT_EQ(play.take(heard(0), kNow + 200ms),
              "send 100; dual over: rival silent; timer +1200ms");
}

TEST(Episode, IsOverWhenWeGiveWayOrStopOrFail) {
    for (const Event& event :
         std::vector<Event>{heard(200, "192.0.2.3"), Shutdown{},
                            Judged{0, 100, {{Cause::Kind::interface_down, "eth0"}}}}) {
        Play play(active());
        play.take(heard(50), kNow);
        EXPECT_NE(play.take(event, kNow + 1ms).find("dual over: gave way"), std::string::npos);
    }
}

TEST(Episode, IsNotTheLastWordOfWhoJustGaveWay) {
    Play play(backup(kNow));
    EXPECT_EQ(play.take(TimerFired{0}, kNow), "send 100; timer +1000ms; backup->active");
    EXPECT_EQ(play.take(heard(50), kNow + 50ms), "send 100; announce");
    EXPECT_EQ(play.take(TimerFired{0}, kNow + 1s), "send 100; timer +2000ms");
    // But it goes on: it does not hear us. Both have been Active since the first word.
    EXPECT_EQ(play.take(heard(50), kNow + 1050ms), "send 100; dual since +50ms; announce");
}

TEST(Episode, BeganWhenTheRivalMayHaveTakenOverFromAStoppedRouter) {
    Play play(active(kNow - 9s));  // silent for ten seconds
    EXPECT_EQ(play.take(heard(50), kNow), "dual since -6195.31ms; announce");
    EXPECT_EQ(play.take(TimerFired{0}, kNow), "send 100; timer +1000ms; announce reasserted");
}

TEST(Episode, IsToldByTheOneWhoGivesWayToTheOneThatWasSilent) {
    Play play(backup(kNow));
    play.take(heard(150), kNow - 4s);
    play.take(TimerFired{0}, kNow);
    play.advertise(5);
    EXPECT_EQ(play.take(heard(150), kNow + 5500ms),
              "dual since +0ms; dual over: gave way late; timer +9109.38ms; active->backup");
    EXPECT_EQ(play.last->rival.heard_at - play.last->rival.began, 5500ms);
}

TEST(Episode, EndsWithALastWordToTheOneThatReturnsWhereThatIsConfigured) {
    Play play(backup(kNow));
    play.parameters.higher_priority_send_advert = true;
    play.take(heard(150), kNow - 4s);
    play.take(TimerFired{0}, kNow);
    play.advertise(5);
    EXPECT_EQ(play.take(heard(150), kNow + 5500ms),
              "send 100; dual since +0ms; dual over: gave way late; timer +9109.38ms; "
              "active->backup");
}

TEST(Episode, IsNoneWhenAnotherRouterPreempts) {
    Play play(backup(kNow));
    play.take(heard(150), kNow - 4s);
    play.take(TimerFired{0}, kNow);
    play.advertise(5);
    EXPECT_EQ(play.take(heard(200, "192.0.2.9"), kNow + 5500ms),
              "timer +9109.38ms; active->backup");
}

TEST(Episode, IsNoneWhenTheOneThatGaveUpReturns) {
    Play play(backup());
    play.take(heard(150), kNow - 4s);
    play.take(heard(0), kNow - 1s);
    EXPECT_EQ(play.take(TimerFired{0}, kNow), "send 100; timer +1000ms; backup->active");
    play.advertise(5);
    EXPECT_EQ(play.take(heard(150), kNow + 5500ms), "timer +9109.38ms; active->backup");
}

}  // namespace
}  // namespace holdfast::vrrp
