#include "supervisor/scripts.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

namespace holdfast::supervisor {

struct Scripts::Event {
    Kind kind;
    std::string subject;
    std::vector<ScriptCommand> commands;
};

/// The notifications of one object.
struct Scripts::Channel {
    explicit Channel(loop::Loop& loop, std::function<void()> hurry)
        : patience(loop, std::move(hurry)) {}
    std::string subject;              // of the event that runs
    std::size_t parts_left = 0;       // its scripts that have not ended
    std::vector<std::uint64_t> runs;  // their keys in running_
    std::deque<Event> next;           // the newest of each kind that waits
    loop::Timer patience;
};

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
    start_or_wait(
        poll_lane_, [this, id, command = std::move(command), timeout, done = std::move(done)] {
            launch(poll_lane_, command, timeout, [this, id, done](const ScriptResult& result) {
                polls_.erase(id);
                done(result);
            });
            if (polls_.contains(id)) polls_[id] = next_run_ - 1;
        });
}

void Scripts::notify(core::ObjectId object, Kind kind, std::string subject,
                     std::vector<ScriptCommand> commands) {
    if (commands.empty()) return;
    auto& channel = channels_[object];
    if (!channel) channel = std::make_unique<Channel>(loop_, [this, object] { hurry(object); });
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
    for (const ScriptCommand& command : event.commands) {
        start_or_wait(notify_lane_, [this, object, command] {
            const std::string script = command.argv.empty() ? "" : command.argv.front();
            launch(notify_lane_, command, std::nullopt,
                   [this, object, script](const ScriptResult& result) {
                       event_part_ended(object, script, result);
                   });
            channels_.at(object)->runs.push_back(next_run_ - 1);
        });
    }
}

void Scripts::event_part_ended(core::ObjectId object, const std::string& script,
                               const ScriptResult& result) {
    Channel& channel = *channels_.at(object);
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
    const Channel& channel = *channels_.at(object);
    log_.warning("NOTIFY_SLOW",
                 fmt::format("{}: its script still runs and {} waits; ending it", channel.subject,
                             channel.next.empty() ? "nothing" : channel.next.front().subject));
    end_runs_of(channel);
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
    for (const auto& [object, channel] : channels_) {
        const bool runs = !channel->runs.empty() && running_.contains(channel->runs.front());
        if (runs && (longest == nullptr || channel->runs.front() < longest->runs.front())) {
            longest = channel.get();
        }
    }
    if (longest != nullptr) {
        log_.warning("NOTIFY_SLOW", fmt::format("{}: its script still runs and {} others wait for "
                                                "a place; ending it",
                                                longest->subject, notify_lane_.waiting.size()));
        end_runs_of(*longest);
    }
    room_.after(patience_);
}

void Scripts::start_or_wait(Lane& lane, std::function<void()> start) {
    if (lane.running < kAtOnce) return start();
    lane.waiting.push_back(std::move(start));
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
    const auto start = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    if (&lane == &notify_lane_) room_.cancel();
    if (&lane == &notify_lane_ && !lane.waiting.empty()) room_.after(patience_);
    start();
}

void Scripts::stop_polls() {
    for (const auto& [id, run] : polls_) {
        if (const auto found = running_.find(run); found != running_.end()) found->second->stop();
    }
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
