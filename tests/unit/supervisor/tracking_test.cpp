#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "proto/config.pb.h"
#include "proto/vrrp.pb.h"
#include "supervisor/number_file.hpp"
#include "supervisor/process_match.hpp"
#include "supervisor/process_watch.hpp"
#include "supervisor/track_files.hpp"
#include "supervisor/tracking.hpp"

namespace holdfast::supervisor {
namespace {

namespace fs = std::filesystem;

class Silent : public log::Logger {
  protected:
    void put(log::Level, std::string_view, std::string_view, std::span<const log::Field>) override {
    }
};
using Parameters = ProcessPattern::Parameters;

TEST(NumberFile, IsACInteger) {
    const std::pair<std::string, std::int64_t> table[] = {
        {"", 0},
        {"5", 5},
        {"5\n", 5},
        {"  -17 \n", -17},
        {"0x1f", 31},
        {"010", 8},
        {"+3", 3},
        {"7 lines of log", 7},
        {"high", 0},
        {"-", 0},
        {"\n\n12", 12},
        {std::string("4\0 2", 4), 4},
        {"99999999999999999999", INT64_MAX},
        {"-99999999999999999999", INT64_MIN},
        {std::string(126, ' ') + "12", 1},  // 127 octets count
    };
    for (const auto& [text, number] : table) EXPECT_EQ(number_in(text), number) << text;
}

class InFolder : public ::testing::Test {
  protected:
    InFolder() {
        std::string made = ::testing::TempDir() + "tracked-XXXXXX";
        if (::mkdtemp(made.data()) == nullptr) core::broken_invariant("mkdtemp");
        folder = made;
    }
    ~InFolder() override { fs::remove_all(folder); }

    static void write(const fs::path& path, const std::string& text) {
        std::ofstream(path) << text;
    }
    static std::string content(const fs::path& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// Until `done`, at most for as long as a hung test may take.
    void wait_for(const std::function<bool()>& done) {
        bool late = false;
        loop::Timer limit(loop, [&] { late = true; });
        limit.after(std::chrono::seconds{60});
        loop.run_until([&] { return late || done(); });
        EXPECT_FALSE(late);
    }

    loop::Loop loop;
    Silent log;
    fs::path folder;
};

using NumberFiles = InFolder;

TEST_F(NumberFiles, WhatIsNoRegularFileIsZeroAndIsNotOpened) {
    EXPECT_EQ(read_number_file(folder / "absent"), 0);
    EXPECT_EQ(read_number_file(folder), 0);
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_number_file(folder / "fifo"), 0);
    write(folder / "file", "-12\n");
    EXPECT_EQ(read_number_file(folder / "file"), -12);
    fs::create_symlink("file", folder / "link");
    EXPECT_EQ(read_number_file(folder / "link"), -12);
}

TEST_F(NumberFiles, TheInitialNumberIsWrittenOnceOrAlways) {
    const fs::path path = folder / "file";
    EXPECT_TRUE(write_number_file(path, 7, false).ok());
    EXPECT_EQ(content(path), "7\n");
    EXPECT_TRUE(write_number_file(path, 8, false).ok());
    EXPECT_EQ(content(path), "7\n");
    write(path, "123456789\n");
    EXPECT_TRUE(write_number_file(path, -8, true).ok());
    EXPECT_EQ(content(path), "-8\n");
}

TEST_F(NumberFiles, TheInitialNumberIsWrittenIntoNothingThatLeadsElsewhere) {
    write(folder / "precious", "precious");
    fs::create_symlink("precious", folder / "link");
    EXPECT_FALSE(write_number_file(folder / "link", 7, true).ok());
    fs::create_hard_link(folder / "precious", folder / "second");
    EXPECT_FALSE(write_number_file(folder / "second", 7, true).ok());
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    EXPECT_FALSE(write_number_file(folder / "fifo", 7, true).ok());
    EXPECT_FALSE(write_number_file(folder / "absent" / "file", 7, true).ok());
    EXPECT_FALSE(write_number_file("file", 7, true).ok());
    EXPECT_EQ(content(folder / "precious"), "precious");
}

TEST_F(NumberFiles, AFolderThatAnotherUserLinksElsewhereIsNotEntered) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs another user's file";
    fs::create_directory(folder / "target");
    fs::create_directory_symlink("target", folder / "ours");
    EXPECT_TRUE(write_number_file(folder / "ours" / "file", 7, false).ok());
    fs::create_directory_symlink("target", folder / "theirs");
    ASSERT_EQ(::lchown((folder / "theirs").c_str(), 12345, 12345), 0);
    EXPECT_FALSE(write_number_file(folder / "theirs" / "other", 7, false).ok());
    EXPECT_FALSE(fs::exists(folder / "target" / "other"));
    write(folder / "foreign", "1\n");
    ASSERT_EQ(::chown((folder / "foreign").c_str(), 12345, 12345), 0);
    EXPECT_FALSE(write_number_file(folder / "foreign", 7, true).ok());
}

class TrackedFiles : public InFolder {
  protected:
    static config::v1::Config config_of(const std::vector<fs::path>& paths) {
        config::v1::Config config;
        std::uint64_t id = 0;
        for (const fs::path& path : paths) {
            auto& file = *config.add_track_files();
            file.set_id(++id);
            file.set_name("f" + std::to_string(id));
            file.set_file(path);
        }
        return config;
    }
    void wait_number(std::int64_t number, std::uint64_t id = 1) {
        wait_for([&] { return files.numbers().at(core::ObjectId{id}) == number; });
        EXPECT_EQ(heard[id], number);
    }

    std::map<std::uint64_t, std::int64_t> heard;
    TrackFiles files{loop, log,
                     [this](core::ObjectId id, std::int64_t number) { heard[id.value] = number; }};
};

TEST_F(TrackedFiles, ANumberCountsWhenItsWriterClosesTheFile) {
    const fs::path path = folder / "file";
    files.use(config_of({path}));
    EXPECT_EQ(files.numbers().at(core::ObjectId{1}), 0);
    write(path, "5\n");
    wait_number(5);
    write(path, "-6\n");
    wait_number(-6);
    fs::remove(path);
    wait_number(0);
}

TEST_F(TrackedFiles, AReplacedOrLinkedFileCountsAtOnce) {
    const fs::path path = folder / "file";
    write(path, "1");
    files.use(config_of({path}));
    EXPECT_EQ(files.numbers().at(core::ObjectId{1}), 1);
    write(folder / "new", "2");
    fs::rename(folder / "new", path);
    wait_number(2);
    fs::rename(path, folder / "away");
    wait_number(0);
    fs::create_hard_link(folder / "away", path);
    wait_number(2);
}

TEST_F(TrackedFiles, ALinkIsFollowedAlsoThroughAReplacedFolder) {
    fs::create_directory(folder / "v1");
    fs::create_directory(folder / "v2");
    write(folder / "v1" / "file", "1");
    write(folder / "v2" / "file", "2");
    fs::create_directory_symlink("v1", folder / "data");
    fs::create_symlink("data/file", folder / "file");
    files.use(config_of({folder / "file"}));
    EXPECT_EQ(files.numbers().at(core::ObjectId{1}), 1);
    write(folder / "v1" / "file", "10");
    wait_number(10);
    fs::create_directory_symlink("v2", folder / "next");
    fs::rename(folder / "next", folder / "data");
    wait_number(2);
    write(folder / "v2" / "file", "20");
    wait_number(20);
}

/// Those of the whole process, as the kernel counts them.
std::size_t watches() {
    std::size_t all = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) all += line.starts_with("inotify wd:");
    }
    return all;
}

TEST_F(TrackedFiles, ALinkThatLeadsElsewhereEachTimeUsesUpNoWatches) {
    const fs::path path = folder / "file";
    fs::create_directory(folder / "targets");
    files.use(config_of({path}));
    for (int round = 1; round <= 20; ++round) {
        const fs::path target = folder / "targets" / std::to_string(round);
        write(target, std::to_string(round));
        fs::create_symlink(target, folder / "next");
        fs::rename(folder / "next", path);
        wait_number(round);
    }
    EXPECT_EQ(watches(), 2U);  // the folder, and what the link leads to
    files.use(config_of({folder / "other"}));
    EXPECT_EQ(watches(), 1U);
}

TEST_F(TrackedFiles, AFolderMayVanishAndComeBackOrBeReplaced) {
    const fs::path inner = folder / "a" / "b";
    fs::create_directories(inner);
    write(inner / "file", "1");
    files.use(config_of({inner / "file"}));
    fs::remove_all(folder / "a");
    wait_number(0);
    fs::create_directories(inner);
    write(inner / "file", "2");
    wait_number(2);
    write(inner / "file", "3");
    wait_number(3);
    // Nothing tells of a folder further up that moves away.
    fs::rename(folder / "a", folder / "old");
    wait_number(0);
    fs::rename(folder / "old", folder / "a");
    wait_number(3);
}

TEST_F(TrackedFiles, AReloadWatchesWhatItNames) {
    write(folder / "one", "1");
    write(folder / "two", "2");
    auto config = config_of({folder / "one"});
    files.use(config);
    config = config_of({folder / "one", folder / "two"});
    config.mutable_track_files(0)->set_initial_value(50);
    config.mutable_track_files(0)->set_overwrite(true);
    config.mutable_track_files(1)->set_initial_value(60);
    config.mutable_track_files(1)->set_overwrite(true);
    files.use(config);
    EXPECT_EQ(files.numbers().at(core::ObjectId{1}), 1);  // was there before
    EXPECT_EQ(files.numbers().at(core::ObjectId{2}), 60);
    files.use(config_of({}));
    EXPECT_TRUE(files.numbers().empty());
}

struct MatchCase {
    std::vector<std::string> command;
    bool full;
    Parameters parameters;
    std::string name;
    std::vector<std::string> arguments;
    bool matches;
};

TEST(ProcessMatch, ComparesNamesOrCommandLines) {
    const MatchCase table[] = {
        {{"named"}, false, Parameters::any, "named", {"/usr/sbin/named", "-f"}, true},
        {{"named"}, false, Parameters::any, "named2", {"named"}, false},
        {{"/usr/sbin/named"}, false, Parameters::any, "named", {}, true},
        {{"a-very-long-process-name"}, false, Parameters::any, "a-very-long-pro", {}, true},
        {{"named"}, true, Parameters::any, "named", {"/usr/sbin/named", "-f"}, false},
        {{"/usr/sbin/named"}, true, Parameters::any, "x", {"/usr/sbin/named", "-f"}, true},
        {{"named"}, true, Parameters::exact, "named", {"named"}, true},
        {{"named"}, true, Parameters::exact, "named", {"named", "-f"}, false},
        {{"named", "-f", "a"}, true, Parameters::exact, "named", {"named", "-f", "a"}, true},
        {{"named", "-f", "a"}, true, Parameters::exact, "named", {"named", "-f"}, false},
        {{"named", "-f", "a"}, true, Parameters::exact, "named", {"named", "-f", "ab"}, false},
        {{"named", "-f"}, true, Parameters::partial, "named", {"named", "-f", "a"}, true},
        {{"named", "-f"}, true, Parameters::partial, "named", {"named", "-fx", "a"}, false},
        {{"named", "-f"}, true, Parameters::partial, "named", {"named"}, false},
        {{"named", "-f"}, true, Parameters::initial, "named", {"named", "-fx", "a"}, true},
        {{"named", "-f", "a"}, true, Parameters::initial, "named", {"named", "-fx", "a"}, false},
        {{"named"}, true, Parameters::initial, "named", {"named", "-x"}, true},
        {{"named"}, true, Parameters::any, "named", {}, false},
        {{}, false, Parameters::any, "", {}, false},
    };
    for (const MatchCase& each : table) {
        const ProcessPattern pattern{.id = core::ObjectId{1},
                                     .command = each.command,
                                     .full_command = each.full,
                                     .parameters = each.parameters};
        EXPECT_EQ(matches(pattern, {each.name, each.arguments}), each.matches)
            << ::testing::PrintToString(each.command) << ::testing::PrintToString(each.arguments);
    }
}

TEST(ProcessMatch, ReadsWhatProcShows) {
    EXPECT_EQ(name_in_stat("12 (named) S 1 12"), "named");
    EXPECT_EQ(name_in_stat("12 (a) b) (c) R 1"), "a) b) (c");
    EXPECT_EQ(name_in_stat("12 (named) Z 1 12"), std::nullopt);
    EXPECT_EQ(name_in_stat(""), std::nullopt);
    EXPECT_EQ(name_in_stat("12 (named)"), std::nullopt);
    EXPECT_EQ(words_in_cmdline(std::string("a\0b c\0\0d\0", 9)),
              (std::vector<std::string>{"a", "b c", "", "d"}));
    EXPECT_TRUE(words_in_cmdline("").empty());
}

TEST(ProcessMatch, ParametersMeanTheWholeCommandLine) {
    config::v1::TrackProcess from;
    from.add_command("named");
    EXPECT_EQ(pattern_of(from).parameters, Parameters::any);
    from.add_command("-f");
    EXPECT_EQ(pattern_of(from).parameters, Parameters::exact);
    from.set_parameter_match(config::v1::PARAMETERS_INITIAL);
    EXPECT_EQ(pattern_of(from).parameters, Parameters::initial);
    from.mutable_command()->RemoveLast();
    from.set_parameter_match(config::v1::PARAMETERS_EXACT);
    EXPECT_EQ(pattern_of(from).parameters, Parameters::exact);
}

class TrackedProcesses : public InFolder {
  protected:
    ~TrackedProcesses() override {
        while (!children_.empty()) end_one();
    }
    /// A program of its own name that waits for its end.
    fs::path program() {
        const fs::path path = folder / ("hf" + std::to_string(::getpid()) + "sleeper");
        if (!fs::exists(path)) fs::copy_file("/bin/sleep", path);
        return path;
    }
    void start_one(const std::string& word = "1000", const std::string& second = "") {
        const std::string path = program();
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::execl(path.c_str(), path.c_str(), word.c_str(),
                    second.empty() ? nullptr : second.c_str(), nullptr);
            ::_exit(127);
        }
        children_.push_back(pid);
    }
    void end_one() {
        ::kill(children_.back(), SIGKILL);
        ::waitpid(children_.back(), nullptr, 0);
        children_.pop_back();
    }
    config::v1::Config config_of(const std::vector<std::string>& parameters) {
        config::v1::Config config;
        auto& process = *config.add_track_processes();
        process.set_id(1);
        process.set_name("p");
        process.add_command(program());
        for (const std::string& each : parameters) process.add_command(each);
        process.set_full_command(!parameters.empty());
        return config;
    }
    void wait_count(std::int64_t count) {
        wait_for([&] { return processes.counts().at(core::ObjectId{1}) == count; });
        EXPECT_EQ(heard, count);
    }

    std::int64_t heard = -1;
    ProcessWatch processes{loop, log,
                           [this](core::ObjectId, std::int64_t count) { heard = count; }};

  private:
    std::vector<pid_t> children_;
};

TEST_F(TrackedProcesses, AreCountedFromTheStartOn) {
    start_one();
    processes.use(config_of({}));
    wait_count(1);
    start_one();
    start_one();
    wait_count(3);
    end_one();
    wait_count(2);
    end_one();
    end_one();
    wait_count(0);
}

/// What the kernel still has to tell when it could not tell more is old: a process of which only
/// the beginning was told would count for ever.
TEST_F(TrackedProcesses, AreCountedRightlyAfterEventsWereLost) {
    const fs::path shell = program();
    fs::copy_file("/bin/sh", shell, fs::copy_options::overwrite_existing);
    auto config = config_of({});
    config.mutable_global()->set_process_monitor_rcv_bufs(16384);  // some thirty events
    processes.use(config);
    loop.settle();
    if (!processes.has_events()) GTEST_SKIP() << "the kernel tells nothing here";
    for (const char* fifo : {"fifo", "gate"}) ASSERT_EQ(::mkfifo((folder / fifo).c_str(), 0600), 0);
    const auto until = [&](const std::string& name) {
        return "while [ ! -e " + (folder / name).string() + " ]; do :; done; ";
    };
    const auto make = [&](const std::string& name) {
        return "echo > " + (folder / name).string() + "; ";
    };
    const std::string in_a_child = "(read never < " + (folder / "gate").string() + ") & ";
    start_one("-c", until("go") + "i=0; while [ $i -lt 100 ]; do i=$((i+1)); " + in_a_child +
                        "done; " + make("begun") + "wait; " + make("done") + "read never < " +
                        (folder / "fifo").string());
    wait_count(1);
    // Nothing is read while all of this happens.
    write(folder / "go", "");
    while (!fs::exists(folder / "begun")) ::usleep(1000);
    const core::UniqueFd gate(::open((folder / "gate").c_str(), O_RDWR | O_CLOEXEC));
    const std::string lines(1000, '\n');
    ASSERT_EQ(::write(gate.get(), lines.data(), lines.size()), 1000);
    while (!fs::exists(folder / "done")) ::usleep(1000);
    bool lost = false;
    loop::Timer later(loop, [&] { lost = true; });
    later.after(std::chrono::milliseconds{500});  // looks at /proc again after 200 ms
    loop.run_until([&] { return lost; });
    wait_count(1);
    end_one();
    wait_count(0);
}

class ToldValues : public InFolder {
  protected:
    std::vector<std::int64_t> told;
    Tracking tracking{loop, log, [this](const messages::v1::ToVrrpd& message) {
                          told.push_back(message.tracked_value().value());
                      }};
};

/// Whoever may write a file may do so as often as he likes.
TEST_F(ToldValues, AreNotToldMoreOftenThanOthersCanBear) {
    config::v1::Config config;
    auto& file = *config.add_track_files();
    file.set_id(1);
    file.set_file(folder / "file");
    tracking.use(config);
    tracking.tell_all();
    ASSERT_EQ(told, (std::vector<std::int64_t>{0}));
    const core::Instant begin = loop.now();
    for (int round = 1; round <= 50; ++round) {
        const std::size_t before = told.size();
        write(folder / "file", std::to_string(round));
        // The first ones at once, later ones only in passing.
        if (round <= 5) {
            wait_for([&] { return told.size() > before; });
        } else {
            loop.settle();
        }
    }
    wait_for([&] { return told.back() == 50; });
    EXPECT_LE(told.size(),
              7U + 5 * static_cast<std::size_t>((loop.now() - begin) / std::chrono::seconds{1}));
}

TEST_F(TrackedProcesses, AreToldApartByTheirParameters) {
    start_one("1001");
    processes.use(config_of({"1002"}));
    start_one("1002");
    wait_count(1);
    start_one("1002");
    wait_count(2);
    processes.use(config_of({"1001"}));
    wait_count(1);
    processes.use({});
    EXPECT_TRUE(processes.counts().empty());
}

}  // namespace
}  // namespace holdfast::supervisor
