#include "supervisor/script_process.hpp"

#include <fcntl.h>
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

#include "supervisor/signals_held.hpp"
#include "supervisor/starvation.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr core::Interval kTimeToEnd = 2s;  // between TERM and KILL
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
      kill_(loop, [this] { signal_reaper(kKillScript); }) {
    start(command);
    if (reaper_ > 0 && timeout) timeout_.after(*timeout);
}

/// The reaper is nobody's child to wait for any more: init collects it, when we have ended.
ScriptProcess::~ScriptProcess() {
    *alive_ = false;
    signal_reaper(kKillScript);
}

void ScriptProcess::start(const ScriptCommand& command) {
    const auto fail = [this](int code) {
        loop_.defer([this, code, alive = alive_] {
            if (*alive) report({ScriptResult::Kind::not_run, code, {}});
        });
    };
    std::array<int, 2> ends{};
    if (command.argv.empty()) return fail(ENOENT);
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(errno);
    reports_.reset(ends[0]);
    const core::UniqueFd write_end(ends[1]);
    std::vector<std::string> shell_words = command.argv;
    shell_words[0] = command.file();
    shell_words.insert(shell_words.begin(), "/bin/sh");
    const ScriptStart start{command.file().c_str(),
                            pointers_to(command.argv),
                            pointers_to(shell_words),
                            script_environment(),
                            command.user,
                            command.umask};
    const pid_t supervisor = ::getpid();
    int failure = 0;
    {
        const SignalsHeld held;
        reaper_ = ::fork();
        failure = errno;
        if (reaper_ == 0) reap_script(start, write_end.get(), supervisor);
    }
    if (reaper_ < 0) return fail(failure);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, reaper_, 0)));
    if (!pidfd_) {
        failure = errno;
        signal_reaper(kKillScript);
        return fail(failure);
    }
    watch_ = std::make_unique<loop::FdWatch>(loop_, pidfd_.get(), [this] { finish(); });
}

void ScriptProcess::read_reports() {
    ReaperReport next{};
    while (::read(reports_.get(), &next, sizeof next) == sizeof next) {
        if (next.what == ReaperReport::What::started) {
            script_ = next.value;
        } else if (!outcome_) {
            outcome_ = next;  // after a failed exec comes its exit status
        }
    }
}

void ScriptProcess::finish() {
    siginfo_t info{};
    const auto id = static_cast<id_t>(reaper_);
    if (::waitid(P_PID, id, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    watch_.reset();
    reaper_ = -1;
    read_reports();
    ScriptResult result;
    result.duration = running_for();
    if (timed_out_) {
        result.kind = starved_ ? ScriptResult::Kind::starved : ScriptResult::Kind::timed_out;
        return report(result);
    }
    // A reaper that says nothing was itself ended by somebody.
    const ReaperReport outcome =
        outcome_.value_or(ReaperReport{ReaperReport::What::signalled, info.si_status});
    result.code = outcome.value;
    if (outcome.what == ReaperReport::What::not_run) result.kind = ScriptResult::Kind::not_run;
    if (outcome.what == ReaperReport::What::signalled) result.kind = ScriptResult::Kind::signalled;
    report(result);
}

void ScriptProcess::report(ScriptResult result) {
    timeout_.cancel();
    kill_.cancel();
    const auto ended = std::move(ended_);
    ended(result);  // may destroy this
}

void ScriptProcess::stop() {
    if (reaper_ <= 0 || kill_.pending()) return;
    signal_reaper(kEndScript);
    kill_.after(kTimeToEnd);
}

bool ScriptProcess::was_starved() {
    read_reports();
    if (script_ <= 0) return true;  // it did not even begin
    const core::Interval elapsed = running_for();
    const core::Interval late = loop_.now() - timeout_.deadline();
    const core::Interval waited = std::max(own_wait() - own_wait_, wait_of_group(script_));
    return std::max(late, waited) * kStarvedShare > elapsed;
}

void ScriptProcess::time_is_over() {
    timed_out_ = true;
    starved_ = was_starved();
    stop();
}

/// Until it is collected the number is its own.
void ScriptProcess::signal_reaper(int number) const {
    if (reaper_ > 0) ::kill(reaper_, number);
}

core::Interval ScriptProcess::running_for() const {
    return loop_.now() - started_;
}

}  // namespace holdfast::supervisor
