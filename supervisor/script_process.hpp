#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/interval.hpp"
#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/loop/loop.hpp"
#include "supervisor/script_reaper.hpp"
#include "supervisor/script_user.hpp"

namespace holdfast::supervisor {

/// A program ready to be run: argv[0] is an absolute path.
struct ScriptCommand {
    std::vector<std::string> argv;
    ScriptUser user;
    /// What is executed, when it is not argv[0] itself: what its symbolic links lead to.
    std::string target = {};
    mode_t umask = 022;
    [[nodiscard]] const std::string& file() const { return target.empty() ? argv[0] : target; }
    friend bool operator==(const ScriptCommand&, const ScriptCommand&) = default;
};

/// How one run ended.
struct ScriptResult {
    /// starved: timed out, but it could not run for want of a processor, or we could not.
    enum class Kind : std::uint8_t { exited, signalled, timed_out, starved, not_run };
    Kind kind = Kind::exited;
    int code = 0;  // exit status, signal number, or errno of not_run
    core::Interval duration{};
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool succeeded() const { return kind == Kind::exited && code == 0; }
};

/// One run of one script: own session and process group, own user, standard descriptors on
/// /dev/null, our environment without what could steer a loader, no shell (only a file that the
/// kernel does not know as executable goes through /bin/sh, as keepalived does). TERM when the time
/// is over or stop() is called, KILL two seconds later, to all that it has started, in whatever
/// session; what one that ended by itself has left in the background goes on. A ScriptProcess that
/// goes while the script runs has all of it killed, and waits for nothing.
class ScriptProcess {
  public:
    /// `ended` is called once, in a later turn; it may destroy the ScriptProcess.
    ScriptProcess(loop::Loop& loop, const ScriptCommand& command,
                  std::optional<core::Interval> timeout,
                  std::function<void(const ScriptResult&)> ended);
    ~ScriptProcess();
    ScriptProcess(const ScriptProcess&) = delete;
    ScriptProcess& operator=(const ScriptProcess&) = delete;

    void stop();
    [[nodiscard]] core::Interval running_for() const;

  private:
    void start(const ScriptCommand& command);
    void finish();
    void report(ScriptResult result);
    void signal_reaper(int number) const;
    void read_reports();
    void time_is_over();
    [[nodiscard]] bool was_starved();

    loop::Loop& loop_;
    std::function<void(const ScriptResult&)> ended_;
    core::Instant started_;
    pid_t reaper_ = -1;           // our child, the parent of the script
    pid_t script_ = -1;           // once the reaper has told it
    core::Interval own_wait_{0};  // at the start
    bool timed_out_ = false;
    bool starved_ = false;
    core::UniqueFd pidfd_;  // of the reaper
    core::UniqueFd reports_;
    std::optional<ReaperReport> outcome_;
    std::unique_ptr<loop::FdWatch> watch_;
    loop::Timer timeout_;
    loop::Timer kill_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace holdfast::supervisor
