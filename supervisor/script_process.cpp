#include "supervisor/script_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "supervisor/starvation.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr core::Interval kTimeToEnd = 2s;  // between TERM and KILL
constexpr mode_t kScriptUmask = 022;
/// Who waited for a processor for more than a quarter of the time was starved.
constexpr int kStarvedShare = 4;

/// Variables that never reach a script: loader and shell traps, and what is ours alone.
constexpr std::array<std::string_view, 7> kWithheld{
    "IFS=",           "LD_PRELOAD=",   "LD_LIBRARY_PATH=", "NOTIFY_SOCKET=",
    "WATCHDOG_USEC=", "WATCHDOG_PID=", "HOLDFAST_SANDBOX="};

std::vector<char*> script_environment() {
    std::vector<char*> kept;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        const auto is_prefix = [&](std::string_view name) { return text.starts_with(name); };
        if (std::ranges::none_of(kWithheld, is_prefix)) kept.push_back(*variable);
    }
    kept.push_back(nullptr);
    return kept;
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(const_cast<char*>(
            word.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast): execve's type
    pointers.push_back(nullptr);
    return pointers;
}

void reset_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Standard descriptors on /dev/null; everything else but `keep` closed.
bool arrange_descriptors(int keep) {
    const int null = ::open("/dev/null", O_RDWR);
    if (null < 0) return false;
    for (int standard = 0; standard <= 2; ++standard) {
        if (::dup2(null, standard) < 0) return false;
    }
    constexpr int kErrors = 3;
    if (keep != kErrors && ::dup3(keep, kErrors, O_CLOEXEC) < 0) return false;
    return ::syscall(SYS_close_range, kErrors + 1, ~0U, 0) == 0;
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

/// What is prepared before the fork, since the child should not allocate.
struct Prepared {
    const char* file;
    std::vector<char*> argv;
    std::vector<char*> shell_argv;
    std::vector<char*> environment;
    ScriptUser user;
    int errors;
    pid_t parent;
};

[[noreturn]] void run_child(const Prepared& prepared) {
    constexpr int kErrors = 3;
    ::setsid();
    reset_signals();
    ::umask(kScriptUmask);
    if (arrange_descriptors(prepared.errors) && become(prepared.user)) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != prepared.parent) ::_exit(0);
        ::execve(prepared.file, prepared.argv.data(), prepared.environment.data());
        if (errno == ENOEXEC) {
            ::execve("/bin/sh", prepared.shell_argv.data(), prepared.environment.data());
        }
    }
    const int failure = errno;
    [[maybe_unused]] const ssize_t told = ::write(kErrors, &failure, sizeof failure);
    ::_exit(127);
}

}  // namespace

std::string ScriptResult::text() const {
    switch (kind) {
        case Kind::exited:
            return fmt::format("exit status {}", code);
        case Kind::signalled:
            return fmt::format("killed by signal {} ({})", code, ::strsignal(code));
        case Kind::timed_out:
            return fmt::format("timed out after {} ms", duration.count() / 1000);
        case Kind::starved:
            return fmt::format("had no processor for {} ms", duration.count() / 1000);
        case Kind::not_run:
            return fmt::format("not run: {}", std::strerror(code));
    }
    return "unknown";
}

ScriptProcess::ScriptProcess(loop::Loop& loop, const ScriptCommand& command,
                             std::optional<core::Interval> timeout,
                             std::function<void(const ScriptResult&)> ended)
    : loop_(loop),
      ended_(std::move(ended)),
      started_(loop.now()),
      own_wait_(own_wait()),
      timeout_(loop, [this] { time_is_over(); }),
      kill_(loop, [this] { signal_group(SIGKILL); }) {
    start(command);
    if (pid_ > 0 && timeout) timeout_.after(*timeout);
}

ScriptProcess::~ScriptProcess() {
    *alive_ = false;
    watch_.reset();
    if (pid_ <= 0) return;
    signal_group(SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
}

void ScriptProcess::start(const ScriptCommand& command) {
    const auto fail = [this](int code) {
        loop_.defer([this, code, alive = alive_] {
            if (*alive) report({ScriptResult::Kind::not_run, code, {}});
        });
    };
    std::array<int, 2> errors{};
    if (command.argv.empty()) return fail(ENOENT);
    if (::pipe2(errors.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(errno);
    exec_errors_.reset(errors[0]);
    const core::UniqueFd write_end(errors[1]);
    std::vector<std::string> shell_words = command.argv;
    shell_words[0] = command.file();
    shell_words.insert(shell_words.begin(), "/bin/sh");
    const Prepared prepared{command.file().c_str(),
                            pointers_to(command.argv),
                            pointers_to(shell_words),
                            script_environment(),
                            command.user,
                            write_end.get(),
                            ::getpid()};
    pid_ = ::fork();
    if (pid_ < 0) return fail(errno);
    if (pid_ == 0) run_child(prepared);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!pidfd_) {
        signal_group(SIGKILL);
        return fail(errno);
    }
    watch_ = std::make_unique<loop::FdWatch>(loop_, pidfd_.get(), [this] { finish(); });
}

void ScriptProcess::finish() {
    siginfo_t info{};
    const auto id = static_cast<id_t>(pid_);
    if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    watch_.reset();
    // What a script that was ended leaves behind ends with it; what one that ended by itself has
    // put into the background goes on. Before the pid is free for somebody else.
    if (ending_) signal_group(SIGKILL);
    ::waitid(P_PID, id, &info, WEXITED);
    pid_ = -1;
    ScriptResult result;
    result.duration = running_for();
    int exec_error = 0;
    if (timed_out_) {
        result.kind = starved_ ? ScriptResult::Kind::starved : ScriptResult::Kind::timed_out;
    } else if (::read(exec_errors_.get(), &exec_error, sizeof exec_error) == sizeof exec_error) {
        result.kind = ScriptResult::Kind::not_run;
        result.code = exec_error;
    } else if (info.si_code == CLD_EXITED) {
        result.code = info.si_status;
    } else {
        result.kind = ScriptResult::Kind::signalled;
        result.code = info.si_status;
    }
    report(result);
}

void ScriptProcess::report(ScriptResult result) {
    timeout_.cancel();
    kill_.cancel();
    const auto ended = std::move(ended_);
    ended(result);  // may destroy this
}

void ScriptProcess::stop() {
    if (pid_ <= 0 || kill_.pending()) return;
    ending_ = true;
    signal_group(SIGTERM);
    kill_.after(kTimeToEnd);
}

bool ScriptProcess::was_starved() const {
    const core::Interval elapsed = running_for();
    const core::Interval late = loop_.now() - timeout_.deadline();
    const core::Interval waited = std::max(own_wait() - own_wait_, wait_of_group(pid_));
    return std::max(late, waited) * kStarvedShare > elapsed;
}

void ScriptProcess::time_is_over() {
    timed_out_ = true;
    starved_ = was_starved();
    stop();
}

void ScriptProcess::signal_group(int number) const {
    if (pid_ <= 0) return;
    // Until the child's setsid the group does not exist; then the process itself is meant.
    if (::kill(-pid_, number) != 0) ::kill(pid_, number);
}

core::Interval ScriptProcess::running_for() const {
    return loop_.now() - started_;
}

}  // namespace holdfast::supervisor
