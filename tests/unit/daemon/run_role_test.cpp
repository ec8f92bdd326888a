// run_role as the supervisor starts it: a process with the fixed descriptors, the real sandbox.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "tests/unit/daemon/play.hpp"

namespace holdfast::daemon {
namespace {

using messages::v1::ToVrrpd;

/// vrrpd in a child of its own, with this process as its supervisor. No exec: the runtime comes
/// straight after the fork.
class StartedRole {
  public:
    StartedRole() {
        ipc::Pair pair = std::move(ipc::make_pair()).value();
        child_ = ::fork();
        if (child_ == 0) {
            become_role(pair.second.get());
            Notes notes;
            ::_exit(run_role(messages::v1::ROLE_VRRPD, [&](const Surroundings& surroundings) {
                return std::make_unique<NotingRole>(notes, surroundings);
            }));
        }
        supervisor.emplace(loop, std::move(pair.first));
    }
    ~StartedRole() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }
    StartedRole(const StartedRole&) = delete;
    StartedRole& operator=(const StartedRole&) = delete;

    [[nodiscard]] pid_t pid() const { return child_; }
    int exit_status() {
        int status = 0;
        EXPECT_EQ(::waitpid(std::exchange(child_, -1), &status, 0) > 0, true);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    /// Waits for the next message of the role.
    ToSupervisor next() {
        loop.run_until([&] { return !supervisor->heard.empty() || supervisor->lost; });
        if (supervisor->heard.empty()) return {};
        ToSupervisor message = supervisor->heard.front();
        supervisor->heard.erase(supervisor->heard.begin());
        return message;
    }

    loop::Loop loop;
    std::optional<Supervisor<ToVrrpd>> supervisor;

  private:
    static void become_role(int channel) {
        const int copy = ::fcntl(channel, F_DUPFD, 100);
        const int null = ::open("/dev/null", O_RDWR);
        const int log = ::fcntl(null, F_DUPFD, 100);
        for (const int target : {4, 5, 7}) ::close(target);
        ::dup2(copy, kChannel);
        ::dup2(log, kLog);
        ::close_range(kFirstFree, ~0U, 0);
    }

    pid_t child_ = -1;
};

TEST(RunRole, LivesThroughAWholeLifeInTheSandboxDeafToSignals) {
    StartedRole role;
    EXPECT_TRUE(role.next().has_hello());
    role.supervisor->welcome(messages::v1::ROLE_VRRPD);
    role.supervisor->offer(1);
    EXPECT_TRUE(role.next().config_ack().accepted());
    EXPECT_TRUE(role.next().has_ready());
    for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGRTMIN}) {
        ASSERT_EQ(::kill(role.pid(), signal), 0);
    }
    ToVrrpd message;
    message.mutable_activate();
    role.supervisor->say(message);
    message.mutable_ping()->set_nonce(9);
    role.supervisor->say(message);
    EXPECT_EQ(role.next().pong().nonce(), 9U);
    message.mutable_status_request()->set_topic(messages::v1::STATUS_PROCESS);
    role.supervisor->say(message);
    EXPECT_NE(role.next().status_reply().payload().find("no_new_privs"), std::string::npos);
    message.mutable_shutdown()->set_mode(messages::v1::Shutdown::RELEASE);
    role.supervisor->say(message);
    EXPECT_EQ(role.exit_status(), kEnded);
}

TEST(RunRole, EndsAsAnOrphanWhenItsSupervisorIsGone) {
    StartedRole role;
    EXPECT_TRUE(role.next().has_hello());
    role.supervisor->hang_up();
    EXPECT_EQ(role.exit_status(), kOrphaned);
}

TEST(RunRole, EndsWithAStatusOfItsOwnAfterAViolation) {
    StartedRole role;
    EXPECT_TRUE(role.next().has_hello());
    ToVrrpd message;
    message.mutable_activate();
    role.supervisor->say(message);
    EXPECT_EQ(role.exit_status(), kViolation);
}

TEST(RunRole, RefusesToRunWithoutASupervisor) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::close_range(kChannel, ~0U, 0);
        ::close(STDERR_FILENO);
        ::_exit(run_role(messages::v1::ROLE_VRRPD, nullptr));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), kFailed);
}

}  // namespace
}  // namespace holdfast::daemon
