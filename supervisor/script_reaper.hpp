#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <vector>

#include "supervisor/script_user.hpp"

namespace holdfast::supervisor {

/// What a script is started with; made before the fork, since the child should not allocate.
struct ScriptStart {
    const char* file;  // what is executed; argv[0] may be another name of it
    std::vector<char*> argv;
    std::vector<char*> shell_argv;  // for a file that the kernel does not know as executable
    std::vector<char*> environment;
    ScriptUser user;
    mode_t umask;
};

/// What a reaper tells through its pipe, one after the other; none is ever torn.
struct ReaperReport {
    enum class What : std::int32_t {
        started,   // pid
        not_run,   // errno
        exited,    // exit status
        signalled  // signal number
    };
    What what;
    std::int32_t value;
};

/// To a reaper: TERM to the script and what belongs to it; whatever is left when the script has
/// ended is killed.
constexpr int kEndScript = SIGTERM;
/// To a reaper: KILL to all of it, at once. Heard only from the supervisor.
constexpr int kKillScript = SIGUSR1;

/// The life of a process between the supervisor and one script, forked by `supervisor` while it
/// held its signals. Whatever the script leaves behind becomes a child of this process, in whatever
/// session it is, so that nothing escapes when the script is ended. When a script ends by itself,
/// this process ends as well and what was left in the background goes on. A supervisor that is gone
/// ends the script.
[[noreturn]] void reap_script(const ScriptStart& start, int reports, pid_t supervisor);

}  // namespace holdfast::supervisor
