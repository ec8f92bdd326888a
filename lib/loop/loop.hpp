#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "lib/core/interval.hpp"

struct event_base;
struct event;

/// The only caller of libevent, and the only reader of the clock. (A namespace named `event` would
/// collide with libevent's struct of that name.)
namespace holdfast::loop {

/// One event loop on one thread. Uses EVENT_BASE_FLAG_PRECISE_TIMER and
/// EVENT_BASE_FLAG_NO_CACHE_TIME. Must outlive every Timer, FdWatch and SignalWatch made with it.
class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// CLOCK_MONOTONIC, read now.
    [[nodiscard]] core::Instant now() const;
    /// Seconds since 1970, for people only.
    [[nodiscard]] double wall_clock_seconds() const;

    /// Runs until stop(). Returns at once if stop() was called before.
    void run();
    /// Ends run() after the present callback.
    void stop();
    /// Runs `work` in the next turn, never inside the present callback.
    void defer(std::function<void()> work);

    /// Grows with every turn: the progress that the supervisor's heartbeat asks for.
    [[nodiscard]] std::uint64_t turns() const;

    [[nodiscard]] event_base* base() const { return base_.get(); }

  private:
    struct Free {
        void operator()(event_base* base) const noexcept;
    };
    std::unique_ptr<event_base, Free> base_;
    struct Deferred;
    std::unique_ptr<Deferred> deferred_;
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
    void cancel();
    [[nodiscard]] bool pending() const { return pending_; }
    [[nodiscard]] core::Instant deadline() const { return deadline_; }

  private:
    void fire();
    Loop& loop_;
    std::function<void()> fire_;
    EventPtr event_;
    core::Instant deadline_{};
    bool pending_ = false;
    std::shared_ptr<bool> alive_;
};

/// Calls back while a descriptor is readable (and writable, if asked); level-triggered. Does not
/// own the descriptor: destroy the watch before closing it.
class FdWatch {
  public:
    FdWatch(Loop& loop, int fd, std::function<void()> readable);
    FdWatch(Loop& loop, int fd, std::function<void()> readable, std::function<void()> writable);
    ~FdWatch();
    FdWatch(const FdWatch&) = delete;
    FdWatch& operator=(const FdWatch&) = delete;

    void want_read(bool wanted);
    void want_write(bool wanted);

  private:
    EventPtr read_;
    EventPtr write_;
    std::function<void()> readable_;
    std::function<void()> writable_;
};

/// Calls back in the loop, not in the handler's context.
class SignalWatch {
  public:
    SignalWatch(Loop& loop, int signal, std::function<void()> arrived);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    EventPtr event_;
    std::function<void()> arrived_;
};

}  // namespace holdfast::loop
