#include "supervisor/script_reaper.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace holdfast::supervisor {
namespace {

constexpr int kReports = 3;
/// The list of children may lack one while it changes: it is looked at again.
constexpr timespec kLookAgain{.tv_sec = 0, .tv_nsec = 50'000'000};

void tell(ReaperReport::What what, int value) {
    const ReaperReport report{what, value};
    [[maybe_unused]] const ssize_t told = ::write(kReports, &report, sizeof report);
}

/// Standard descriptors on /dev/null, the pipe, and nothing else.
bool arrange_descriptors(int reports) {
    if (reports != kReports && ::dup3(reports, kReports, O_CLOEXEC) < 0) return false;
    // First this: the table may be full.
    if (::syscall(SYS_close_range, kReports + 1, ~0U, 0) != 0) return false;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return false;
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; ++standard) {
        if (::dup2(null, standard) < 0) return false;
    }
    ::close(null);
    return true;
}

void reset_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool become(const ScriptUser& user) {
    if (::geteuid() != 0) return user.uid == ::geteuid();  // tests without root run as themselves
    const bool changed_groups = user.groups.empty()
                                    ? ::setgroups(1, &user.gid) == 0
                                    : ::setgroups(user.groups.size(), user.groups.data()) == 0;
    // A container without SETUID can still run root's scripts as root.
    if (user.uid == ::geteuid() && user.gid == ::getegid()) return true;
    return changed_groups && ::setresgid(user.gid, user.gid, user.gid) == 0 &&
           ::setresuid(user.uid, user.uid, user.uid) == 0;
}

[[noreturn]] void run_script(const ScriptStart& start, pid_t reaper) {
    ::setsid();
    reset_signals();
    ::umask(start.umask);
    if (become(start.user)) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a change of the user forgets it
        if (::getppid() != reaper) ::_exit(0);
        ::execve(start.file, start.argv.data(), start.environment.data());
        if (errno == ENOEXEC) {
            ::execve("/bin/sh", start.shell_argv.data(), start.environment.data());
        }
    }
    tell(ReaperReport::What::not_run, errno);
    ::_exit(127);
}

/// To each child of this process, which alone reaps them, so that none of the numbers can be
/// another's; but not to those of `group`, which have had it.
void signal_children(int number, pid_t group) {
    const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (list < 0) return;
    std::array<char, 4096> octets{};
    pid_t child = 0;
    for (ssize_t length = 0; (length = ::read(list, octets.data(), octets.size())) > 0;) {
        for (ssize_t at = 0; at < length; ++at) {
            const char letter = octets[static_cast<std::size_t>(at)];
            if (letter >= '0' && letter <= '9') {
                child = child * 10 + (letter - '0');
            } else if (child > 0) {
                if (::getpgid(child) != group) ::kill(child, number);
                child = 0;
            }
        }
    }
    ::close(list);
}

class Reaper {
  public:
    Reaper(pid_t script, pid_t supervisor) : script_(script), supervisor_(supervisor) {}
    [[noreturn]] void run();

  private:
    void collect();
    void script_ended(const siginfo_t& how);
    void signal_script(int number) const;
    void wait_for_word();

    pid_t script_;  // 0: it has ended
    pid_t supervisor_;
    bool ending_ = false;
    bool killing_ = false;
    bool alone_ = false;
};

void Reaper::run() {
    while (true) {
        collect();
        if (script_ == 0 && !ending_) ::_exit(0);
        killing_ = killing_ || script_ == 0;
        if (alone_) ::_exit(0);
        if (killing_) {
            signal_script(SIGKILL);
            signal_children(SIGKILL, script_);
        }
        wait_for_word();
    }
}

/// Whoever has ended, the script last of all that is known of it: as long as it is not collected
/// its group is no other's.
void Reaper::collect() {
    while (true) {
        siginfo_t info{};
        const int found = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
        alone_ = found != 0 && errno == ECHILD;
        if (found != 0 || info.si_pid == 0) return;
        if (info.si_pid == script_) script_ended(info);
        ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED);
    }
}

void Reaper::script_ended(const siginfo_t& how) {
    const bool exited = how.si_code == CLD_EXITED;
    tell(exited ? ReaperReport::What::exited : ReaperReport::What::signalled, how.si_status);
    if (ending_) signal_script(SIGKILL);
    script_ = 0;
}

void Reaper::signal_script(int number) const {
    if (script_ == 0) return;
    // Until its setsid the group does not exist; then the process itself is meant.
    if (::kill(-script_, number) != 0) ::kill(script_, number);
}

void Reaper::wait_for_word() {
    sigset_t all;
    sigfillset(&all);
    siginfo_t info{};
    const int number =
        killing_ ? ::sigtimedwait(&all, &info, &kLookAgain) : ::sigwaitinfo(&all, &info);
    if (number == kKillScript && info.si_pid == supervisor_) ending_ = killing_ = true;
    if (number != kEndScript) return;
    ending_ = true;
    signal_script(SIGTERM);
    signal_children(SIGTERM, script_);
    if (::getppid() != supervisor_ && !killing_) ::_exit(0);
}

}  // namespace

void reap_script(const ScriptStart& start, int reports, pid_t supervisor) {
    ::setsid();
    ::prctl(PR_SET_NAME, "holdfast-script");
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != supervisor) ::_exit(0);
    pid_t script = -1;
    const pid_t reaper = ::getpid();
    if (arrange_descriptors(reports)) script = ::fork();
    if (script == 0) run_script(start, reaper);
    if (script < 0) {
        tell(ReaperReport::What::not_run, errno);
        ::_exit(127);
    }
    tell(ReaperReport::What::started, script);
    Reaper(script, supervisor).run();
}

}  // namespace holdfast::supervisor
