#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/loop/loop.hpp"
#include "lib/sandbox/users.hpp"
#include "supervisor/scheduling.hpp"

namespace holdfast::supervisor {

/// Everything a new process of ours gets; the descriptors stay the caller's.
struct LaunchPlan {
    int program = -1;                      // O_PATH descriptor of the executable
    std::string name;                      // argv[0], its path
    std::vector<std::string> arguments;    // after argv[0]
    std::vector<std::string> environment;  // two variables at most
    // The fixed numbers 3 to 7; -1 leaves the number closed.
    int channel = -1;
    int lock = -1;
    int state = -1;
    int log = -1;
    int empty_folder = -1;
    /// Standard output and error stay (-l); else all three go to /dev/null.
    bool keep_standard_error = false;
    /// Nothing: stays what the supervisor is (a test run without root).
    std::optional<sandbox::Descent> descent;
    Scheduling scheduling{};
};

struct Launched {
    pid_t pid = -1;
    core::UniqueFd pidfd;
    /// What the surroundings refused, in words; never a reason not to start. The lack of rights is
    /// not in it: the role tells that in its sandbox report.
    std::vector<std::string> missing;
};

/// fork and exec in this order: session, signals, standard descriptors, fixed
/// descriptors, limits, umask, rights, exec by descriptor. Waits until the exec is done (some ms).
[[nodiscard]] core::Result<Launched> launch(const LaunchPlan& plan);

/// How a process ended.
struct ExitStatus {
    bool by_signal = false;
    int number = 0;  // exit status or signal
    [[nodiscard]] std::string text() const;
};

/// Watches a process through its pidfd until it has ended, and reaps it. A Child that goes while
/// the process lives kills and reaps it.
class Child {
  public:
    /// `ended` is called once; it may destroy the Child.
    Child(loop::Loop& loop, Launched launched, std::function<void(ExitStatus)> ended);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool alive() const { return static_cast<bool>(pidfd_); }
    void signal(int number) const;

  private:
    void reap();

    pid_t pid_;
    core::UniqueFd pidfd_;
    std::function<void(ExitStatus)> ended_;
    std::unique_ptr<loop::FdWatch> watch_;
};

/// Time a process was started, in clock ticks since boot (field 22 of /proc/PID/stat); with the pid
/// it names one process for ever. Nothing if there is no such process.
[[nodiscard]] std::optional<unsigned long long> start_time_of(pid_t pid);

}  // namespace holdfast::supervisor
