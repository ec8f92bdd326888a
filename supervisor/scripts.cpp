#include "supervisor/scripts.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace holdfast::supervisor {

struct Scripts::Event {
    Kind kind;
    std::string subject;
    std::vector<ScriptCommand> commands;
};

/// The notifications of one object.
struct Scripts::Channel {
    Channel(loop::Loop& loop, std::function<void()> hurry, std::function<void()> start_again)
        : patience(loop, std::move(hurry)), retry(loop, std::move(start_again)) {}
    std::string subject;              // of the event that runs
    std::size_t parts_left = 0;       // its scripts that have not ended
    std::vector<std::uint64_t> runs;  // their keys in running_
    std::deque<Event> next;           // the newest of each kind that waits
    loop::Timer patience;
    std::vector<ScriptCommand> again;  // those the host had no room for
    int retries = 0;                   // of this event
    loop::Timer retry;
};

namespace {

constexpr core::Interval kRetryPause = std::chrono::seconds(1);
constexpr int kMostRetries = 30;

/// No more processes, memory or descriptors at this moment.
bool is_full(const ScriptResult& result) {
    const int code = result.code;
    return result.kind == ScriptResult::Kind::not_run &&
           (code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE);
}

}  // namespace

Scripts::Scripts(loop::Loop& loop, log::Logger& log, core::Interval patience)
    : loop_(loop), log_(log), patience_(patience), room_(loop, [this] { make_room(); }) {}
Scripts::~Scripts() = default;

void Scripts::poll(core::ObjectId id, ScriptCommand command, core::Interval timeout,
                   std::function<void(const ScriptResult&)> done) {
    if (polls_.contains(id)) {
        done({ScriptResult::Kind::not_run, EBUSY, {}});
        return;
    }
    polls_[id] = 0;
    const auto ended = [this, id, done = std::move(done)](const ScriptResult& result) {
        polls_.erase(id);
        done(result);
    };
    start_or_wait(poll_lane_, {[this, id, command = std::move(command), timeout, ended] {
                                   launch(poll_lane_, command, timeout, ended);
                                   polls_[id] = next_run_ - 1;
                               },
                               [ended] {
                                   ended({ScriptResult::Kind::not_run, ECANCELED, {}});
                               }});
}

void Scripts::notify(core::ObjectId object, Kind kind, std::string subject,
                     std::vector<ScriptCommand> commands) {
    if (commands.empty()) return;
    auto& channel = channels_[object];
    if (!channel) {
        channel = std::make_unique<Channel>(
            loop_, [this, object] { hurry(object); }, [this, object] { start_again(object); });
    }
    const auto older = std::ranges::find(channel->next, kind, &Event::kind);
    if (older != channel->next.end()) {
        log_.info("NOTIFY_SKIPPED",
                  fmt::format("{}: overtaken by {} before its turn came", older->subject, subject));
        channel->next.erase(older);
    }
    channel->next.push_back({kind, std::move(subject), std::move(commands)});
    if (channel->parts_left == 0) {
        start_next_event(object);
    } else if (!channel->patience.pending()) {
        channel->patience.after(patience_);
    }
}

void Scripts::start_next_event(core::ObjectId object) {
    Channel& channel = *channels_.at(object);
    const Event event = std::move(channel.next.front());
    channel.next.pop_front();
    channel.patience.cancel();
    if (!channel.next.empty()) channel.patience.after(patience_);
    channel.subject = event.subject;
    channel.parts_left = event.commands.size();
    channel.runs.clear();
    channel.retries = 0;
    for (const ScriptCommand& command : event.commands) start_part(object, command);
}

void Scripts::start_part(core::ObjectId object, const ScriptCommand& command) {
    const auto ended = [this, object, command](const ScriptResult& result) {
        event_part_ended(object, command, result);
    };
    start_or_wait(notify_lane_, {[this, object, command, ended] {
                                     launch(notify_lane_, command, std::nullopt, ended);
                                     channels_.at(object)->runs.push_back(next_run_ - 1);
                                 },
                                 [ended] {
                                     ended({ScriptResult::Kind::not_run, ECANCELED, {}});
                                 }});
}

bool Scripts::try_again(Channel& channel, const ScriptCommand& command,
                        const ScriptResult& result) {
    if (!is_full(result) || !channel.next.empty() || channel.retries >= kMostRetries) return false;
    if (channel.again.empty()) ++channel.retries;
    channel.again.push_back(command);
    channel.retry.after(kRetryPause);
    return true;
}

void Scripts::start_again(core::ObjectId object) {
    const auto commands = std::exchange(channels_.at(object)->again, {});
    for (const ScriptCommand& command : commands) start_part(object, command);
}

void Scripts::event_part_ended(core::ObjectId object, const ScriptCommand& command,
                               const ScriptResult& result) {
    Channel& channel = *channels_.at(object);
    if (try_again(channel, command, result)) return;
    const std::string script = command.argv.empty() ? "" : command.argv.front();
    ++ended_;
    if (!result.succeeded()) {
        log_.warning("NOTIFY_FAILED",
                     fmt::format("{}: script {}: {}", channel.subject, script, result.text()));
    } else {
        log_.info("NOTIFY_DONE", fmt::format("{}: script {} after {} ms", channel.subject, script,
                                             result.duration.count() / 1000));
    }
    if (--channel.parts_left > 0) return;
    if (!channel.next.empty()) {
        start_next_event(object);
    } else {
        channels_.erase(object);
        check_idle();
    }
}

void Scripts::hurry(core::ObjectId object) {
    Channel& channel = *channels_.at(object);
    // A script of the same event may begin only now, and hang as well.
    channel.patience.after(patience_);
    if (!oldest_run(channel)) return;
    log_.warning("NOTIFY_SLOW",
                 fmt::format("{}: its script still runs and {} waits; ending it", channel.subject,
                             channel.next.empty() ? "nothing" : channel.next.front().subject));
    end_runs_of(channel);
}

std::optional<std::uint64_t> Scripts::oldest_run(const Channel& channel) const {
    const auto found = std::ranges::find_if(
        channel.runs, [this](std::uint64_t run) { return running_.contains(run); });
    if (found == channel.runs.end()) return std::nullopt;
    return *found;
}

void Scripts::end_runs_of(const Channel& channel) {
    for (const std::uint64_t run : channel.runs) {
        if (const auto found = running_.find(run); found != running_.end()) found->second->stop();
    }
}

/// Scripts that never end must not keep those of other objects from running.
void Scripts::make_room() {
    if (notify_lane_.waiting.empty()) return;
    const Channel* longest = nullptr;
    std::uint64_t since = next_run_;
    for (const auto& [object, channel] : channels_) {
        const auto oldest = oldest_run(*channel);
        if (!oldest || *oldest >= since) continue;
        since = *oldest;
        longest = channel.get();
    }
    if (longest != nullptr) {
        log_.warning("NOTIFY_SLOW", fmt::format("{}: its script still runs and {} others wait for "
                                                "a place; ending it",
                                                longest->subject, notify_lane_.waiting.size()));
        end_runs_of(*longest);
    }
    room_.after(patience_);
}

void Scripts::start_or_wait(Lane& lane, Waiting what) {
    if (lane.running < kAtOnce) return what.start();
    lane.waiting.push_back(std::move(what));
    if (&lane == &notify_lane_ && !room_.pending()) room_.after(patience_);
}

void Scripts::launch(Lane& lane, const ScriptCommand& command,
                     std::optional<core::Interval> timeout,
                     std::function<void(const ScriptResult&)> ended) {
    const std::uint64_t key = next_run_++;
    ++lane.running;
    running_[key] = std::make_unique<ScriptProcess>(
        loop_, command, timeout,
        [this, key, &lane, ended = std::move(ended)](const ScriptResult& result) {
            // Keep the object alive until its own callback is over.
            loop_.defer([done = std::shared_ptr<ScriptProcess>(std::move(running_.at(key)))] {});
            running_.erase(key);
            --lane.running;
            ended(result);
            place_is_free(lane);
        });
}

void Scripts::place_is_free(Lane& lane) {
    if (lane.waiting.empty() || lane.running >= kAtOnce) return;
    const Waiting next = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    if (&lane == &notify_lane_) room_.cancel();
    if (&lane == &notify_lane_ && !lane.waiting.empty()) room_.after(patience_);
    next.start();
}

void Scripts::cancel_waiting(Lane& lane) {
    const auto waiting = std::exchange(lane.waiting, {});
    for (const Waiting& each : waiting) each.cancel();
}

void Scripts::stop_polls() {
    cancel_waiting(poll_lane_);
    for (const auto& [id, run] : polls_) {
        if (const auto found = running_.find(run); found != running_.end()) found->second->stop();
    }
}

void Scripts::give_up() {
    std::vector<core::ObjectId> postponed;
    for (const auto& [object, channel] : channels_) {
        for (const Event& event : std::exchange(channel->next, {})) {
            log_.warning("NOTIFY_SKIPPED", event.subject + ": there is no time left for it");
        }
        if (!channel->again.empty()) postponed.push_back(object);
        if (!oldest_run(*channel)) continue;
        log_.warning("NOTIFY_SLOW",
                     channel->subject + ": its script still runs at the end; ending it");
        end_runs_of(*channel);
    }
    // Both may end channels.
    for (const core::ObjectId object : postponed) {
        const auto commands = std::exchange(channels_.at(object)->again, {});
        for (const ScriptCommand& command : commands)
            event_part_ended(object, command, {ScriptResult::Kind::not_run, ECANCELED, {}});
    }
    cancel_waiting(notify_lane_);
}

bool Scripts::idle() const {
    return channels_.empty();
}

void Scripts::when_idle(std::function<void()> then) {
    idle_waiters_.push_back(std::move(then));
    check_idle();
}

void Scripts::check_idle() {
    if (!idle()) return;
    const auto waiters = std::move(idle_waiters_);
    idle_waiters_.clear();
    for (const auto& waiter : waiters) waiter();
}

}  // namespace holdfast::supervisor
