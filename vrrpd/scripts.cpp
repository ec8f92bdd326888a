#include "vrrpd/scripts.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "proto/vrrp.pb.h"

namespace holdfast::vrrp {

namespace {

using messages::v1::TrackResult;

/// The supervisor needs this long to end a script and to answer (SIGTERM, then SIGKILL).
constexpr core::Interval kAnswerSlack = std::chrono::seconds{2};

/// The last run is still being ended, or the host is at its limits.
bool is_our_trouble(int code) {
    return code == EBUSY || code == EAGAIN || code == ENOMEM;
}

std::string in_words(const TrackResult& result) {
    switch (result.exit_class()) {
        case messages::v1::EXIT_CODE:
            return fmt::format("exit status {}", result.code());
        case messages::v1::EXIT_SIGNAL:
            return fmt::format("ended by signal {}", result.code());
        case messages::v1::EXIT_TIMEOUT:
            return "timed out";
        case messages::v1::EXIT_NOT_RUN:
            break;
    }
    return core::Error::from_errno(result.code(), "could not be run").text();
}

}  // namespace

Scripts::Scripts(loop::Loop& loop, log::Logger& log, SavedState& saved, Handlers handlers)
    : loop_(loop),
      log_(log),
      saved_(saved),
      handlers_(std::move(handlers)),
      limit_({.every = std::chrono::seconds{60}, .burst = 1}) {}

void Scripts::adopt(const std::map<core::ObjectId, ScriptSetting>& settings, bool start) {
    for (auto each = scripts_.begin(); each != scripts_.end();) {
        if (!settings.contains(each->first)) {
            saved_.forget(each->first);
            each = scripts_.erase(each);
        } else {
            ++each;
        }
    }
    for (const auto& [id, setting] : settings) {
        auto& script = scripts_[id];
        if (!script) {
            script = make(setting, start);
            schedule(*script);
        } else if (script->setting != setting) {
            script->setting = setting;
            if (!script->running) schedule(*script);
        }
    }
}

std::unique_ptr<Scripts::Script> Scripts::make(const ScriptSetting& setting, bool start) {
    // The timers find the script by its id: a result may come when it is gone.
    auto script = std::make_unique<Script>(
        loop_, [this, id = setting.id] { run(*scripts_.at(id)); },
        [this, id = setting.id] { overdue(*scripts_.at(id)); });
    script->setting = setting;
    script->started = loop_.now() - setting.interval;
    if (const auto known = start ? saved_.script(setting.id) : std::nullopt) {
        script->health = known->health;
        script->started = std::min(known->started, loop_.now());
    }
    script->awaited = start && script->health.condition == Condition::unknown;
    return script;
}

void Scripts::schedule(Script& script) {
    script.next.at(script.started + script.setting.interval);
}

void Scripts::run(Script& script) {
    script.running = true;
    script.started = loop_.now();
    script.answer.after(script.setting.timeout + kAnswerSlack);
    save(script);
    handlers_.run(script.setting.id);
}

void Scripts::overdue(Script& script) {
    without_verdict(script, "no answer in time");
}

void Scripts::take(const TrackResult& result) {
    const auto found = scripts_.find(core::ObjectId{result.script_id()});
    // Of a script that a reload removed, or later than we waited.
    if (found == scripts_.end() || !found->second->running) return;
    Script& script = *found->second;
    const bool not_run = result.exit_class() == messages::v1::EXIT_NOT_RUN;
    if (not_run && result.code() == 0)
        return without_verdict(script, "the host had no processor for it");
    if (not_run && is_our_trouble(result.code()))
        return without_verdict(
            script, core::Error::from_errno(result.code(), "could not be started").text());
    const bool succeeded = result.exit_class() == messages::v1::EXIT_CODE && result.code() == 0;
    finished(script, succeeded, in_words(result));
}

void Scripts::finished(Script& script, bool succeeded, const std::string& how) {
    script.running = false;
    script.answer.cancel();
    schedule(script);
    const Condition before = script.health.condition;
    script.health = after(script.setting.rules, script.health, succeeded);
    save(script);
    if (script.health.condition == before) return;
    log_.notice("VRRP_SCRIPT",
                fmt::format("{} {}: {}", script.setting.name,
                            script.health.condition == Condition::up ? "up" : "down", how),
                {{"VRRP_SCRIPT", script.setting.name}});
    handlers_.changed(script.setting.id);
}

void Scripts::without_verdict(Script& script, const std::string& why) {
    script.running = false;
    script.answer.cancel();
    schedule(script);
    const auto left_out = limit_.admit(script.setting.id.value, loop_.now());
    if (!left_out) return;
    const std::string more = *left_out == 0 ? "" : fmt::format(" ({} more like this)", *left_out);
    log_.warning("VRRP_SCRIPT_LATE",
                 fmt::format("{} keeps its state: {}{}", script.setting.name, why, more),
                 {{"VRRP_SCRIPT", script.setting.name}});
}

void Scripts::save(const Script& script) {
    saved_.save_script(script.setting.id, {.health = script.health, .started = script.started});
}

void Scripts::stop() {
    scripts_.clear();
}

Condition Scripts::condition(core::ObjectId id) const {
    const auto found = scripts_.find(id);
    return found == scripts_.end() ? Condition::unknown : found->second->health.condition;
}

bool Scripts::awaited(core::ObjectId id) const {
    const auto found = scripts_.find(id);
    return found != scripts_.end() && found->second->awaited;
}

}  // namespace holdfast::vrrp
