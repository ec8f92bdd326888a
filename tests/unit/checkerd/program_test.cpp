#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "configs.hpp"
#include "fake_ipvsd.hpp"
#include "lib/daemon/state_layout.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "loopback_server.hpp"
#include "proto/status.pb.h"
#include "running_program.hpp"

namespace holdfast::checkerd {
namespace {

/// The real program with a real supervisor's conversation, over socket pairs, in real time.
class Program : public testing::Test {
  protected:
    Program() {
        const auto size = static_cast<off_t>(state::file_size(16, daemon::kCheckerdRecord));
        if (posix_fallocate(state.get(), 0, size) != 0) core::broken_invariant("no memory");
    }
    /// Check 3 connects to `refusing`, check 4 gets "hello" from `web` and knows its digest.
    [[nodiscard]] config::v1::Config config(const core::Endpoint& tcp, const core::Endpoint& http,
                                            const std::string& more = "") const {
        return config_from(fmt::format(
            R"(virtual_servers {{ id: 1 name: "vs" servers {{ id: 10 name: "rs"
               checks {{ id: 3 delay_loop_us: 20000 retry: 0 warmup_us: 0 tcp {{}}
                 target {{ connect_address: "\177\000\000\001" connect_port: {} }} {} }}
               checks {{ id: 4 delay_loop_us: 20000 retry: 0 warmup_us: 0
                 target {{ connect_address: "\177\000\000\001" connect_port: {} }}
                 http {{ urls {{ path: "/" digest: "{}" }} }} }} }} }})",
            tcp.port, more, http.port,
            R"(\x5d\x41\x40\x2a\xbc\x4b\x2a\x76\xb9\x71\x9d\x91\x10\x17\xc5\x92)"));
    }
    messages::v1::CheckStatus checks(RunningProgram& program) const {
        messages::v1::CheckStatus status;
        status.ParseFromString(program.status(messages::v1::STATUS_CHECKS).payload());
        return status;
    }

    loop::Loop loop;
    core::UniqueFd state = ipc::make_memory("state").value();
    FakeIpvsd ipvsd{loop};
    RefusingPort refusing;
    LoopbackServer web{loop, {.asked = [](LoopbackServer& server) {
                           server.send("HTTP/1.0 200 OK\r\n\r\nhello");
                           server.close();
                       }}};
};

TEST_F(Program, JudgesRealServersFromWithinItsSandbox) {
    RunningProgram program(loop, state.get());
    program.bring_up(messages::v1::START_COLD, config(refusing.endpoint, web.endpoint()));
    EXPECT_EQ(web.clients(), 0U) << "probed before Activate";
    program.connect_ipvsd(ipvsd.connect());
    program.activate();
    EXPECT_EQ(ipvsd.heard(5),
              (std::vector<std::string>{"begin 1", "check 3 server 10 up epoch 1",
                                        "check 4 server 10 up epoch 1", "end 1 count 2",
                                        "check 3 server 10 down epoch 2: connect to " +
                                            refusing.endpoint.text() + ": Connection refused"}));
    loop.run_until([this] { return web.clients() >= 3; });
    const auto status = checks(program);
    ASSERT_EQ(status.checks_size(), 2);
    EXPECT_FALSE(status.checks(0).up());
    EXPECT_TRUE(status.checks(1).up()) << status.checks(1).last_error();
    EXPECT_GE(status.checks(1).runs(), 2U);
    EXPECT_EQ(status.checks(1).failures(), 0U);
    EXPECT_NE(program.log().find("CHECK_STATE TCP_CHECK rs of vs up->down: connect to "),
              std::string::npos)
        << program.log();
#ifndef HOLDFAST_SANITIZED
    EXPECT_EQ(program.proc_status("CapEff"), "0000000000000000");
    EXPECT_EQ(program.proc_status("CapPrm"), "0000000000000000");
    EXPECT_EQ(program.proc_status("NoNewPrivs"), "1");
    EXPECT_EQ(program.proc_status("Seccomp"), "2");
#endif
    const int ended = program.shut_down();
    EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0) << ended << program.log();
}

TEST_F(Program, KeepsItsVerdictsWhenItIsKilled) {
    auto first = std::make_unique<RunningProgram>(loop, state.get());
    first->bring_up(messages::v1::START_COLD, config(refusing.endpoint, web.endpoint()));
    first->connect_ipvsd(ipvsd.connect());
    first->activate();
    const std::string reason = ": connect to " + refusing.endpoint.text() + ": Connection refused";
    EXPECT_EQ(ipvsd.heard(5).back(), "check 3 server 10 down epoch 2" + reason);
    loop.run_until([this] { return web.clients() >= 3; });
    const auto before = checks(*first);
    first->kill();

    RunningProgram second(loop, state.get());
    second.bring_up(messages::v1::START_RESTART, config(refusing.endpoint, web.endpoint()));
    second.connect_ipvsd(ipvsd.connect());
    second.activate();
    EXPECT_EQ(ipvsd.heard(4),
              (std::vector<std::string>{"begin 1", "check 3 server 10 down epoch 1" + reason,
                                        "check 4 server 10 up epoch 1", "end 1 count 2"}));
    const auto after = checks(second);
    EXPECT_GE(after.checks(0).runs(), before.checks(0).runs());
    EXPECT_EQ(after.checks(0).since_timestamp_seconds(),
              before.checks(0).since_timestamp_seconds());
}

TEST_F(Program, ReloadsAndRefusesAsATransaction) {
    RunningProgram program(loop, state.get());
    program.bring_up(messages::v1::START_COLD, config(refusing.endpoint, web.endpoint()));
    program.connect_ipvsd(ipvsd.connect());
    program.activate();
    (void)ipvsd.heard(5);
    EXPECT_FALSE(
        program.offer(2, config_from(R"(virtual_servers { servers { checks { tcp {} } } })")));
    ASSERT_TRUE(program.offer(3, config(web.endpoint(), web.endpoint(), "log_all_failures: true")));
    program.commit(3);
    const std::vector<std::string> heard = ipvsd.heard(3);
    EXPECT_TRUE(heard.at(0).starts_with("check 3 server 10 down epoch 3")) << heard.at(0);
    EXPECT_EQ(heard.at(1), "committed 3");
    EXPECT_EQ(heard.at(2), "check 3 server 10 up epoch 4");
}

}  // namespace
}  // namespace holdfast::checkerd
