#include "lib/loop/loop.hpp"

#include <event2/event.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "lib/core/result.hpp"

namespace holdfast::loop {

namespace {

struct FreeBase {
    void operator()(event_base* base) const noexcept { event_base_free(base); }
};
struct FreeConfig {
    void operator()(event_config* config) const noexcept { event_config_free(config); }
};

std::unique_ptr<event_base, FreeBase> make_base() {
    const std::unique_ptr<event_config, FreeConfig> config(event_config_new());
    if (!config) core::broken_invariant("event loop: no memory");
    event_config_set_flag(config.get(), EVENT_BASE_FLAG_PRECISE_TIMER);
    event_config_set_flag(config.get(), EVENT_BASE_FLAG_NO_CACHE_TIME);
    std::unique_ptr<event_base, FreeBase> base(event_base_new_with_config(config.get()));
    if (!base) core::broken_invariant(core::Error::last("event loop").text());
    return base;
}

EventPtr make_event(event_base* base, int what, short kind, event_callback_fn call,
                    void* argument) {
    EventPtr made(event_new(base, what, kind, call, argument));
    if (!made) core::broken_invariant(core::Error::last("watch descriptor").text());
    return made;
}

timeval to_timeval(core::Interval delay) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
    timeval wait{};
    wait.tv_sec = static_cast<time_t>(seconds.count());
    wait.tv_usec = static_cast<suseconds_t>((delay - seconds).count());
    return wait;
}

}  // namespace

void FreeEvent::operator()(event* what) const noexcept {
    event_free(what);  // deletes it from the base first, and from the queue of active ones
}

struct Loop::Inside {
    using Entry = std::tuple<core::Instant, std::uint64_t, Timer*>;

    std::unique_ptr<event_base, FreeBase> base = make_base();
    EventPtr wake{make_event(
        base.get(), -1, 0, [](int, short, void*) {}, nullptr)};
    std::set<Entry> timers;
    std::uint64_t next_order = 1;
    core::Interval most_slack{0};  // of any timer so far
    std::uint64_t calls = 0;       // of watches; tells a turn in which nothing happened
    std::deque<std::function<void()>> deferred;
    std::optional<core::Instant> virtual_now;
    core::Interval virtual_sleep{0};
};

Loop::Loop() : inside_(std::make_unique<Inside>()) {}

Loop::Loop(VirtualTime time) : Loop() {
    inside_->virtual_now = time.start;
}

Loop::~Loop() = default;

event_base* Loop::base() const {
    return inside_->base.get();
}

core::Instant Loop::now() const {
    if (inside_->virtual_now) return *inside_->virtual_now;
    return std::chrono::time_point_cast<core::Interval>(std::chrono::steady_clock::now());
}

double Loop::wall_clock_seconds() const {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(since_epoch).count();
}

core::Interval Loop::time_slept() const {
    if (inside_->virtual_now) return inside_->virtual_sleep;
    const auto read = [](clockid_t clock) {
        timespec at{};
        ::clock_gettime(clock, &at);
        return std::chrono::duration_cast<core::Interval>(std::chrono::seconds(at.tv_sec) +
                                                          std::chrono::nanoseconds(at.tv_nsec));
    };
    // In this order, so that a pause in between never looks like sleep.
    const core::Interval with_sleep = read(CLOCK_BOOTTIME);
    return std::max(core::Interval::zero(), with_sleep - read(CLOCK_MONOTONIC));
}

void Loop::run() {
    while (!stopped_) turn(true);
    stopped_ = false;
}

void Loop::stop() {
    stopped_ = true;
    event_base_loopbreak(base());
}

void Loop::run_until(const std::function<bool()>& done) {
    while (!stopped_ && !done()) turn(true);
    stopped_ = false;
}

void Loop::settle() {
    while (!stopped_ && turn(false)) {
    }
}

void Loop::advance(core::Interval by) {
    if (!inside_->virtual_now) core::broken_invariant("advance() of a loop in real time");
    const core::Instant target = now() + by;
    settle();
    while (!inside_->timers.empty()) {
        const core::Instant next = std::get<0>(*inside_->timers.begin());
        if (next > target) break;
        inside_->virtual_now = std::max(next, now());
        settle();
    }
    inside_->virtual_now = target;
    settle();
}

void Loop::stall(core::Interval by) {
    if (!inside_->virtual_now) core::broken_invariant("stall() of a loop in real time");
    *inside_->virtual_now += by;
}

void Loop::sleep(core::Interval by) {
    if (!inside_->virtual_now) core::broken_invariant("sleep() of a loop in real time");
    inside_->virtual_sleep += by;
}

void Loop::defer(std::function<void()> work) {
    inside_->deferred.push_back(std::move(work));
}

bool Loop::turn(bool wait) {
    ++turns_;
    const std::uint64_t calls_before = inside_->calls;
    const bool worked = run_deferred();
    if (!stopped_) wait_for_events(wait && !worked);
    const bool fired = !stopped_ && run_due_timers();
    return worked || fired || inside_->calls != calls_before || !inside_->deferred.empty();
}

bool Loop::run_deferred() {
    // Work that defers more work leaves it to the next turn.
    const std::size_t present = inside_->deferred.size();
    for (std::size_t done = 0; done < present && !stopped_; ++done) {
        const std::function<void()> work = std::move(inside_->deferred.front());
        inside_->deferred.pop_front();
        work();
    }
    return present > 0;
}

void Loop::wait_for_events(bool wait) {
    if (!inside_->timers.empty()) {
        const core::Interval left = std::get<0>(*inside_->timers.begin()) - now();
        if (left <= core::Interval::zero()) {
            wait = false;
        } else if (!inside_->virtual_now) {
            const timeval delay = to_timeval(left);
            event_add(inside_->wake.get(), &delay);
        }
    }
    if (!inside_->deferred.empty()) wait = false;
    event_base_loop(base(), EVLOOP_ONCE | (wait ? EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK));
    event_del(inside_->wake.get());
}

bool Loop::run_due_timers() {
    // Only those that were set before this turn: a callback that sets a timer into the past must
    // not keep the descriptors waiting for ever.
    const std::uint64_t set_later = inside_->next_order;
    const core::Instant moment = now();
    bool fired = false;
    auto next = inside_->timers.begin();
    while (!stopped_ && next != inside_->timers.end() &&
           std::get<0>(*next) <= moment + inside_->most_slack) {
        const Inside::Entry entry = *next;
        Timer& timer = *std::get<2>(entry);
        if (timer.queued_order_ != timer.order_) {  // it was put off meanwhile
            timer.dequeue();
            timer.enqueue();
            next = inside_->timers.upper_bound(entry);
            continue;
        }
        if (timer.order_ >= set_later || timer.deadline_ > moment + timer.slack_) {
            ++next;
            continue;
        }
        timer.dequeue();
        timer.order_ = 0;
        const auto call = timer.fire_;  // the callback may destroy its timer
        (*call)();
        fired = true;
        next = inside_->timers.upper_bound(entry);  // what comes before it was set in this turn
    }
    return fired;
}

Timer::Timer(Loop& loop, std::function<void()> fire)
    : loop_(loop), fire_(std::make_shared<std::function<void()>>(std::move(fire))) {}

Timer::~Timer() {
    cancel();
}

void Timer::at(core::Instant deadline) {
    deadline_ = deadline;
    order_ = loop_.inside_->next_order++;
    if (queued_order_ != 0 && queued_deadline_ <= deadline) return;
    dequeue();
    enqueue();
}

void Timer::after(core::Interval delay) {
    at(loop_.now() + delay);
}

void Timer::set_slack(core::Interval slack) {
    slack_ = std::clamp(slack, core::Interval::zero(), kMostSlack);
    loop_.inside_->most_slack = std::max(loop_.inside_->most_slack, slack_);
}

void Timer::cancel() {
    dequeue();
    order_ = 0;
}

void Timer::enqueue() {
    queued_deadline_ = deadline_;
    queued_order_ = order_;
    loop_.inside_->timers.emplace(deadline_, order_, this);
}

void Timer::dequeue() {
    if (queued_order_ == 0) return;
    loop_.inside_->timers.erase({queued_deadline_, queued_order_, this});
    queued_order_ = 0;
}

struct FdWatch::Calls {
    std::uint64_t& counter;
    std::function<void()> readable;
    std::function<void()> writable;
};

FdWatch::FdWatch(Loop& loop, int fd, std::function<void()> readable)
    : FdWatch(loop, fd, std::move(readable), nullptr) {}

FdWatch::FdWatch(Loop& loop, int fd, std::function<void()> readable, std::function<void()> writable)
    : calls_(std::make_shared<Calls>(
          Calls{loop.inside_->calls, std::move(readable), std::move(writable)})) {
    const auto on_readable = [](int, short, void* self) {
        const auto calls = static_cast<FdWatch*>(self)->calls_;  // the callback may end the watch
        ++calls->counter;
        calls->readable();
    };
    const auto on_writable = [](int, short, void* self) {
        const auto calls = static_cast<FdWatch*>(self)->calls_;
        ++calls->counter;
        calls->writable();
    };
    read_ = make_event(loop.base(), fd, EV_READ | EV_PERSIST, on_readable, this);
    if (calls_->writable) {
        write_ = make_event(loop.base(), fd, EV_WRITE | EV_PERSIST, on_writable, this);
    }
    want_read(true);
}

FdWatch::~FdWatch() = default;

void FdWatch::want_read(bool wanted) {
    const int failed = wanted ? event_add(read_.get(), nullptr) : event_del(read_.get());
    if (failed != 0) core::broken_invariant(core::Error::last("watch descriptor").text());
}

void FdWatch::want_write(bool wanted) {
    if (!write_) core::broken_invariant("want_write of a watch without a callback for it");
    const int failed = wanted ? event_add(write_.get(), nullptr) : event_del(write_.get());
    if (failed != 0) core::broken_invariant(core::Error::last("watch descriptor").text());
}

struct SignalWatch::Calls {
    std::uint64_t& counter;
    std::function<void()> arrived;
};

SignalWatch::SignalWatch(Loop& loop, int signal, std::function<void()> arrived)
    : calls_(std::make_shared<Calls>(Calls{loop.inside_->calls, std::move(arrived)})) {
    const auto on_signal = [](int, short, void* self) {
        const auto calls = static_cast<SignalWatch*>(self)->calls_;
        ++calls->counter;
        calls->arrived();
    };
    event_ = make_event(loop.base(), signal, EV_SIGNAL | EV_PERSIST, on_signal, this);
    if (event_add(event_.get(), nullptr) != 0) {
        core::broken_invariant(core::Error::last("watch signal").text());
    }
}

SignalWatch::~SignalWatch() = default;

}  // namespace holdfast::loop
