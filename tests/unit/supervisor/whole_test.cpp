// The real supervisor with fake daemons: starts, losses, reloads, stops.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "supervisor/child.hpp"
#include "tests/unit/supervisor/copy.hpp"

namespace holdfast::tests {
namespace {

using messages::v1::CtlReply;
using messages::v1::CtlRequest;

constexpr const char* kRouter = R"(vrrp_instances {
  id: 7 name: "VI_1" interface: "lo" virtual_router_id: 51 priority: 100
})";
constexpr const char* kService = R"(virtual_servers { id: 9 name: "[192.0.2.1]:tcp:80" })";

CtlRequest request(messages::v1::Verb verb, const std::string& argument = "", bool wait = false) {
    CtlRequest made;
    made.set_verb(verb);
    if (!argument.empty()) made.set_argument(argument);
    made.set_wait(wait);
    return made;
}

class Whole : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
    /// Until everything configured is at work.
    bool ready() { return copy_.log_has("READY version"); }
    messages::v1::ProcessesStatus processes() {
        messages::v1::ProcessesStatus status;
        const CtlReply reply = copy_.ask(request(messages::v1::VERB_SHOW_PROCESSES), "status.sock");
        status.ParseFromString(reply.processes());
        return status;
    }
    pid_t pid_of(const std::string& role) {
        const auto status = processes();
        for (const auto& process : status.processes()) {
            if (process.name() == role && process.state() == "running") return process.pid();
        }
        return 0;
    }
    Copy copy_;
};

TEST_F(Whole, StartsOnlyTheDaemonsThatTheConfigurationNeeds) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    EXPECT_EQ(copy_.journal_count("vrrpd cold"), 1U);
    EXPECT_EQ(copy_.journal_count("ipvsd cold"), 1U);
    EXPECT_EQ(copy_.journal_count("checkerd"), 0U);
    EXPECT_EQ(copy_.pid_in("ka.pid"), copy_.pid());
    EXPECT_GT(copy_.pid_in("vrrp.pid"), 0);
    EXPECT_FALSE(std::filesystem::exists(copy_.path("chk.pid")));
}

TEST_F(Whole, GivesEachDaemonItsOwnUserAndVrrpdItsSockets) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.start();
    ASSERT_TRUE(ready());
    // netlink monitor, send, hot, cold
    EXPECT_EQ(copy_.journal_count("vrrpd cold sockets=4"), 1U);
    EXPECT_EQ(copy_.journal_count("uid=0"), 0U);
}

TEST_F(Whole, JoinsTheDaemonsBothWays) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.start();
    ASSERT_TRUE(ready());
    EXPECT_TRUE(copy_.journal_has("ipvsd peer 2"));
    EXPECT_TRUE(copy_.journal_has("ipvsd peer 3"));
    EXPECT_TRUE(copy_.journal_has("vrrpd peer 4"));
    EXPECT_TRUE(copy_.journal_has("checkerd peer 4"));
}

TEST_F(Whole, OptionsRestrictToVrrpOrToChecks) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.start({"-P"});
    ASSERT_TRUE(ready());
    EXPECT_EQ(copy_.journal_count("checkerd"), 0U);
    EXPECT_EQ(copy_.journal_count("vrrpd cold"), 1U);
}

TEST_F(Whole, RunsOnWithoutAnythingToDo) {
    copy_.configure("");
    copy_.start();
    ASSERT_TRUE(ready());
    EXPECT_TRUE(copy_.log_has("CONFIG_EMPTY"));
    copy_.signal(SIGTERM);
    EXPECT_EQ(copy_.exit_status(), 0);
}

TEST_F(Whole, StopsInOrderAndLeavesNothingBehind) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.signal(SIGTERM);
    EXPECT_EQ(copy_.exit_status(), 0);
    const std::string journal = copy_.read("conf/journal");
    EXPECT_LT(journal.find("vrrpd released"), journal.find("ipvsd released"));
    EXPECT_LT(journal.find("checkerd released"), journal.find("ipvsd released"));
    for (const char* name : {"ka.pid", "vrrp.pid", "chk.pid", "run/state", "run/control.sock"}) {
        EXPECT_FALSE(std::filesystem::exists(copy_.path(name))) << name;
    }
}

TEST_F(Whole, ALostDaemonIsStartedAgainAsARestartWithTheSameSockets) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    const pid_t first = copy_.pid_in("vrrp.pid");
    ::kill(first, SIGKILL);
    ASSERT_TRUE(copy_.journal_has("vrrpd restart sockets=4"));
    EXPECT_NE(copy_.pid_in("vrrp.pid"), first);
    EXPECT_TRUE(copy_.log_has("PROCESS_LOST vrrpd"));
    EXPECT_TRUE(copy_.journal_has("ipvsd peer 2", 2));
    EXPECT_EQ(copy_.journal_count("ipvsd cold"), 1U);
}

TEST_F(Whole, DaemonsIgnoreSignalsThatPeopleSendToEverything) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    const pid_t vrrpd = copy_.pid_in("vrrp.pid");
    for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGRTMIN + 2}) {
        ::kill(vrrpd, number);
    }
    for (const int number : {SIGUSR1, SIGUSR2, SIGRTMIN + 2, SIGRTMAX - 1}) copy_.signal(number);
    EXPECT_EQ(pid_of("vrrpd"), vrrpd);
}

TEST_F(Whole, AnUnexpectedMessageEndsItsSender) {
    copy_.configure(kRouter);
    copy_.order("vrrpd", "violate");
    copy_.start();
    ASSERT_TRUE(copy_.log_has("protocol violation"));
    copy_.order("vrrpd", "");
    EXPECT_TRUE(copy_.journal_has("vrrpd restart"));
}

TEST_F(Whole, WhomIpvsdAccusesIsStartedAgain) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    const pid_t ipvsd = pid_of("ipvsd");
    copy_.order("ipvsd", "accuse 2");
    ::kill(ipvsd, SIGKILL);  // its successor does as it was told
    ASSERT_TRUE(copy_.journal_has("vrrpd restart"));
    EXPECT_TRUE(copy_.log_has("protocol violation towards ipvsd: epoch does not grow"));
}

TEST_F(Whole, ADaemonThatAnswersNoHeartbeatIsReplaced) {
    copy_.configure(kRouter);
    copy_.order("vrrpd", "silent");
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("vrrpd", "");
    EXPECT_TRUE(copy_.log_has("no progress"));
    EXPECT_TRUE(copy_.journal_has("vrrpd restart"));
}

TEST_F(Whole, APlannedRestartCutsTheOldOneOnlyWhenTheNewOneIsReady) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    const CtlReply reply = copy_.ask(request(messages::v1::VERB_RESTART, "vrrpd"));
    EXPECT_EQ(reply.exit_status(), 0U) << reply.message();
    EXPECT_EQ(copy_.journal_count("vrrpd quiet"), 1U);
    EXPECT_EQ(copy_.journal_count("vrrpd restart"), 1U);
    EXPECT_EQ(copy_.read("log").find("PROCESS_LOST"), std::string::npos);
}

TEST_F(Whole, APlannedRestartThatFailsLeavesTheOldOneAtWork) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    const pid_t old = pid_of("vrrpd");
    copy_.order("vrrpd", "die-at-start");
    const CtlReply reply = copy_.ask(request(messages::v1::VERB_RESTART, "vrrpd"));
    EXPECT_EQ(reply.exit_status(), 6U);
    EXPECT_EQ(pid_of("vrrpd"), old);
}

TEST_F(Whole, AReloadCommitsIpvsdFirst) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.start();
    ASSERT_TRUE(ready());
    const CtlReply reply = copy_.ask(request(messages::v1::VERB_RELOAD, "", true));
    EXPECT_EQ(reply.exit_status(), 0U) << reply.message();
    const std::string journal = copy_.read("conf/journal");
    EXPECT_LT(journal.find("ipvsd committed 2"), journal.find("vrrpd committed 2"));
    EXPECT_LT(journal.find("ipvsd committed 2"), journal.find("checkerd committed 2"));
    EXPECT_EQ(copy_.journal_count("cold"), 3U);  // nobody was restarted
}

TEST_F(Whole, ARefusedConfigurationChangesNothing) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.configure("this is no configuration");
    const CtlReply reply = copy_.ask(request(messages::v1::VERB_RELOAD, "", true));
    EXPECT_EQ(reply.exit_status(), 6U);
    EXPECT_EQ(copy_.journal_count("committed"), 0U);
    EXPECT_FALSE(processes().last_reload_ok());
    EXPECT_EQ(processes().generation(), 1U);
    EXPECT_EQ(processes().last_reload_generation(), 1U);
    EXPECT_NE(
        processes().last_reload_message().find("main.conf:1:1: fatal: not readable (1 fatal)"),
        std::string::npos)
        << processes().last_reload_message();
    copy_.configure(kRouter);
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_RELOAD, "", true)).exit_status(), 0U);
    EXPECT_TRUE(processes().last_reload_ok());
    EXPECT_EQ(processes().last_reload_message(), "");
}

TEST_F(Whole, OneDaemonThatRefusesAbortsTheReloadForAll) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.order("checkerd", "refuse-next");
    copy_.start();
    ASSERT_TRUE(ready());
    const CtlReply reply = copy_.ask(request(messages::v1::VERB_RELOAD, "", true));
    EXPECT_EQ(reply.exit_status(), 6U);
    EXPECT_TRUE(copy_.journal_has("vrrpd aborted"));
    EXPECT_TRUE(copy_.journal_has("ipvsd aborted"));
    EXPECT_EQ(copy_.journal_count("committed"), 0U);
}

TEST_F(Whole, ADaemonThatDiesWhilePreparingAbortsTheReload) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.order("checkerd", "die-at-offer");
    copy_.start();
    ASSERT_TRUE(ready());
    const CtlReply reply = copy_.ask(request(messages::v1::VERB_RELOAD, "", true));
    EXPECT_EQ(reply.exit_status(), 6U);
    EXPECT_TRUE(copy_.journal_has("checkerd restart"));
    EXPECT_EQ(copy_.journal_count("committed"), 0U);
}

TEST_F(Whole, AReloadStartsAndEndsDaemonsAsTheConfigurationNeedsThem) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.configure(std::string(kRouter) + kService);
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_RELOAD, "", true)).exit_status(), 0U);
    EXPECT_TRUE(copy_.journal_has("checkerd cold"));
    EXPECT_TRUE(copy_.journal_has("ipvsd peer 3"));
    copy_.configure(kService);
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_RELOAD, "", true)).exit_status(), 0U);
    EXPECT_TRUE(copy_.journal_has("vrrpd released"));
    EXPECT_TRUE(Copy::eventually([&] { return copy_.pid_in("vrrp.pid") == 0; }));
}

TEST_F(Whole, AStopEndsAReloadThatHasNotBegunToCommit) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("parser", "hold-parse");
    copy_.order("vrrpd", "hold-shutdown");
    copy_.signal(SIGHUP);
    ASSERT_TRUE(copy_.journal_has("parser holds parse"));
    copy_.signal(SIGTERM);
    ASSERT_TRUE(copy_.journal_has("vrrpd holds shutdown"));
    copy_.order("parser", "");
    // Without an end of the reload, it would start a second vrrpd over the one that still ends.
    EXPECT_TRUE(copy_.log_has("RELOAD_REFUSED the supervisor stops"));
    copy_.order("vrrpd", "");
    EXPECT_EQ(copy_.exit_status(), 0);
    EXPECT_EQ(copy_.journal_count("vrrpd released"), 1U);
    EXPECT_EQ(copy_.journal_count("cold"), 2U);
}

TEST_F(Whole, AStopWhileTheDaemonsPrepareAbortsTheReload) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("vrrpd", "hold-ack");
    copy_.signal(SIGHUP);
    ASSERT_TRUE(copy_.journal_has("vrrpd holds ack"));
    copy_.signal(SIGTERM);
    ASSERT_TRUE(copy_.log_has("RELOAD_REFUSED the supervisor stops"));
    copy_.order("vrrpd", "");
    EXPECT_EQ(copy_.exit_status(), 0);
    EXPECT_EQ(copy_.journal_count("vrrpd aborted"), 1U);
    EXPECT_EQ(copy_.journal_count("vrrpd released"), 1U);
}

TEST_F(Whole, AReloadWaitsForAPlannedRestart) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("vrrpd", "hold-ready");
    CtlReply restarted;
    std::thread asks([&] { restarted = copy_.ask(request(messages::v1::VERB_RESTART, "vrrpd")); });
    EXPECT_TRUE(copy_.journal_has("vrrpd holds ready"));
    copy_.signal(SIGHUP);
    EXPECT_TRUE(copy_.log_has("RELOAD_WAITS"));
    copy_.order("vrrpd", "");
    EXPECT_TRUE(copy_.log_has("RELOAD_OK generation=2"));
    asks.join();
    EXPECT_EQ(restarted.exit_status(), 0U) << restarted.message();
    EXPECT_EQ(
        copy_.journal_count("vrrpd committed 2 pid=" + std::to_string(copy_.pid_in("vrrp.pid"))),
        1U);
}

TEST_F(Whole, AFailedPlannedRestartLetsTheReloadGoOn) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("vrrpd", "hold-ready refuse");
    CtlReply restarted;
    std::thread asks([&] { restarted = copy_.ask(request(messages::v1::VERB_RESTART, "vrrpd")); });
    EXPECT_TRUE(copy_.journal_has("vrrpd holds ready"));
    copy_.signal(SIGHUP);
    EXPECT_TRUE(copy_.log_has("RELOAD_WAITS"));
    copy_.order("vrrpd", "");
    EXPECT_TRUE(copy_.log_has("RELOAD_OK generation=2"));
    asks.join();
    EXPECT_EQ(restarted.exit_status(), 6U);
}

TEST_F(Whole, NothingIsRestartedInTheMiddleOfAReload) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("ipvsd", "hold-commit");
    copy_.signal(SIGHUP);
    ASSERT_TRUE(copy_.journal_has("ipvsd holds commit"));
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_RESTART, "vrrpd")).exit_status(), 6U);
    copy_.order("ipvsd", "");
    EXPECT_TRUE(copy_.log_has("RELOAD_OK generation=2"));
}

TEST_F(Whole, ADaemonLostBetweenTheCommitsHasCommittedWithItsStart) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("ipvsd", "hold-commit");
    copy_.signal(SIGHUP);
    ASSERT_TRUE(copy_.journal_has("ipvsd holds commit"));
    ::kill(copy_.pid_in("vrrp.pid"), SIGKILL);
    ASSERT_TRUE(copy_.journal_has("vrrpd restart"));
    ASSERT_TRUE(copy_.log_has("generation=2"));
    copy_.order("ipvsd", "");
    EXPECT_TRUE(copy_.log_has("RELOAD_OK generation=2"));
    // A Commit of what it began with is a violation to it.
    EXPECT_EQ(copy_.journal_count("vrrpd committed"), 0U);
}

TEST_F(Whole, ADaemonThatStillEndsIsNotStartedOver) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("vrrpd", "hold-shutdown");
    copy_.configure(kService);
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_RELOAD, "", true)).exit_status(), 0U);
    ASSERT_TRUE(copy_.journal_has("vrrpd holds shutdown"));
    copy_.configure(std::string(kRouter) + kService);
    copy_.signal(SIGHUP);
    EXPECT_TRUE(copy_.log_has("RELOAD_WAITS"));
    copy_.order("vrrpd", "");
    EXPECT_TRUE(copy_.log_has("RELOAD_OK generation=3"));
    EXPECT_EQ(copy_.journal_count("vrrpd released"), 1U);
    EXPECT_EQ(copy_.journal_count("vrrpd cold"), 2U);
}

TEST_F(Whole, AReloadMendsADaemonThatDiesOfItsConfiguration) {
    copy_.configure(std::string(kRouter) + kService);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.order("checkerd", "die-at-start");
    ::kill(copy_.pid_in("chk.pid"), SIGKILL);
    ASSERT_TRUE(copy_.log_has("PROCESS_DEGRADED"));
    copy_.order("checkerd", "");
    const CtlReply reply = copy_.ask(request(messages::v1::VERB_RELOAD, "", true));
    EXPECT_EQ(reply.exit_status(), 0U) << reply.message();
    EXPECT_TRUE(copy_.journal_has("checkerd restart"));
    EXPECT_EQ(copy_.journal_count("checkerd committed"), 0U);
}

TEST_F(Whole, ADaemonThatComesBackWhileTheOthersPrepareTakesPart) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    const pid_t ipvsd = pid_of("ipvsd");
    copy_.order("ipvsd", "die-at-start");
    ::kill(ipvsd, SIGKILL);
    ASSERT_TRUE(copy_.log_has("PROCESS_DEGRADED"));
    copy_.order("ipvsd", "hold-ready");
    ASSERT_TRUE(copy_.journal_has("ipvsd holds ready"));
    copy_.order("vrrpd", "hold-ack");
    copy_.signal(SIGHUP);
    ASSERT_TRUE(copy_.journal_has("vrrpd holds ack"));
    copy_.order("ipvsd", "");
    ASSERT_TRUE(copy_.journal_has("ipvsd restart"));
    copy_.order("vrrpd", "");
    EXPECT_TRUE(copy_.log_has("RELOAD_OK generation=2"));
    EXPECT_EQ(copy_.journal_count("ipvsd committed 2"), 1U);
}

TEST_F(Whole, HangupReloadsToo) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.signal(SIGHUP);
    EXPECT_TRUE(copy_.log_has("RELOAD_OK generation=2"));
}

TEST_F(Whole, RefusesAColdStartWithKeepalivedsStatus) {
    copy_.configure("nonsense");
    copy_.start();
    EXPECT_EQ(copy_.exit_status(), 2);
    EXPECT_NE(copy_.read("log").find("main.conf:1:1: fatal"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(copy_.path("ka.pid")));
}

TEST_F(Whole, AMissingMainFileIsStatusSix) {
    copy_.start();
    EXPECT_EQ(copy_.exit_status(), 6);
}

TEST_F(Whole, ARoleThatRefusesTheFirstConfigurationEndsTheStart) {
    copy_.configure(kRouter);
    copy_.order("ipvsd", "refuse");
    copy_.start();
    EXPECT_EQ(copy_.exit_status(), 2);
}

TEST_F(Whole, ASecondCopyWithTheSamePidFileEndsWithStatusZero) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    EXPECT_EQ(copy_.run({"-n", "-l", "-f", copy_.path("conf/main.conf"), "-p", copy_.path("ka.pid"),
                         "--run-dir", copy_.path("run2")}),
              0);
    EXPECT_TRUE(copy_.log_has("already running"));
}

TEST_F(Whole, ASecondCopyInTheSameRunFolderIsRefused) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    EXPECT_EQ(copy_.run({"-n", "-l", "-f", copy_.path("conf/main.conf"), "-p", copy_.path("b.pid"),
                         "--run-dir", copy_.path("run")}),
              1);
    EXPECT_TRUE(copy_.log_has("is in use by process"));
}

TEST_F(Whole, WithoutGraceOrphansEndByThemselvesAndTheNextStartIsCold) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    copy_.signal(SIGKILL);
    copy_.exit_status();
    EXPECT_TRUE(copy_.journal_has("orphaned", 2));
    copy_.start();
    EXPECT_TRUE(copy_.journal_has("vrrpd cold", 2));
}

TEST_F(Whole, WithGraceTheNextSupervisorTakesOverAsARestart) {
    copy_.configure(kRouter);
    copy_.start({"--restart-grace", "30"});
    ASSERT_TRUE(ready());
    const pid_t old = copy_.pid_in("vrrp.pid");
    copy_.signal(SIGKILL);
    copy_.exit_status();
    copy_.start({"--restart-grace", "30"});
    EXPECT_TRUE(copy_.journal_has("vrrpd restart"));
    EXPECT_FALSE(supervisor::start_time_of(old).has_value());  // there are never two sets
}

TEST_F(Whole, ABrokenConfigurationLeavesTheOrphansToTheirOrderedEnd) {
    copy_.configure(kRouter);
    copy_.start({"--restart-grace", "2"});
    ASSERT_TRUE(ready());
    copy_.configure("this is no configuration");
    copy_.signal(SIGKILL);
    copy_.exit_status();
    copy_.start({"--restart-grace", "2"});
    EXPECT_EQ(copy_.exit_status(), 2);
    // Killed, they would leave addresses behind that nobody speaks for.
    EXPECT_TRUE(copy_.journal_has("vrrpd ended in order"));
    EXPECT_TRUE(copy_.journal_has("ipvsd ended in order"));
}

TEST_F(Whole, WithoutRespawnALossEndsEverything) {
    copy_.configure(kRouter);
    copy_.start({"-R"});
    ASSERT_TRUE(ready());
    ::kill(copy_.pid_in("vrrp.pid"), SIGKILL);
    EXPECT_EQ(copy_.exit_status(), 1);
    EXPECT_TRUE(copy_.journal_has("ipvsd released"));
}

TEST_F(Whole, RunsTheNotifyScriptsOfAnEvent) {
    copy_.write("conf/n.sh", "#!/bin/sh\necho \"$@\" >> " + copy_.path("conf/notified") + "\n");
    ::chmod(copy_.path("conf/n.sh").c_str(), 0755);
    copy_.configure(R"(global { script_user: "root" } vrrp_instances {
      id: 7 name: "VI_1" interface: "lo" virtual_router_id: 51
      notify { to_active { argv: ")" +
                    copy_.path("conf/n.sh") + R"(" argv: "specific" } any { argv: ")" +
                    copy_.path("conf/n.sh") + R"(" } } })");
    copy_.order("vrrpd", "event 7 3 150");
    copy_.start();
    EXPECT_TRUE(Copy::eventually([&] {
        const std::string text = copy_.read("conf/notified");
        return text.find("INSTANCE VI_1 MASTER 150\n") != std::string::npos &&
               text.find("specific\n") != std::string::npos;
    }));
}

TEST_F(Whole, AnEventOfAnObjectThatNobodyConfiguredIsAViolation) {
    copy_.configure(kRouter);
    copy_.order("vrrpd", "event 8 3 150");
    copy_.start();
    EXPECT_TRUE(copy_.log_has("protocol violation"));
    copy_.order("vrrpd", "");
    EXPECT_TRUE(copy_.journal_has("vrrpd restart"));
}

TEST_F(Whole, AnswersAPollWithTheScriptsStatus) {
    copy_.configure(std::string(kRouter) + R"(global { script_user: "root" } vrrp_scripts {
      id: 5 name: "chk" timeout_us: 5000000
      script { argv: "/bin/sh" argv: "-c" argv: "exit 3" } })");
    copy_.order("vrrpd", "poll 5");
    copy_.start();
    EXPECT_TRUE(copy_.journal_has("track class=1 code=3"));
}

TEST_F(Whole, TheTestOptionSaysWhatTheParserSays) {
    copy_.configure("nonsense");
    EXPECT_EQ(copy_.run({"-t", "-f", copy_.path("conf/main.conf")}), 2);
    EXPECT_TRUE(copy_.log_has("fatal: not readable"));
    copy_.configure(kRouter);
    EXPECT_EQ(copy_.run({"--config-test=" + copy_.path("out"), "-f", copy_.path("conf/main.conf")}),
              0);
}

TEST_F(Whole, AParserThatFloodsIsEnded) {
    copy_.configure(kRouter);
    copy_.order("parser", "flood");
    EXPECT_EQ(copy_.run({"-t", "-f", copy_.path("conf/main.conf")}), 1);
    EXPECT_TRUE(copy_.log_has("too many findings"));
}

TEST_F(Whole, AnIncludeOutsideIsAllowedOnlyInFoldersOfRoot) {
    std::filesystem::create_directories(copy_.path("conf/more"));
    copy_.configure(kRouter);
    copy_.order("parser", "need-folder");
    EXPECT_EQ(copy_.run({"-t", "-f", copy_.path("conf/main.conf")}), 0);
    ::chmod(copy_.path("conf/more").c_str(), 0777);
    EXPECT_EQ(copy_.run({"-t", "-f", copy_.path("conf/main.conf")}), 6);
    EXPECT_TRUE(copy_.log_has("main.conf:3:1: fatal: cannot include"));
    EXPECT_TRUE(copy_.log_has("can be written by others"));
}

TEST_F(Whole, InTheBackgroundTheCommandReturnsWhenEverythingRuns) {
    copy_.configure(kRouter);
    ASSERT_EQ(copy_.run({"-l", "-f", copy_.path("conf/main.conf"), "-p", copy_.path("ka.pid"), "-r",
                         copy_.path("vrrp.pid"), "--run-dir", copy_.path("run")}),
              0);
    const pid_t supervisor = copy_.pid_in("ka.pid");
    ASSERT_GT(supervisor, 0);
    // Who reads what the command prints must not wait for the daemon.
    const std::string output = "/proc/" + std::to_string(supervisor) + "/fd/1";
    EXPECT_EQ(std::filesystem::read_symlink(output), "/dev/null");
    EXPECT_GT(copy_.pid_in("vrrp.pid"), 0);
    ::kill(supervisor, SIGTERM);
    EXPECT_TRUE(Copy::eventually([&] { return copy_.pid_in("ka.pid") == 0; }));
}

TEST_F(Whole, HandsOutTheWrittenConfigurationUnread) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_SHOW_CONFIG), "status.sock").exit_status(), 0U);
}

TEST_F(Whole, TheStatusSocketOnlyAnswersQuestions) {
    copy_.configure(kRouter);
    copy_.start();
    ASSERT_TRUE(ready());
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_RESTART, "vrrpd"), "status.sock").exit_status(),
              4U);
    EXPECT_EQ(copy_.ask(request(messages::v1::VERB_SHOW_VRRP), "status.sock").exit_status(), 0U);
    struct stat found {};
    ASSERT_EQ(::stat(copy_.path("run/control.sock").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0007, 0U);
}

}  // namespace
}  // namespace holdfast::tests
