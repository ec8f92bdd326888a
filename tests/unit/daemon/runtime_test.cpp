#include "lib/daemon/runtime.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "proto/status.pb.h"
#include "tests/unit/daemon/play.hpp"

namespace holdfast::daemon {
namespace {

using namespace std::chrono_literals;
using messages::v1::Shutdown;
using messages::v1::ToIpvsd;
using Calls = std::vector<std::string>;

class RuntimeTest : public ::testing::Test {
  protected:
    RuntimeTest() {
        ipc::Pair pair = std::move(ipc::make_pair()).value();
        supervisor.emplace(loop, std::move(pair.first));
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
        log_reader = core::UniqueFd(ends[0]);
        Place place{.channel = std::move(pair.second),
                    .state_file = core::UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)),
                    .log = core::UniqueFd(ends[1]),
                    .set_process_name = [this](const std::string& name) { process_name = name; },
                    .enter_sandbox =
                        [this](const sandbox::Profile& profile) {
                            notes.calls.emplace_back("sandbox");
                            EXPECT_EQ(profile.capabilities.size(), 1U);
                            return sandbox::Report{{"uid 60704"}, {"chroot: not here"}};
                        }};
        runtime.emplace(loop, messages::v1::ROLE_IPVSD, std::move(place),
                        [this](const Surroundings& surroundings) {
                            return std::make_unique<NotingRole>(notes, surroundings);
                        });
        runtime->start();
        loop.settle();
    }

    void welcome(std::uint32_t grace_ms = 0) {
        supervisor->welcome(messages::v1::ROLE_IPVSD, grace_ms);
        loop.settle();
    }
    void become_ready(std::uint32_t grace_ms = 0) {
        welcome(grace_ms);
        supervisor->offer(7, "first");
        loop.settle();
    }
    void become_running(std::uint32_t grace_ms = 0) {
        become_ready(grace_ms);
        say([](ToIpvsd& message) { message.mutable_activate(); });
        notes.calls.clear();
        supervisor->heard.clear();
    }
    template <class Fill>
    void say(Fill fill, std::vector<int> descriptors = {}) {
        ToIpvsd message;
        fill(message);
        supervisor->say(message, descriptors);
        loop.settle();
    }
    void offer(std::uint64_t generation) {
        supervisor->offer(generation);
        loop.settle();
    }
    void commit(std::uint64_t generation) {
        say([=](ToIpvsd& message) { message.mutable_commit()->set_generation(generation); });
    }
    void shut_down() {
        say([](ToIpvsd& message) { message.mutable_shutdown()->set_mode(Shutdown::RELEASE); });
    }
    std::string log() const {
        std::string text(1 << 16, '\0');
        const ssize_t got = ::read(log_reader.get(), text.data(), text.size());
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    void expect_violation() {
        ASSERT_EQ(runtime->exit_status(), kViolation);
        loop.run();  // returns: it was stopped
        loop.settle();
        EXPECT_TRUE(supervisor->lost);
    }

    loop::Loop loop{loop::Loop::VirtualTime{}};
    Notes notes;
    std::string process_name;
    core::UniqueFd log_reader;
    std::optional<Supervisor<ToIpvsd>> supervisor;
    std::optional<Runtime> runtime;
};

TEST_F(RuntimeTest, SaysHelloFirst) {
    ASSERT_EQ(supervisor->heard.size(), 1U);
    const auto& hello = supervisor->heard[0].hello();
    EXPECT_EQ(hello.protocol(), kProtocol);
    EXPECT_EQ(hello.role(), messages::v1::ROLE_IPVSD);
    EXPECT_EQ(hello.build(), HOLDFAST_VERSION);
}

TEST_F(RuntimeTest, WelcomeMakesTheRoleAndNamesTheProcess) {
    welcome();
    EXPECT_EQ(notes.welcome.boot_id(), std::string(16, 'b'));
    EXPECT_EQ(process_name, "noting");
}

TEST_F(RuntimeTest, TheFirstConfigurationLeadsToReadyInTheOneOrder) {
    become_ready();
    EXPECT_EQ(notes.calls, (Calls{"prepare 7 first", "open", "sandbox"}));
    EXPECT_TRUE(notes.state_file);
    ASSERT_EQ(supervisor->heard.size(), 3U);
    EXPECT_TRUE(supervisor->heard[1].config_ack().accepted());
    EXPECT_EQ(supervisor->heard[1].config_ack().generation(), 7U);
    EXPECT_TRUE(supervisor->heard[2].has_ready());
    EXPECT_EQ(log(), "SANDBOX_MISSING chroot: not here\n");
}

TEST_F(RuntimeTest, NothingBeginsBeforeActivate) {
    become_ready();
    loop.advance(1h);
    EXPECT_EQ(notes.calls.back(), "sandbox");
    say([](ToIpvsd& message) { message.mutable_activate(); });
    EXPECT_EQ(notes.calls.back(), "activate 7");
}

TEST_F(RuntimeTest, ARefusedFirstConfigurationOpensNothingAndAnotherMayFollow) {
    welcome();
    notes.prepares = false;
    offer(7);
    EXPECT_EQ(notes.calls, (Calls{"prepare 7 r"}));
    EXPECT_FALSE(supervisor->heard.back().config_ack().accepted());
    EXPECT_EQ(supervisor->heard.back().config_ack().reason(), "no such interface");
    notes.prepares = true;
    offer(8);
    EXPECT_TRUE(supervisor->heard.back().has_ready());
}

TEST_F(RuntimeTest, ARoleThatCannotOpenEndsWithItsReason) {
    notes.opens = false;
    become_ready();
    EXPECT_EQ(runtime->exit_status(), kFailed);
    EXPECT_EQ(log(), "START_FAILED no netlink\n");
}

TEST_F(RuntimeTest, MessagesOfTheRoleReachItFromWelcomeOnWithTheirDescriptors) {
    welcome();
    const auto notice = [](ToIpvsd& message) { message.mutable_restart_notice(); };
    say(notice, {STDERR_FILENO});
    ASSERT_EQ(notes.frames.size(), 1U);
    EXPECT_EQ(notes.frames[0].descriptors.size(), 1U);
}

TEST_F(RuntimeTest, AReloadIsPreparedThenCommitted) {
    become_running();
    offer(8);
    commit(8);
    EXPECT_EQ(notes.calls, (Calls{"prepare 8 r", "commit 8"}));
    ASSERT_EQ(supervisor->heard.size(), 2U);
    EXPECT_TRUE(supervisor->heard[0].config_ack().accepted());
    EXPECT_EQ(supervisor->heard[1].committed().generation(), 8U);
}

TEST_F(RuntimeTest, CommittedIsSaidWhenTheRoleHasFinished) {
    become_running();
    notes.finishes = false;
    offer(8);
    commit(8);
    EXPECT_FALSE(supervisor->heard.back().has_committed());
    notes.done();
    loop.settle();
    EXPECT_TRUE(supervisor->heard.back().has_committed());
}

TEST_F(RuntimeTest, AnAbortedReloadLeavesRoomForTheNext) {
    become_running();
    offer(8);
    say([](ToIpvsd& message) { message.mutable_abort()->set_generation(8); });
    offer(9);
    commit(9);
    EXPECT_EQ(notes.calls, (Calls{"prepare 8 r", "abort 8", "prepare 9 r", "commit 9"}));
}

TEST_F(RuntimeTest, AbortOfARefusedGenerationIsNothing) {
    become_running();
    notes.prepares = false;
    offer(8);
    say([](ToIpvsd& message) { message.mutable_abort()->set_generation(8); });
    EXPECT_EQ(notes.calls, (Calls{"prepare 8 r"}));
    EXPECT_FALSE(supervisor->lost);
}

TEST_F(RuntimeTest, ALargerStateFileComesBeforeThePreparation) {
    become_running();
    supervisor->offer(8, "r", {STDERR_FILENO});
    loop.settle();
    EXPECT_EQ(notes.calls, (Calls{"larger state file", "prepare 8 r"}));
    EXPECT_TRUE(notes.larger_state_file);
}

TEST_F(RuntimeTest, AnEmptyConfigurationIsOne) {
    welcome();
    supervisor->offer_bytes(7, "");
    loop.settle();
    EXPECT_EQ(notes.calls.front(), "prepare 7 ");
}

TEST_F(RuntimeTest, PeersAreHandedOnBeforeActivateAndAgainLater) {
    become_ready();
    const auto vrrpd = [](ToIpvsd& message) {
        message.mutable_peer_fd()->set_peer(messages::v1::ROLE_VRRPD);
    };
    say(vrrpd, {STDERR_FILENO});
    say([](ToIpvsd& message) { message.mutable_activate(); });
    say(vrrpd, {STDERR_FILENO});
    EXPECT_EQ(notes.peers.size(), 2U);
    EXPECT_EQ(notes.calls.back(), "peer vrrpd");
}

TEST_F(RuntimeTest, PingIsAnsweredWithProgress) {
    become_running();
    const auto ping = [](ToIpvsd& message) { message.mutable_ping()->set_nonce(5); };
    say(ping);
    say(ping);
    ASSERT_EQ(supervisor->heard.size(), 2U);
    EXPECT_EQ(supervisor->heard[0].pong().nonce(), 5U);
    EXPECT_GT(supervisor->heard[1].pong().progress(), supervisor->heard[0].pong().progress());
}

TEST_F(RuntimeTest, StatusIsCutIntoPartsThatMakeTheWhole) {
    become_running();
    notes.status = std::string(2 * kStatusPart, 'a') + "end";
    say([](ToIpvsd& message) {
        message.mutable_status_request()->set_request_id(3);
        message.mutable_status_request()->set_topic(messages::v1::STATUS_SERVICES);
    });
    ASSERT_EQ(supervisor->heard.size(), 3U);
    std::string whole;
    for (std::uint32_t part = 0; part < 3; ++part) {
        const auto& reply = supervisor->heard[part].status_reply();
        EXPECT_EQ(reply.request_id(), 3U);
        EXPECT_EQ(reply.part(), part);
        EXPECT_EQ(reply.last(), part == 2);
        whole += reply.payload();
    }
    EXPECT_EQ(whole, notes.status);
}

TEST_F(RuntimeTest, AStatusThatFailsIsOneEmptyPart) {
    become_running();
    notes.status = "";
    say([](ToIpvsd& message) {
        message.mutable_status_request()->set_topic(messages::v1::STATUS_VRRP);
    });
    ASSERT_EQ(supervisor->heard.size(), 1U);
    EXPECT_TRUE(supervisor->heard[0].status_reply().last());
    EXPECT_EQ(supervisor->heard[0].status_reply().payload(), "");
}

TEST_F(RuntimeTest, TheProcessTellsItsSandboxItself) {
    become_running();
    say([](ToIpvsd& message) {
        message.mutable_status_request()->set_topic(messages::v1::STATUS_PROCESS);
    });
    messages::v1::SandboxStatus status;
    ASSERT_TRUE(status.ParseFromString(supervisor->heard.back().status_reply().payload()));
    EXPECT_EQ(status.present(0), "uid 60704");
    EXPECT_EQ(status.missing(0), "chroot: not here");
    EXPECT_TRUE(notes.calls.empty());
}

TEST_F(RuntimeTest, ShutdownIsOrderlyAndEndsTheLoop) {
    become_running();
    notes.finishes = false;
    shut_down();
    EXPECT_EQ(notes.calls, (Calls{"shut_down 1"}));
    say([](ToIpvsd& message) { message.mutable_ping()->set_nonce(1); });
    EXPECT_TRUE(supervisor->heard.back().has_pong());
    notes.done();
    loop.run();  // returns: it was stopped
    EXPECT_EQ(runtime->exit_status(), kEnded);
}

TEST_F(RuntimeTest, ShutdownBeforeActivateAsksTheRoleNothing) {
    become_ready();
    notes.calls.clear();
    shut_down();
    loop.run();
    EXPECT_EQ(runtime->exit_status(), kEnded);
    EXPECT_TRUE(notes.calls.empty());
}

TEST_F(RuntimeTest, WithoutGraceAnOrphanEndsAtOnce) {
    become_running();
    supervisor->hang_up();
    loop.run();
    EXPECT_EQ(notes.calls, (Calls{"orphan_end"}));
    EXPECT_EQ(runtime->exit_status(), kOrphaned);
}

TEST_F(RuntimeTest, WithGraceAnOrphanGoesOnThatLong) {
    become_running(3000);
    supervisor->hang_up();
    loop.settle();
    loop.advance(2999ms);
    EXPECT_TRUE(notes.calls.empty());
    loop.advance(1ms);
    EXPECT_EQ(notes.calls, (Calls{"orphan_end"}));
    EXPECT_NE(log().find("SUPERVISOR_LOST"), std::string::npos);
}

TEST_F(RuntimeTest, AnOrphanThatCannotFinishIsNotWaitedForForEver) {
    become_running();
    notes.finishes = false;
    supervisor->hang_up();
    loop.settle();
    loop.advance(400ms);
    loop.run();
    EXPECT_EQ(runtime->exit_status(), kOrphaned);
}

TEST_F(RuntimeTest, AnOrphanThatWasNotActivatedJustEnds) {
    become_ready(3000);
    notes.calls.clear();
    supervisor->hang_up();
    loop.run();
    EXPECT_TRUE(notes.calls.empty());
    EXPECT_EQ(runtime->exit_status(), kOrphaned);
}

TEST_F(RuntimeTest, ASupervisorLostDuringTheOrderedEndDoesNotDisturbIt) {
    become_running(3000);
    notes.finishes = false;
    shut_down();
    supervisor->hang_up();
    loop.settle();
    EXPECT_EQ(notes.calls, (Calls{"shut_down 1"}));
    notes.done();
    loop.run();
    EXPECT_EQ(runtime->exit_status(), kEnded);
}

TEST_F(RuntimeTest, TheLogLevelChangesWhenTold) {
    become_running();
    (void)log();
    say([](ToIpvsd& message) {
        message.mutable_set_log_level()->set_level(messages::v1::LOG_ERROR);
    });
    supervisor->hang_up();
    loop.run();
    EXPECT_EQ(log(), "");  // SUPERVISOR_LOST is a warning
}

// What the supervisor must not say. Each ends the process with a status of its own.
struct Offence {
    const char* name;
    std::function<void(RuntimeTest&)> commit;
};
void PrintTo(const Offence& offence, std::ostream* out) {
    *out << offence.name;
}

class RuntimeOffence : public RuntimeTest, public ::testing::WithParamInterface<Offence> {
  public:
    // The offences below are written as if they were members.
    using RuntimeTest::become_ready;
    using RuntimeTest::become_running;
    using RuntimeTest::commit;
    using RuntimeTest::loop;
    using RuntimeTest::notes;
    using RuntimeTest::offer;
    using RuntimeTest::say;
    using RuntimeTest::supervisor;
    using RuntimeTest::welcome;
};

RuntimeOffence& play(RuntimeTest& test) {
    return static_cast<RuntimeOffence&>(test);
}

const Offence kOffences[] = {
    {"NotWelcomeFirst",
     [](RuntimeTest& t) { play(t).say([](ToIpvsd& m) { m.mutable_activate(); }); }},
    {"RoleMessageBeforeWelcome",
     [](RuntimeTest& t) { play(t).say([](ToIpvsd& m) { m.mutable_restart_notice(); }); }},
    {"WelcomeTwice",
     [](RuntimeTest& t) {
         play(t).welcome();
         play(t).welcome();
     }},
    {"WelcomeForAnotherRole",
     [](RuntimeTest& t) {
         play(t).supervisor->welcome(messages::v1::ROLE_VRRPD);
         play(t).loop.settle();
     }},
    {"AnotherProtocol",
     [](RuntimeTest& t) {
         play(t).say([](ToIpvsd& m) { m.mutable_welcome()->set_role(messages::v1::ROLE_IPVSD); });
     }},
    {"ActivateBeforeReady",
     [](RuntimeTest& t) {
         play(t).welcome();
         play(t).say([](ToIpvsd& m) { m.mutable_activate(); });
     }},
    {"ActivateTwice",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).say([](ToIpvsd& m) { m.mutable_activate(); });
     }},
    {"CommitOfNothing",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).commit(8);
     }},
    {"CommitOfAnotherGeneration",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).offer(8);
         play(t).commit(9);
     }},
    {"CommitOfARefusedGeneration",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).notes.prepares = false;
         play(t).offer(8);
         play(t).commit(8);
     }},
    {"TwoConfigurationsAtOnce",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).offer(8);
         play(t).offer(9);
     }},
    {"ConfigurationWithoutDescriptor",
     [](RuntimeTest& t) {
         play(t).welcome();
         play(t).say([](ToIpvsd& m) { m.mutable_config()->set_generation(1); });
     }},
    {"ConfigurationWithAnotherDigest",
     [](RuntimeTest& t) {
         play(t).welcome();
         play(t).supervisor->offer_bytes(7, "", {}, false);
         play(t).loop.settle();
     }},
    {"ConfigurationThatIsNone",
     [](RuntimeTest& t) {
         play(t).welcome();
         play(t).supervisor->offer_bytes(7, "\xff\xff\xff");
         play(t).loop.settle();
     }},
    {"ConfigurationInAnUnsealedFile",
     [](RuntimeTest& t) {
         play(t).welcome();
         play(t).say([](ToIpvsd& m) { m.mutable_config()->set_size(0); }, {STDERR_FILENO});
     }},
    {"DescriptorWithAMessageThatHasNone",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).say([](ToIpvsd& m) { m.mutable_ping()->set_nonce(1); }, {STDERR_FILENO});
     }},
    {"PeerThatIsNone",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).say([](ToIpvsd& m) { m.mutable_peer_fd()->set_peer(messages::v1::ROLE_IPVSD); },
                     {STDERR_FILENO});
     }},
    {"PeerWithoutDescriptor",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).say([](ToIpvsd& m) { m.mutable_peer_fd()->set_peer(messages::v1::ROLE_VRRPD); });
     }},
    {"PeerBeforeReady",
     [](RuntimeTest& t) {
         play(t).welcome();
         play(t).say([](ToIpvsd& m) { m.mutable_peer_fd()->set_peer(messages::v1::ROLE_VRRPD); },
                     {STDERR_FILENO});
     }},
    {"UnknownField",
     [](RuntimeTest& t) {
         play(t).become_running();
         play(t).say([](ToIpvsd& m) {
             m.mutable_ping()
                 ->GetReflection()
                 ->MutableUnknownFields(m.mutable_ping())
                 ->AddVarint(900, 1);
         });
     }},
};

TEST_P(RuntimeOffence, EndsTheProcess) {
    GetParam().commit(*this);
    expect_violation();
}
INSTANTIATE_TEST_SUITE_P(All, RuntimeOffence, ::testing::ValuesIn(kOffences),
                         [](const auto& offence) { return std::string(offence.param.name); });

TEST_F(RuntimeTest, AViolationIsOneLineInTheLog) {
    become_running();
    (void)log();
    commit(8);
    EXPECT_EQ(log(), "PROTOCOL_VIOLATION supervisor: Commit of what is not prepared\n");
}

}  // namespace
}  // namespace holdfast::daemon
