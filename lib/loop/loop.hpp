#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "lib/core/interval.hpp"

struct event_base;
struct event;

/// The only caller of libevent, and the only reader of the clock. (A namespace named `event` would
/// collide with libevent's struct of that name.)
namespace holdfast::loop {

class Timer;

/// One event loop on one thread. Must outlive every Timer, FdWatch and SignalWatch made with it.
///
/// Each turn runs what was deferred, then what the descriptors have, then the timers that are due:
/// a timer never acts before what had arrived when the loop woke up at a watched descriptor was
/// read.
class Loop {
  public:
    /// A clock that stands still until advance() moves it; for tests and simulations.
    struct VirtualTime {
        core::Instant start{};
    };

    Loop();
    explicit Loop(VirtualTime time);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// CLOCK_MONOTONIC, read now.
    [[nodiscard]] core::Instant now() const;
    /// Seconds since 1970, for people only.
    [[nodiscard]] double wall_clock_seconds() const;

    /// How long the machine has slept since it was started: CLOCK_BOOTTIME less CLOCK_MONOTONIC,
    /// by which the deadlines of timers do not move. In virtual time, what sleep() was told.
    [[nodiscard]] core::Interval time_slept() const;

    /// Runs until stop(). Returns at once if stop() was called before.
    void run();
    /// Ends run() after the present callback.
    void stop();
    /// Runs turns, waiting for events, until `done` or stop().
    void run_until(const std::function<bool()>& done);
    /// Runs turns without waiting until one in which nothing happens.
    void settle();
    /// Virtual time only: moves the clock forward, firing each timer at its own deadline and
    /// settling in between.
    void advance(core::Interval by);
    /// Virtual time only: this process is kept from running for so long. Nothing fires yet.
    void stall(core::Interval by);
    /// Virtual time only: the machine sleeps, the clock stands still.
    void sleep(core::Interval by);

    /// Runs `work` in the next turn, never inside the present callback.
    void defer(std::function<void()> work);

    /// Grows with every turn: the progress that the supervisor's heartbeat asks for.
    [[nodiscard]] std::uint64_t turns() const { return turns_; }

    /// For libraries that bring their own use of libevent (TLS).
    [[nodiscard]] event_base* base() const;

  private:
    friend class Timer;
    friend class FdWatch;
    friend class SignalWatch;
    struct Inside;
    /// One turn; waits for an event when `wait` and nothing is due. True if anything was called.
    bool turn(bool wait);
    bool run_deferred();
    bool run_due_timers();
    void wait_for_events(bool wait);

    std::unique_ptr<Inside> inside_;
    std::uint64_t turns_ = 0;
    bool stopped_ = false;
};

struct FreeEvent {
    void operator()(event* what) const noexcept;
};
using EventPtr = std::unique_ptr<event, FreeEvent>;

/// Calls back once at a deadline. A Timer that is gone never fires; the callback may set, cancel or
/// destroy the timer. Deadlines are kept here on the monotonic clock: a late turn of the loop does
/// not move them.
class Timer {
  public:
    Timer(Loop& loop, std::function<void()> fire);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// A deadline in the past fires in the next turn.
    void at(core::Instant deadline);
    void after(core::Interval delay);
    /// From now on it may fire so much before its deadline, when the loop is at work anyway: waking
    /// up for each of a thousand timers costs more than what they do. kMostSlack at most.
    void set_slack(core::Interval slack);
    static constexpr core::Interval kMostSlack = std::chrono::microseconds{500};
    void cancel();
    [[nodiscard]] bool pending() const { return order_ != 0; }
    /// Of the last at() or after(), also once it has fired.
    [[nodiscard]] core::Instant deadline() const { return deadline_; }

  private:
    friend class Loop;
    void enqueue();
    void dequeue();

    Loop& loop_;
    std::shared_ptr<std::function<void()>> fire_;
    core::Instant deadline_{};
    core::Interval slack_{0};
    std::uint64_t order_ = 0;  // place among timers of one deadline; 0: not set
    // Its entry in the loop's queue. A timer that is put off again and again leaves it where it is,
    // and moves it once that moment has come.
    core::Instant queued_deadline_{};
    std::uint64_t queued_order_ = 0;  // 0: it has none
};

/// Calls back while a descriptor is readable, and, after want_write(true), while it is writable;
/// level-triggered. The end of a stream counts as readable. Does not own the descriptor: destroy
/// the watch before closing it. The callbacks may destroy the watch.
class FdWatch {
  public:
    FdWatch(Loop& loop, int fd, std::function<void()> readable);
    FdWatch(Loop& loop, int fd, std::function<void()> readable, std::function<void()> writable);
    ~FdWatch();
    FdWatch(const FdWatch&) = delete;
    FdWatch& operator=(const FdWatch&) = delete;

    /// On from the start.
    void want_read(bool wanted);
    /// Off at the start.
    void want_write(bool wanted);

  private:
    struct Calls;
    std::shared_ptr<Calls> calls_;
    EventPtr read_;
    EventPtr write_;
};

/// Calls back in the loop, not in the handler's context. The callback may destroy the watch.
class SignalWatch {
  public:
    SignalWatch(Loop& loop, int signal, std::function<void()> arrived);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    struct Calls;
    std::shared_ptr<Calls> calls_;
    EventPtr event_;
};

}  // namespace holdfast::loop
