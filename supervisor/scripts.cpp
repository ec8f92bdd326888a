#include "supervisor/scripts.hpp"

#include <cerrno>

#include <fmt/format.h>

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

/// A notification script may take this long while a newer event of its object waits. Alone it may
/// run for ever, as with keepalived.
constexpr core::Interval kPatience = 30s;

}  // namespace

struct Scripts::Event {
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
    std::optional<Event> next;        // the newest that waits
    loop::Timer patience;
};

Scripts::Scripts(loop::Loop& loop, log::Logger& log) : loop_(loop), log_(log) {}
Scripts::~Scripts() = default;

void Scripts::poll(core::ObjectId id, ScriptCommand command, core::Interval timeout,
                   std::function<void(const ScriptResult&)> done) {
    if (polls_.contains(id)) {
        done({ScriptResult::Kind::not_run, EBUSY, {}});
        return;
    }
    polls_[id] = 0;
    start_or_wait([this, id, command = std::move(command), timeout, done = std::move(done)] {
        launch(command, timeout, [this, id, done](const ScriptResult& result) {
            polls_.erase(id);
            done(result);
        });
        if (polls_.contains(id)) polls_[id] = next_run_ - 1;
    });
}

void Scripts::notify(core::ObjectId object, std::string subject,
                     std::vector<ScriptCommand> commands) {
    if (commands.empty()) return;
    auto& channel = channels_[object];
    if (!channel) channel = std::make_unique<Channel>(loop_, [this, object] { hurry(object); });
    if (channel->next) {
        log_.info("NOTIFY_SKIPPED", fmt::format("{}: overtaken by {} before its turn came",
                                                channel->next->subject, subject));
    }
    channel->next = Event{std::move(subject), std::move(commands)};
    if (channel->parts_left == 0) {
        start_next_event(object);
    } else if (!channel->patience.pending()) {
        channel->patience.after(kPatience);
    }
}

void Scripts::start_next_event(core::ObjectId object) {
    Channel& channel = *channels_.at(object);
    const Event event = std::move(*channel.next);
    channel.next.reset();
    channel.patience.cancel();
    channel.subject = event.subject;
    channel.parts_left = event.commands.size();
    channel.runs.clear();
    for (const ScriptCommand& command : event.commands) {
        start_or_wait([this, object, command] {
            const std::string script = command.argv.empty() ? "" : command.argv.front();
            launch(command, std::nullopt, [this, object, script](const ScriptResult& result) {
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
    }
    if (--channel.parts_left > 0) return;
    if (channel.next) {
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
                             channel.next ? channel.next->subject : "nothing"));
    for (const std::uint64_t run : channel.runs) {
        if (const auto found = running_.find(run); found != running_.end()) found->second->stop();
    }
}

void Scripts::start_or_wait(std::function<void()> start) {
    if (running_.size() < kAtOnce) {
        start();
    } else {
        waiting_.push_back({std::move(start)});
    }
}

void Scripts::launch(const ScriptCommand& command, std::optional<core::Interval> timeout,
                     std::function<void(const ScriptResult&)> ended) {
    const std::uint64_t key = next_run_++;
    running_[key] = std::make_unique<ScriptProcess>(
        loop_, command, timeout, [this, key, ended = std::move(ended)](const ScriptResult& result) {
            // Keep the object alive until its own callback is over.
            loop_.defer([done = std::shared_ptr<ScriptProcess>(std::move(running_.at(key)))] {});
            running_.erase(key);
            ended(result);
            if (!waiting_.empty() && running_.size() < kAtOnce) {
                const Waiting next = std::move(waiting_.front());
                waiting_.pop_front();
                next.start();
            }
        });
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
