#include "checkerd/tcp.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "loopback_server.hpp"

namespace holdfast::checkerd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The network is real, the clock is not: time passes only where a test says so.
class Tcp : public testing::Test {
  protected:
    void start(const Target& target) {
        check = std::make_unique<TcpCheck>(loop, target, [this](const Answer& said) {
            ++answers;
            answer = said;
            check.reset();
        });
    }
    Answer run(const Target& target) {
        start(target);
        EXPECT_EQ(answers, 0U) << "answered before the constructor returned";
        loop.run_until([this] { return answers > 0; });
        loop.settle();
        EXPECT_EQ(answers, 1U);
        return answer;
    }

    loop::Loop loop{loop::Loop::VirtualTime{}};
    std::unique_ptr<Check> check;
    unsigned answers = 0;
    Answer answer;
};

TEST_F(Tcp, SucceedsWhenTheConnectionComesAbout) {
    LoopbackServer server(loop, {});
    EXPECT_EQ(run({.to = server.endpoint()}).outcome, Outcome::success);
    loop.run_until([&] { return server.client_left(); });
}

TEST_F(Tcp, FailsWhenThePortRefuses) {
    const RefusingPort port;
    const Answer said = run({.to = port.endpoint});
    EXPECT_EQ(said.outcome, Outcome::failure);
    EXPECT_EQ(said.text, "connect to " + port.endpoint.text() + ": Connection refused");
}

TEST_F(Tcp, FailsWhenNobodyAnswersInTime) {
    const core::UniqueFd listener = bound_socket();
    ASSERT_EQ(listen(listener.get(), 0), 0);
    const Target target{.to = local_endpoint(listener.get()),
                        .connect_timeout = milliseconds(2500)};
    // A queue of length 0 takes one connection; the kernel then drops what else comes.
    sockaddr_storage address{};
    const socklen_t size = target.to.address.to_sockaddr(target.to.port, address);
    std::vector<core::UniqueFd> clients;
    for (unsigned fillers = 0; fillers < 4; ++fillers) {
        clients.push_back(bound_socket());
        connect(clients.back().get(), reinterpret_cast<sockaddr*>(&address), size);
    }
    pollfd first{.fd = clients.front().get(), .events = POLLOUT};
    ASSERT_EQ(poll(&first, 1, -1), 1);
    start(target);
    loop.settle();
    EXPECT_EQ(answers, 0U);
    loop.advance(milliseconds(2499));
    EXPECT_EQ(answers, 0U);
    loop.advance(milliseconds(1));
    ASSERT_EQ(answers, 1U);
    EXPECT_EQ(answer.outcome, Outcome::failure);
    EXPECT_EQ(answer.text, "connect to " + target.to.text() + ": no answer within 2500ms");
}

TEST_F(Tcp, ConnectsFromTheGivenAddress) {
    LoopbackServer server(loop, {});
    const Target target{.to = server.endpoint(),
                        .bind_address = core::Address::from_text("127.0.0.2")};
    EXPECT_EQ(run(target).outcome, Outcome::success);
    EXPECT_EQ(server.client_address(), "127.0.0.2");
}

TEST_F(Tcp, ConnectsFromTheSamePortAgainAndAgain) {
    LoopbackServer server(loop, {});
    std::uint16_t free_port = local_endpoint(bound_socket().get()).port;
    for (unsigned times = 1; times <= 3; ++times) {
        answers = 0;
        const Answer said = run({.to = server.endpoint(), .bind_port = free_port});
        EXPECT_EQ(said.outcome, Outcome::success) << said.text;
        loop.run_until([&] { return server.clients() == times && server.client_left(); });
    }
}

TEST_F(Tcp, CannotTestWithoutARoute) {
    // A connection to a group never has a route, whatever this host's table says.
    const Answer said = run({.to = {*core::Address::from_text("224.0.0.1"), 80}});
    EXPECT_EQ(said.outcome, Outcome::cannot_test);
    EXPECT_EQ(said.text, "connect to 224.0.0.1:80: Network is unreachable");
}

TEST_F(Tcp, CannotTestWithoutItsSourceAddress) {
    const RefusingPort port;
    const Answer said =
        run({.to = port.endpoint, .bind_address = core::Address::from_text("192.0.2.99")});
    EXPECT_EQ(said.outcome, Outcome::cannot_test);
    EXPECT_EQ(said.text, "bind to 192.0.2.99:0: Cannot assign requested address");
}

TEST_F(Tcp, CannotTestWithoutItsInterface) {
    const RefusingPort port;
    const Answer said = run({.to = port.endpoint, .bind_interface = "nosuchif0"});
    EXPECT_EQ(said.outcome, Outcome::cannot_test);
    EXPECT_EQ(said.text, "use interface nosuchif0: No such device");
}

TEST_F(Tcp, CannotTestWithoutDescriptors) {
#ifdef HOLDFAST_SANITIZED
    GTEST_SKIP() << "the sanitizers need descriptors of their own";
#endif
    const RefusingPort port;
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const Answer said = run({.to = port.endpoint});
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(said.outcome, Outcome::cannot_test);
    EXPECT_EQ(said.text, "open a socket: Too many open files");
}

TEST_F(Tcp, IsCancelledWhenDestroyed) {
    LoopbackServer server(loop, {});
    start({.to = server.endpoint()});
    check.reset();
    loop.settle();
    loop.advance(seconds(60));
    EXPECT_EQ(answers, 0U);
}

TEST(TcpFailure, IsTheServersUnlessThisHostIsTheCause) {
    for (const int theirs : {ECONNREFUSED, ETIMEDOUT, ECONNRESET}) {
        EXPECT_FALSE(is_local_failure(theirs)) << theirs;
    }
    for (const int ours : {ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EPERM, EACCES, EINVAL,
                           ENETDOWN, ENOBUFS, ENOMEM, EAGAIN}) {
        EXPECT_TRUE(is_local_failure(ours)) << ours;
    }
}

}  // namespace
}  // namespace holdfast::checkerd
