#include "supervisor/surroundings.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::supervisor {
namespace {

void unblock_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Ends this process when `child` has ended.
void reap(pid_t child) {
    int how = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &how, WNOHANG)) > 0;) {
        if (ended == child) ::_exit(WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how));
    }
}

[[noreturn]] void serve_as_first_process(pid_t child, const sigset_t& all) {
    while (true) {
        reap(child);
        const int number = ::sigwaitinfo(&all, nullptr);
        if (number > 0 && number != SIGCHLD) ::kill(child, number);
    }
}

}  // namespace

void normalise_inheritance() {
    ::signal(SIGCHLD, SIG_DFL);
    unblock_signals();
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; ++standard) {
        // The lowest free number is the one that is missing.
        if (::fcntl(standard, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
    }
}

void leave_first_process() {
    if (::getpid() != 1) return;
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    const pid_t child = ::fork();
    if (child > 0) serve_as_first_process(child, all);
    unblock_signals();  // without a child everything works but the reaping
}

}  // namespace holdfast::supervisor
