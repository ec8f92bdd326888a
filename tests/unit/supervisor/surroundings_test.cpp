#include "supervisor/surroundings.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace holdfast::supervisor {
namespace {

int status_of(pid_t child) {
    int how = 0;
    ::waitpid(child, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

TEST(Inheritance, IsWhatAProcessExpects) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(STDIN_FILENO);
        ::close(STDERR_FILENO);
        ::signal(SIGCHLD, SIG_IGN);
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        normalise_inheritance();
        sigset_t blocked;
        ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
        const pid_t own = ::fork();
        if (own == 0) ::_exit(5);
        const bool good = ::fcntl(STDIN_FILENO, F_GETFD) >= 0 &&
                          ::fcntl(STDERR_FILENO, F_GETFD) >= 0 &&
                          ::sigismember(&blocked, SIGTERM) == 0 && status_of(own) == 5;
        ::_exit(good ? 0 : 1);
    }
    EXPECT_EQ(status_of(child), 0);
}

/// In the child of process 1: leaves an orphan behind and waits until it is really gone.
[[noreturn]] void leave_an_orphan() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) ::_exit(3);
    if (::fork() == 0) {
        const pid_t orphan = ::fork();
        if (orphan == 0) ::_exit(0);
        [[maybe_unused]] const ssize_t told = ::write(ends[1], &orphan, sizeof orphan);
        ::_exit(0);
    }
    pid_t orphan = 0;
    if (::read(ends[0], &orphan, sizeof orphan) != sizeof orphan) ::_exit(4);
    constexpr int kTries = 30000;  // of a millisecond, for a machine that is busy
    for (int tried = 0; tried < kTries && ::kill(orphan, 0) == 0; ++tried) ::usleep(1000);
    ::_exit(::getpid() != 1 && ::kill(orphan, 0) != 0 ? 7 : 8);
}

pid_t fork_into_own_pid_namespace() {
    return static_cast<pid_t>(
        ::syscall(SYS_clone, SIGCHLD | CLONE_NEWPID, nullptr, nullptr, nullptr, nullptr));
}

TEST(FirstProcess, ReapsOrphansAndEndsWithTheStatusOfItsChild) {
    const pid_t first = fork_into_own_pid_namespace();
    if (first < 0) GTEST_SKIP() << "needs the right to make a process namespace";
    if (first == 0) {
        leave_first_process();
        leave_an_orphan();
    }
    EXPECT_EQ(status_of(first), 7);
}

TEST(FirstProcess, PassesSignalsOn) {
    const pid_t first = fork_into_own_pid_namespace();
    if (first < 0) GTEST_SKIP() << "needs the right to make a process namespace";
    if (first == 0) {
        leave_first_process();
        while (true) ::pause();
    }
    // Before it has forked, a signal may meet process 1 itself, which ignores it.
    int how = 0;
    while (::waitpid(first, &how, WNOHANG) == 0) {
        ::kill(first, SIGTERM);
        ::usleep(1000);
    }
    EXPECT_TRUE(WIFEXITED(how));
    EXPECT_EQ(WEXITSTATUS(how), 128 + SIGTERM);
}

}  // namespace
}  // namespace holdfast::supervisor
