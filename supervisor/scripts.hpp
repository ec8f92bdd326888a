#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/ids.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "supervisor/script_process.hpp"

namespace holdfast::supervisor {

/// Runs the scripts of the configuration. Two kinds:
///
/// * a *poll* (vrrp_script) has one result that somebody waits for; one run of the same id at a
/// time;
/// * *notifications* of one object (a router, a group, a server) run in the order of its events,
///   never two events at once; events that wait are replaced by newer ones of their kind, the last
///   is always delivered. Scripts of one event start together (keepalived's specific and generic
///   script).
///
/// At most `kAtOnce` polls and as many notifications run at the same time; the others wait in turn,
/// and nothing here ever blocks. A notification may run for ever, as with keepalived, unless
/// something waits for its end: a newer event of its object, or others for a place.
class Scripts {
  public:
    static constexpr std::size_t kAtOnce = 32;
    /// How long a notification may go on while something waits for its end.
    static constexpr core::Interval kPatience = std::chrono::seconds(60);

    /// Events of different kinds do not replace each other.
    enum class Kind : std::uint8_t {
        state,   // the object has become something
        remark,  // it has seen something and is what it was
    };

    Scripts(loop::Loop& loop, log::Logger& log, core::Interval patience = kPatience);
    ~Scripts();
    Scripts(const Scripts&) = delete;
    Scripts& operator=(const Scripts&) = delete;

    /// `done` is called once, always; EBUSY (not_run) when a run of `id` has not ended.
    void poll(core::ObjectId id, ScriptCommand command, core::Interval timeout,
              std::function<void(const ScriptResult&)> done);

    /// `subject` is for the log ("VI_1 active").
    void notify(core::ObjectId object, Kind kind, std::string subject,
                std::vector<ScriptCommand> commands);

    /// TERM to every poll that runs (KILL two seconds later); one that waits does not start, and
    /// tells its caller so (not_run, ECANCELED).
    void stop_polls();
    /// The same for notifications, each with a line in the log: there is no time left.
    void give_up();
    /// Notifications that have ended so far, for whoever wants to see progress.
    [[nodiscard]] std::uint64_t ended() const { return ended_; }
    /// True when no notification runs or waits.
    [[nodiscard]] bool idle() const;
    /// Calls back once when idle; at once if it is already.
    void when_idle(std::function<void()> then);

  private:
    struct Event;
    struct Channel;
    /// Scripts of one sort: how many run, and who waits for a place.
    struct Waiting {
        std::function<void()> start;
        std::function<void()> cancel;
    };
    struct Lane {
        std::size_t running = 0;
        std::deque<Waiting> waiting;
    };

    void start_or_wait(Lane& lane, Waiting what);
    static void cancel_waiting(Lane& lane);
    void launch(Lane& lane, const ScriptCommand& command, std::optional<core::Interval> timeout,
                std::function<void(const ScriptResult&)> ended);
    void place_is_free(Lane& lane);
    void start_next_event(core::ObjectId object);
    void start_part(core::ObjectId object, const ScriptCommand& command);
    void event_part_ended(core::ObjectId object, const ScriptCommand& command,
                          const ScriptResult& result);
    /// True: it will be started again, since nothing but the moment was against it.
    bool try_again(Channel& channel, const ScriptCommand& command, const ScriptResult& result);
    void start_again(core::ObjectId object);
    /// The first of its scripts that still runs; nothing when none does.
    [[nodiscard]] std::optional<std::uint64_t> oldest_run(const Channel& channel) const;
    void end_runs_of(const Channel& channel);
    void hurry(core::ObjectId object);
    void make_room();
    void check_idle();

    loop::Loop& loop_;
    log::Logger& log_;
    std::map<std::uint64_t, std::unique_ptr<ScriptProcess>> running_;
    std::uint64_t next_run_ = 1;
    core::Interval patience_;
    Lane poll_lane_;
    Lane notify_lane_;
    loop::Timer room_;                               // somebody has waited long for a place
    std::map<core::ObjectId, std::uint64_t> polls_;  // id to run, 0 while it waits
    std::map<core::ObjectId, std::unique_ptr<Channel>> channels_;
    std::vector<std::function<void()>> idle_waiters_;
    std::uint64_t ended_ = 0;
};

}  // namespace holdfast::supervisor
