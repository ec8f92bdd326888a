#pragma once

#include <functional>
#include <memory>

#include "checkerd/check_spec.hpp"
#include "checkerd/schedule.hpp"
#include "checkerd/standing.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::checkerd {

/// One check at work: runs it by its schedule, one run at a time, and has each answer judged. Logs
/// one line for each change of the verdict. Gone, it runs no more.
class Monitor {
  public:
    /// What all monitors share; it outlives them.
    struct Surroundings {
        loop::Loop& loop;
        log::Logger& log;
        RandomInterval random;
        MakeCheck make;
        /// The verdict or the error text changed: somebody else must hear of it.
        std::function<void(const Monitor&)> changed;
        /// A run ended: the standing is worth keeping.
        std::function<void(const Monitor&)> ran;
    };

    /// A new check: its first run comes within the warmup.
    Monitor(const Surroundings& surroundings, CheckSpec spec);
    /// Takes over where a predecessor (an older setting of this check, or an older process) stood.
    Monitor(const Surroundings& surroundings, CheckSpec spec, const Saved& predecessor);
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    [[nodiscard]] const CheckSpec& spec() const { return spec_; }
    [[nodiscard]] const Standing& standing() const { return standing_; }
    [[nodiscard]] Saved saved() const { return {spec_.fingerprint, standing_}; }

  private:
    void schedule(core::Instant next);
    void run();
    void on_answer(const Answer& answer);
    void note(const Answer& answer, const VerdictState& before);
    void log_change(const Answer& answer, const VerdictState& before) const;
    void log_testability(const Answer& answer, bool before) const;
    void log_attempt(const Answer& answer) const;
    void log_line(log::Level level, std::string_view event, std::string_view text) const;

    const Surroundings& surroundings_;
    const CheckSpec spec_;
    Standing standing_;
    core::Instant started_{};
    std::unique_ptr<Check> check_;
    loop::Timer timer_;
};

}  // namespace holdfast::checkerd
