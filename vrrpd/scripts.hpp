#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lib/core/ids.hpp"
#include "lib/log/logger.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/loop/loop.hpp"
#include "vrrpd/model.hpp"
#include "vrrpd/saved_state.hpp"
#include "vrrpd/tracking.hpp"

namespace holdfast::messages::v1 {
class TrackResult;
}

namespace holdfast::vrrp {

/// When each vrrp_script runs, and what its results mean. The supervisor runs them; this asks by id
/// and counts. The next run begins one interval after the start of the last one, and only when that
/// one has answered. What says nothing about the script (it had no processor, we were late, the
/// supervisor was busy) counts as no run.
class Scripts {
  public:
    struct Handlers {
        std::function<void(core::ObjectId)> run;      // ask the supervisor
        std::function<void(core::ObjectId)> changed;  // up, down, or known for the first time
    };
    Scripts(loop::Loop& loop, log::Logger& log, SavedState& saved, Handlers handlers);

    /// The scripts of a configuration; those that stay keep their results and their time. On a
    /// `start` the predecessor's results are taken over, and those without one are awaited.
    void adopt(const std::map<core::ObjectId, ScriptSetting>& settings, bool start);
    void take(const messages::v1::TrackResult& result);
    void stop();

    [[nodiscard]] Condition condition(core::ObjectId id) const;
    /// Nothing starts before its first result.
    [[nodiscard]] bool awaited(core::ObjectId id) const;

  private:
    struct Script {
        Script(loop::Loop& loop, std::function<void()> due, std::function<void()> overdue)
            : next(loop, std::move(due)), answer(loop, std::move(overdue)) {}
        ScriptSetting setting;
        ScriptHealth health;
        bool awaited = false;
        bool running = false;
        core::Instant started;
        loop::Timer next;
        loop::Timer answer;
    };

    std::unique_ptr<Script> make(const ScriptSetting& setting, bool start);
    void run(Script& script);
    void overdue(Script& script);
    void finished(Script& script, bool succeeded, const std::string& how);
    void without_verdict(Script& script, const std::string& why);
    void schedule(Script& script);
    void save(const Script& script);

    loop::Loop& loop_;
    log::Logger& log_;
    SavedState& saved_;
    Handlers handlers_;
    log::RateLimit limit_;
    std::map<core::ObjectId, std::unique_ptr<Script>> scripts_;
};

}  // namespace holdfast::vrrp
