#include "supervisor/daemonize.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>

#include "lib/core/result.hpp"

namespace holdfast::supervisor {
namespace {

void let_go(std::initializer_list<int> descriptors) {
    const core::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return;
    for (const int descriptor : descriptors) ::dup2(null.get(), descriptor);
}

[[noreturn]] void wait_and_exit(int pipe, pid_t child) {
    unsigned char status = 1;
    ssize_t got = 0;
    do {
        got = ::read(pipe, &status, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1) ::_exit(status);
    int how = 0;
    ::waitpid(child, &how, 0);
    ::_exit(WIFEXITED(how) ? WEXITSTATUS(how) : 1);
}

}  // namespace

Background Background::enter(bool keep_error) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        core::broken_invariant(core::Error::last("pipe").text());
    }
    core::UniqueFd reading(ends[0]);
    Background background;
    background.keep_error_ = keep_error;
    background.waiting_ = core::UniqueFd(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) core::broken_invariant(core::Error::last("fork").text());
    if (child > 0) {
        background.waiting_.reset();
        wait_and_exit(reading.get(), child);
    }
    ::setsid();
    // No file system shall be busy because we were started in it.
    if (::chdir("/") != 0) core::broken_invariant(core::Error::last("/").text());
    let_go({STDIN_FILENO, STDOUT_FILENO});
    return background;
}

void Background::report(int status) {
    if (!waiting_) return;
    if (!keep_error_) let_go({STDERR_FILENO});
    const auto byte = static_cast<unsigned char>(status);
    [[maybe_unused]] const ssize_t written = ::write(waiting_.get(), &byte, 1);
    waiting_.reset();
}

}  // namespace holdfast::supervisor
