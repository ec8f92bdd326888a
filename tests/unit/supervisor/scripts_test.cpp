#include "supervisor/scripts.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using Kind = ScriptResult::Kind;

class ScriptsTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "scripts-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] ScriptCommand shell(const std::string& text) const {
        return {{"/bin/sh", "-c", text}, {::getuid(), ::getgid(), "me"}};
    }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ostringstream all;
        all << std::ifstream(path(name)).rdbuf();
        return all.str();
    }
    ScriptResult run(const ScriptCommand& command, core::Interval timeout = 60s) {
        std::optional<ScriptResult> result;
        scripts_.poll(core::ObjectId{1}, command, timeout, [&](const ScriptResult& r) {
            result = r;
            loop_.stop();
        });
        if (!result) loop_.run_until([&] { return result.has_value(); });
        return *result;
    }
    [[nodiscard]] bool is_gone(const std::string& name) const {
        return ::kill(std::stoi(content(name)), 0) != 0 && errno == ESRCH;
    }
    /// Nothing tells the loop of what other processes do, so it looks again and again.
    void run_until(const std::function<bool()>& done) {
        std::unique_ptr<loop::Timer> tick;
        tick = std::make_unique<loop::Timer>(loop_, [&] { tick->after(10ms); });
        tick->after(10ms);
        loop_.run_until(done);
    }
    void run_until_idle() {
        loop_.run_until([this] { return scripts_.idle(); });
    }

    loop::Loop loop_;
    std::unique_ptr<log::Logger> log_ = log::make_null_logger();
    Scripts scripts_{loop_, *log_};
    std::string folder_;
};

TEST_F(ScriptsTest, TellsHowAScriptEnded) {
    EXPECT_TRUE(run(shell("exit 0")).succeeded());
    const ScriptResult failed = run(shell("exit 3"));
    EXPECT_EQ(failed.kind, Kind::exited);
    EXPECT_EQ(failed.code, 3);
    const ScriptResult killed = run(shell("kill -USR1 $$"));
    EXPECT_EQ(killed.kind, Kind::signalled);
    EXPECT_EQ(killed.code, SIGUSR1);
}

TEST_F(ScriptsTest, SaysWhyAScriptCouldNotRun) {
    const ScriptResult result = run({{"/nonexistent/script"}, {::getuid(), ::getgid(), "me"}});
    EXPECT_EQ(result.kind, Kind::not_run);
    EXPECT_EQ(result.code, ENOENT);
}

TEST_F(ScriptsTest, RunsAFileWithoutInterpreterLineThroughTheShell) {
    std::ofstream(path("plain")) << "exit $1\n";
    ::chmod(path("plain").c_str(), 0755);
    EXPECT_EQ(run({{path("plain"), "7"}, {::getuid(), ::getgid(), "me"}}).code, 7);
}

TEST_F(ScriptsTest, EndsTheWholeGroupWhenTheTimeIsOver) {
    const ScriptResult result =
        run(shell("sleep 1000 & echo $! > " + path("child") + "; wait"), 1s);
    EXPECT_EQ(result.kind, Kind::timed_out);
    EXPECT_TRUE(is_gone("child"));
}

TEST_F(ScriptsTest, EndsWhatHasGivenItselfASessionOfItsOwnAsWell) {
    const auto hangs = [&](const std::string& name) {
        return "setsid sh -c 'trap \"\" TERM; echo $$ > " + path(name) + ".new; mv " + path(name) +
               ".new " + path(name) + "; while :; do sleep 1000; done' & ";
    };
    // One whose parent lives, one whose parent is gone, one further down.
    const ScriptResult result =
        run(shell(hangs("child") + "( " + hangs("orphan") + ") ; setsid sh -c '" +
                  "setsid sleep 1000 & echo $! > " + path("deep") + "; wait' & while ! [ -e " +
                  path("child") + " -a -e " + path("orphan") + " -a -e " + path("deep") +
                  " ]; do sleep 0.01; done; touch " + path("all") + "; wait"),
            1s);
    EXPECT_EQ(result.kind, Kind::timed_out);
    ASSERT_EQ(::access(path("all").c_str(), F_OK), 0);
    for (const char* name : {"child", "orphan", "deep"}) EXPECT_TRUE(is_gone(name)) << name;
}

TEST_F(ScriptsTest, WhatADaemonisedProgramDoesIsNoBusinessOfTheScriptThatStartedIt) {
    // It ends by itself only after it was seen alive.
    const auto daemon = [&](const std::string& name) {
        return "setsid sh -c 'echo $$ > " + path(name) + "; while [ ! -e " + path("seen") +
               " ]; do sleep 0.01; done; touch " + path(name) + ".end' & ";
    };
    const ScriptResult result =
        run(shell(daemon("child") + "( " + daemon("orphan") + ") ; while ! [ -s " + path("child") +
                  " -a -s " + path("orphan") + " ]; do sleep 0.01; done"));
    EXPECT_TRUE(result.succeeded()) << result.text();
    EXPECT_FALSE(is_gone("child"));
    EXPECT_FALSE(is_gone("orphan"));
    std::ofstream(path("seen")) << "";
    run_until([&] {
        return ::access(path("child.end").c_str(), F_OK) == 0 &&
               ::access(path("orphan.end").c_str(), F_OK) == 0;
    });
}

/// Between fork and exec a child still has our handlers, which tell our loop.
TEST_F(ScriptsTest, ASignalForAScriptThatHasNotBegunIsNotHeardAsOurs) {
    int heard = 0;
    const loop::SignalWatch watch(loop_, SIGTERM, [&] { ++heard; });
    for (int round = 0; round < 100; ++round) {
        bool ended = false;
        ScriptProcess process(loop_, shell("sleep 1000"), std::nullopt,
                              [&](const ScriptResult&) { ended = true; });
        process.stop();
        loop_.run_until([&] { return ended; });
    }
    EXPECT_EQ(heard, 0);
}

TEST_F(ScriptsTest, WhatAScriptPutIntoTheBackgroundGoesOn) {
    // It ends by itself only after it was seen alive.
    const ScriptResult result =
        run(shell("{ while [ ! -e " + path("seen") + " ]; do sleep 0.01; done; touch " +
                  path("end") + "; } & echo $! > " + path("child")));
    EXPECT_TRUE(result.succeeded());
    EXPECT_EQ(::kill(std::stoi(content("child")), 0), 0);
    std::ofstream(path("seen")) << "";
    std::unique_ptr<loop::Timer> tick;
    tick = std::make_unique<loop::Timer>(loop_, [&] { tick->after(10ms); });
    tick->after(10ms);
    loop_.run_until([&] { return ::access(path("end").c_str(), F_OK) == 0; });
}

TEST_F(ScriptsTest, KillsAScriptThatIgnoresTerm) {
    const ScriptResult result = run(shell("trap '' TERM; while :; do sleep 1; done"), 100ms);
    EXPECT_EQ(result.kind, Kind::timed_out);
}

TEST_F(ScriptsTest, GivesACleanEnvironmentAndNoDescriptors) {
    ::setenv("LD_PRELOAD", "", 1);
    ::setenv("NOTIFY_SOCKET", "/nowhere", 1);
    const ScriptResult result = run(shell("env > " + path("env") + "; ls /proc/$$/fd > " +
                                          path("fds") + "; umask > " + path("umask")));
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("NOTIFY_SOCKET");
    ASSERT_TRUE(result.succeeded());
    EXPECT_EQ(content("env").find("NOTIFY_SOCKET"), std::string::npos);
    EXPECT_EQ(content("env").find("LD_PRELOAD"), std::string::npos);
    EXPECT_EQ(content("umask"), "0022\n");
    EXPECT_EQ(content("fds").find("\n4\n"), std::string::npos) << content("fds");
}

TEST_F(ScriptsTest, RunsOnePollOfAnIdAtATime) {
    int ended = 0;
    const auto count = [&](const ScriptResult& result) {
        ++ended;
        if (ended == 1) {
            EXPECT_EQ(result.kind, Kind::not_run);
            EXPECT_EQ(result.code, EBUSY);
        }
    };
    scripts_.poll(core::ObjectId{5}, shell("exit 0"), 60s, count);
    scripts_.poll(core::ObjectId{5}, shell("exit 0"), 60s, count);
    loop_.run_until([&] { return ended == 2; });
}

TEST_F(ScriptsTest, DeliversTheLastEventOfAnObjectAndKeepsTheOrder) {
    const std::string log = path("log");
    for (int i = 0; i < 20; ++i) {
        const std::string number = std::to_string(i);
        scripts_.notify(core::ObjectId{9}, Scripts::Kind::state, number,
                        {shell("echo start" + number + " >> " + log + "; sleep 0.02; echo end" +
                               number + " >> " + log)});
    }
    run_until_idle();
    const std::string lines = content("log");
    EXPECT_EQ(lines, "start0\nend0\nstart19\nend19\n");
}

TEST_F(ScriptsTest, OfManyRapidChangesTheLastIsWhatAHookSees) {
    const std::string log = path("log");
    std::unique_ptr<loop::Timer> flap;
    int change = 0;
    const auto script = [&](const std::string& role) {
        // A second one that runs meanwhile would find the folder.
        return shell("mkdir " + path("busy") + " || echo overlap >> " + log + "; sleep 0.0" +
                     std::to_string(change % 7) + "; echo " + role + " >> " + log + "; rmdir " +
                     path("busy"));
    };
    flap = std::make_unique<loop::Timer>(loop_, [&] {
        const std::string role = change % 2 == 0 ? "active" : "backup" + std::to_string(change);
        scripts_.notify(core::ObjectId{9}, Scripts::Kind::state, role, {script(role)});
        if (++change < 200) flap->after(1ms);
    });
    flap->after({});
    loop_.run_until([&] { return change == 200 && scripts_.idle(); });
    const std::string lines = content("log");
    EXPECT_EQ(lines.find("overlap"), std::string::npos);
    EXPECT_TRUE(lines.ends_with("backup199\n")) << lines;
}

TEST_F(ScriptsTest, ARemarkDoesNotTakeThePlaceOfAState) {
    const std::string log = path("log");
    const auto say = [&](const std::string& word) { return shell("echo " + word + " >> " + log); };
    scripts_.notify(core::ObjectId{9}, Scripts::Kind::state, "first", {say("first")});
    for (const char* word : {"state1", "remark1", "state2", "remark2"}) {
        const bool remark = word[0] == 'r';
        scripts_.notify(core::ObjectId{9}, remark ? Scripts::Kind::remark : Scripts::Kind::state,
                        word, {say(word)});
    }
    run_until_idle();
    EXPECT_EQ(content("log"), "first\nstate2\nremark2\n");
}

TEST_F(ScriptsTest, AHookThatNeverEndsGivesWayToANewerEvent) {
    Scripts scripts(loop_, *log_, 50ms);
    scripts.notify(core::ObjectId{9}, Scripts::Kind::state, "old",
                   {shell("trap '' TERM; while :; do sleep 1; done")});
    scripts.notify(core::ObjectId{9}, Scripts::Kind::state, "new", {shell("touch " + path("new"))});
    loop_.run_until([&] { return scripts.idle(); });
    EXPECT_EQ(::access(path("new").c_str(), F_OK), 0);
}

TEST_F(ScriptsTest, HooksThatNeverEndDoNotKeepThoseOfOtherObjectsFromRunning) {
    Scripts scripts(loop_, *log_, 50ms);
    for (std::uint64_t object = 1; object <= Scripts::kAtOnce; ++object) {
        scripts.notify(core::ObjectId{object}, Scripts::Kind::state, "hangs",
                       {shell("sleep 1000")});
    }
    scripts.notify(core::ObjectId{100}, Scripts::Kind::state, "other",
                   {shell("touch " + path("other"))});
    loop_.run_until([&] { return ::access(path("other").c_str(), F_OK) == 0; });
}

TEST_F(ScriptsTest, TheSecondHookOfAnEventGivesWayAsTheFirstDoes) {
    Scripts scripts(loop_, *log_, 50ms);
    for (std::uint64_t object = 1; object <= Scripts::kAtOnce; ++object) {
        scripts.notify(core::ObjectId{object}, Scripts::Kind::state, "hangs",
                       {shell("exit 0"), shell("sleep 1000")});
    }
    scripts.notify(core::ObjectId{100}, Scripts::Kind::state, "other",
                   {shell("touch " + path("other"))});
    loop_.run_until([&] { return ::access(path("other").c_str(), F_OK) == 0; });
}

TEST_F(ScriptsTest, AHookThatHadToWaitForItsPlaceGivesWayToANewerEventAsWell) {
    Scripts scripts(loop_, *log_, 50ms);
    for (std::uint64_t object = 1; object < Scripts::kAtOnce; ++object) {
        scripts.notify(core::ObjectId{object}, Scripts::Kind::state, "hangs",
                       {shell("sleep 1000")});
    }
    // The first of these takes the last place, the second takes it over from the first.
    scripts.notify(core::ObjectId{100}, Scripts::Kind::state, "old",
                   {shell("sleep 1000"), shell("sleep 1000")});
    scripts.notify(core::ObjectId{100}, Scripts::Kind::state, "new",
                   {shell("touch " + path("new"))});
    loop_.run_until([&] { return ::access(path("new").c_str(), F_OK) == 0; });
}

TEST_F(ScriptsTest, APollThatWaitsForItsPlaceIsNotBegunAfterTheStop) {
    int ended = 0;
    for (std::uint64_t i = 1; i <= Scripts::kAtOnce; ++i) {
        scripts_.poll(core::ObjectId{i}, shell("sleep 1000"), 60s,
                      [&](const ScriptResult&) { ++ended; });
    }
    std::optional<ScriptResult> waiting;
    scripts_.poll(core::ObjectId{100}, shell("touch " + path("begun")), 60s,
                  [&](const ScriptResult& result) { waiting = result; });
    scripts_.stop_polls();
    ASSERT_TRUE(waiting);
    EXPECT_EQ(waiting->kind, Kind::not_run);
    EXPECT_EQ(waiting->code, ECANCELED);
    loop_.run_until([&] { return ended == static_cast<int>(Scripts::kAtOnce); });
    EXPECT_TRUE(run(shell("exit 0")).succeeded());  // a command of the end
    EXPECT_NE(::access(path("begun").c_str(), F_OK), 0);
}

/// Takes all descriptors away from this process for as long as it exists.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

  private:
    rlimit before_{};
};

TEST_F(ScriptsTest, TheLastEventIsNotLostBecauseTheHostHadNoRoomForItsHook) {
    {
        const NoDescriptors none;
        scripts_.notify(core::ObjectId{1}, Scripts::Kind::state, "active",
                        {shell("touch " + path("one")), shell("touch " + path("two"))});
        loop_.settle();
    }
    run_until_idle();
    EXPECT_EQ(::access(path("one").c_str(), F_OK), 0);
    EXPECT_EQ(::access(path("two").c_str(), F_OK), 0);
}

TEST_F(ScriptsTest, WhatTheHostHasNoRoomForIsGivenUpAtTheEndAsWell) {
    const NoDescriptors none;
    scripts_.notify(core::ObjectId{1}, Scripts::Kind::state, "active", {shell("exit 0")});
    loop_.settle();
    EXPECT_FALSE(scripts_.idle());
    scripts_.give_up();
    EXPECT_TRUE(scripts_.idle());
}

TEST_F(ScriptsTest, WhenThereIsNoTimeLeftAllIsEnded) {
    for (std::uint64_t object = 1; object <= Scripts::kAtOnce + 5; ++object) {
        for (const char* subject : {"first", "second"}) {
            scripts_.notify(core::ObjectId{object}, Scripts::Kind::state, subject,
                            {shell("exit 0"), shell("sleep 1000")});
        }
    }
    scripts_.give_up();
    run_until_idle();
}

TEST_F(ScriptsTest, HooksThatNeverEndDoNotKeepPollsFromRunning) {
    for (std::uint64_t object = 1; object <= Scripts::kAtOnce; ++object) {
        scripts_.notify(core::ObjectId{object}, Scripts::Kind::state, "hangs",
                        {shell("sleep 1000")});
    }
    EXPECT_TRUE(run(shell("exit 0")).succeeded());
}

TEST_F(ScriptsTest, ObjectsDoNotWaitForEachOther) {
    bool slow_done = false;
    scripts_.notify(core::ObjectId{1}, Scripts::Kind::state, "slow",
                    {shell("while [ ! -e " + path("go") + " ]; do sleep 0.01; done")});
    scripts_.notify(core::ObjectId{2}, Scripts::Kind::state, "quick",
                    {shell("touch " + path("go"))});
    scripts_.when_idle([&] { slow_done = true; });
    loop_.run_until([&] { return slow_done; });
}

TEST_F(ScriptsTest, MoreThanTheLimitWaitTheirTurn) {
    int ended = 0;
    for (std::uint64_t i = 1; i <= 3 * Scripts::kAtOnce; ++i) {
        scripts_.poll(core::ObjectId{i}, shell("exit 0"), 60s, [&](const ScriptResult& result) {
            EXPECT_TRUE(result.succeeded()) << result.text();
            ++ended;
        });
    }
    loop_.run_until([&] { return ended == static_cast<int>(3 * Scripts::kAtOnce); });
}

}  // namespace
}  // namespace holdfast::supervisor
