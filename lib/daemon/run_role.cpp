#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "lib/daemon/runtime.hpp"

namespace holdfast::daemon {

namespace {

/// Only the supervisor's channel counts; signals to a process group must not.
void ignore_signals() {
    for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE}) {
        ::signal(signal, SIG_IGN);
    }
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) ::signal(signal, SIG_IGN);
}

void hide_from_others() {
#ifndef HOLDFAST_SANITIZED  // the leak checker traces its own process
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/// A role that waits for its own pages is late. Only where the limit is not finite: with one,
/// malloc would fail later.
void lock_memory() {
#ifndef HOLDFAST_SANITIZED
    rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) {
        ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
    }
#endif
}

bool is_channel(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_SEQPACKET;
}

/// The descriptor, or an empty owner where the supervisor left none.
core::UniqueFd take(int descriptor) {
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) return core::UniqueFd();
    return core::UniqueFd(descriptor);
}

Place fixed_place() {
    Place place{.channel = take(kChannel), .state_file = take(kStateFile), .log = take(kLog)};
    // kLock is held by being open, until this process ends.
    ::fcntl(kLock, F_SETFD, FD_CLOEXEC);
    ::fcntl(kEmptyFolder, F_SETFD, FD_CLOEXEC);
    place.set_process_name = [](const std::string& name) {
        ::prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);
    };
    place.enter_sandbox = [](const sandbox::Profile& profile) {
        const core::UniqueFd empty_folder = take(kEmptyFolder);
        return sandbox::enter(profile, empty_folder.get());
    };
    return place;
}

}  // namespace

int run_role(messages::v1::Role which, MakeRole make) {
    if (!is_channel(kChannel)) {
        std::fputs("This program is a part of Holdfast; only its supervisor starts it.\n", stderr);
        return kFailed;
    }
    hide_from_others();
    ignore_signals();
    lock_memory();
    loop::Loop loop;
    Runtime runtime(loop, which, fixed_place(), std::move(make));
    runtime.start();
    loop.run();
    return runtime.exit_status();
}

}  // namespace holdfast::daemon
