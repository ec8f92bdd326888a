#include "supervisor/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "lib/core/text.hpp"
#include "lib/daemon/role.hpp"
#include "supervisor/signals_held.hpp"

namespace holdfast::supervisor {
namespace {

// What the child tells before its exec, one line each: what was refused, in words; last, if the
// exec fails, this mark and an errno. The pipe closes with the exec.
constexpr char kExecFailed = '!';

constexpr int kProgramAt = daemon::kFirstFree;     // 8, close-on-exec
constexpr int kReportAt = daemon::kFirstFree + 1;  // 9, close-on-exec
constexpr int kOutOfTheWay = 64;

void report(int pipe, const std::string& line) {
    [[maybe_unused]] const ssize_t written = ::write(pipe, (line + "\n").data(), line.size() + 1);
}

[[noreturn]] void give_up(int pipe, int error) {
    report(pipe, fmt::format("{}{}", kExecFailed, error));
    ::_exit(127);
}

/// Moves every wanted descriptor out of the way first, then each to its number.
bool place_descriptors(const LaunchPlan& plan, int pipe) {
    struct Place {
        int from;
        int to;
        bool closes_at_exec;
    };
    std::array<Place, 7> places = {{{plan.channel, daemon::kChannel, false},
                                    {plan.lock, daemon::kLock, false},
                                    {plan.state, daemon::kStateFile, false},
                                    {plan.log, daemon::kLog, false},
                                    {plan.empty_folder, daemon::kEmptyFolder, false},
                                    {plan.program, kProgramAt, true},
                                    {pipe, kReportAt, true}}};
    for (Place& place : places) {
        if (place.from < 0) continue;
        place.from = ::fcntl(place.from, F_DUPFD_CLOEXEC, kOutOfTheWay);
        if (place.from < 0) return false;
    }
    for (const Place& place : places) {
        if (place.from < 0) {
            ::close(place.to);
        } else if (::dup3(place.from, place.to, place.closes_at_exec ? O_CLOEXEC : 0) < 0) {
            return false;
        }
    }
    ::syscall(SYS_close_range, kReportAt + 1, ~0U, 0);
    return true;
}

void silence_standard_descriptors(bool keep_error) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return;
    ::dup2(null, STDIN_FILENO);
    if (!keep_error) {
        ::dup2(null, STDOUT_FILENO);
        ::dup2(null, STDERR_FILENO);
    }
}

/// Daemons ignore what people send to every process that looks like keepalived; only the channel
/// counts. Ignored before the exec, so there is no moment in which USR1 kills.
void set_signals() {
    for (int number = 1; number <= SIGRTMAX; ++number) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        ::signal(number, SIG_DFL);
    }
    for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE}) {
        ::signal(number, SIG_IGN);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::signal(number, SIG_IGN);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

[[noreturn]] void become(const LaunchPlan& plan, int pipe, char* const* argv, char* const* envp) {
    ::setsid();
    set_signals();
    silence_standard_descriptors(plan.keep_standard_error);
    if (!place_descriptors(plan, pipe)) give_up(pipe, errno);
    ::umask(077);
    for (const std::string& refused : apply(plan.scheduling, 0)) report(kReportAt, refused);
    // What this could not give is seen, and told, by the role itself when it closes its sandbox.
    if (plan.descent) static_cast<void>(sandbox::descend(*plan.descent));
    ::syscall(SYS_execveat, kProgramAt, "", argv, envp, AT_EMPTY_PATH);
    give_up(kReportAt, errno);
}

core::UniqueFd open_pidfd(pid_t pid) {
    return core::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::string read_all(int pipe) {
    std::string text;
    std::array<char, 1024> buffer{};
    while (true) {
        const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

/// Reads until the exec closes the pipe.
core::Status read_report(int pipe, std::vector<std::string>& missing) {
    const std::string text = read_all(pipe);
    for (const std::string_view line : core::split(text, '\n')) {
        if (line.empty()) continue;
        if (line.front() == kExecFailed) {
            return core::Error::from_errno(core::parse_number<int>(line.substr(1)).value_or(0),
                                           "exec");
        }
        missing.emplace_back(line);
    }
    return core::Done{};
}

}  // namespace

core::Result<Launched> launch(const LaunchPlan& plan) {
    std::vector<std::string> words = {plan.name};
    words.insert(words.end(), plan.arguments.begin(), plan.arguments.end());
    std::vector<std::string> variables = plan.environment;
    const std::vector<char*> argv = pointers_to(words);
    const std::vector<char*> envp = pointers_to(variables);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return core::Error::last("pipe");
    core::UniqueFd reading(ends[0]);
    core::UniqueFd writing(ends[1]);

    Launched launched;
    {
        const SignalsHeld held;
        launched.pid = ::fork();
        // The supervisor has one thread, so the child may allocate.
        if (launched.pid == 0) become(plan, writing.get(), argv.data(), envp.data());
    }
    if (launched.pid < 0) return core::Error::last("fork");
    writing.reset();
    launched.pidfd = open_pidfd(launched.pid);
    core::Status started = read_report(reading.get(), launched.missing);
    if (started.ok() && !launched.pidfd) started = core::Error::last("pidfd_open");
    if (!started) {
        ::kill(launched.pid, SIGKILL);
        ::waitpid(launched.pid, nullptr, 0);
        return started.error().within("start " + plan.name);
    }
    return launched;
}

std::string ExitStatus::text() const {
    if (!by_signal) return fmt::format("exit status {}", number);
    const char* name = ::sigabbrev_np(number);
    return fmt::format("signal {} (SIG{})", number, name != nullptr ? name : "?");
}

Child::Child(loop::Loop& loop, Launched launched, std::function<void(ExitStatus)> ended)
    : pid_(launched.pid), pidfd_(std::move(launched.pidfd)), ended_(std::move(ended)) {
    watch_ = std::make_unique<loop::FdWatch>(loop, pidfd_.get(), [this] { reap(); });
}

Child::~Child() {
    watch_.reset();
    if (!alive()) return;
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
    if (alive()) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

void Child::reap() {
    int status = 0;
    const pid_t got = ::waitpid(pid_, &status, WNOHANG);
    if (got == 0) return;
    watch_.reset();
    pidfd_.reset();
    const bool by_signal = got == pid_ && WIFSIGNALED(status);
    const ExitStatus how{by_signal, by_signal ? WTERMSIG(status) : WEXITSTATUS(status)};
    const auto ended = std::move(ended_);
    ended(how);  // may destroy this
}

std::optional<unsigned long long> start_time_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    // The name in parentheses may hold anything: fields are counted after the last one.
    const std::size_t end_of_name = line.rfind(')');
    if (end_of_name == std::string::npos) return std::nullopt;
    unsigned long long value = 0;
    char state = 0;
    const std::string rest = line.substr(end_of_name + 1);
    if (std::sscanf(rest.c_str(),
                    " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
                    "%llu",
                    &state, &value) != 2) {
        return std::nullopt;
    }
    if (state == 'Z') return std::nullopt;
    return value;
}

}  // namespace holdfast::supervisor
