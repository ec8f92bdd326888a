#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "proto/config.pb.h"
#include "supervisor/child.hpp"
#include "supervisor/file_rights.hpp"
#include "supervisor/pid_files.hpp"
#include "supervisor/run_dir.hpp"
#include "supervisor/sd_notify.hpp"
#include "supervisor/state_files.hpp"

namespace holdfast::supervisor {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
  protected:
    Files() {
        std::string pattern = (fs::temp_directory_path() / "holdfast-files-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~Files() override { fs::remove_all(folder_); }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream file(path(name));
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] mode_t mode(const std::string& name) const {
        struct stat found {};
        EXPECT_EQ(::lstat(path(name).c_str(), &found), 0);
        return found.st_mode & 07777;
    }
    std::string folder_;
};

TEST_F(Files, APidFileHoldsThePidAndOneNewline) {
    auto file = PidFile::claim(path("a.pid"));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(4711));
    EXPECT_EQ(read("a.pid"), "4711\n");
    ASSERT_TRUE(file->write(12));
    EXPECT_EQ(read("a.pid"), "12\n");
    EXPECT_EQ(mode("a.pid"), 0644U);
}

TEST_F(Files, APidFileIsRemovedWithItsOwner) {
    { ASSERT_TRUE(PidFile::claim(path("a.pid"))); }
    EXPECT_FALSE(fs::exists(path("a.pid")));
}

TEST_F(Files, APidFileThatSomebodyHoldsIsBusyAndStays) {
    auto first = PidFile::claim(path("a.pid"));
    ASSERT_TRUE(first && first->write(1));
    const auto second = PidFile::claim(path("a.pid"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), EBUSY);
    EXPECT_EQ(read("a.pid"), "1\n");
}

TEST_F(Files, APidFileNobodyHoldsIsTakenOver) {
    std::ofstream(path("a.pid")) << "99999\n";
    auto file = PidFile::claim(path("a.pid"));
    ASSERT_TRUE(file && file->write(5));
    EXPECT_EQ(read("a.pid"), "5\n");
}

TEST_F(Files, APidFileThatWasRemovedMeanwhileIsWrittenAgain) {
    auto file = PidFile::claim(path("a.pid"));
    ASSERT_TRUE(file && file->write(5));
    fs::remove(path("a.pid"));
    ASSERT_TRUE(file->write(6));
    EXPECT_EQ(read("a.pid"), "6\n");
}

TEST_F(Files, APidFileIsNeverWrittenThroughALink) {
    std::ofstream(path("precious")) << "keep";
    fs::create_symlink(path("precious"), path("a.pid"));
    EXPECT_FALSE(PidFile::claim(path("a.pid")));
    EXPECT_EQ(read("precious"), "keep");
}

TEST_F(Files, TheRunFolderHasItsModesWhateverTheUmask) {
    const mode_t before = ::umask(0077);
    auto dir = RunDir::open(path("run/i-1"));
    ::umask(before);
    ASSERT_TRUE(dir) << dir.error().text();
    EXPECT_EQ(mode("run/i-1"), 0755U);
    EXPECT_EQ(mode("run/i-1/state"), 0700U);
    EXPECT_EQ(mode("run/i-1/empty"), 0755U);
    EXPECT_EQ(dir->found(), RunDir::Found::fresh);
}

TEST(FileRights, AreThoseOfTheUmaskThatIsWishedOrKeepalivedsOwn) {
    config::v1::GlobalDefs global;
    const FileRights usual = file_rights(std::nullopt, global);
    EXPECT_EQ(usual.pipe, 0600U);
    EXPECT_EQ(usual.number, 0600U);
    EXPECT_EQ(usual.script_umask, 022U);
    global.set_umask("0027");
    const FileRights written = file_rights(std::nullopt, global);
    EXPECT_EQ(written.pipe, 0640U);
    EXPECT_EQ(written.number, 0640U);
    EXPECT_EQ(written.script_umask, 027U);
    const FileRights option = file_rights(02, global);
    EXPECT_EQ(option.pipe, 0644U);
    EXPECT_EQ(option.number, 0664U);
    EXPECT_EQ(option.script_umask, 02U);
}

TEST_F(Files, TheFolderOfOneCopyGoesWithItAndComesAgain) {
    {
        auto dir = RunDir::open(path("run/i-1"));
        ASSERT_TRUE(dir);
        dir->clear();
    }
    EXPECT_FALSE(fs::exists(path("run/i-1")));
    EXPECT_TRUE(RunDir::open(path("run/i-1")));
}

TEST_F(Files, ALockThatUnknownProcessesHoldIsRefused) {
    auto dir = RunDir::open(path("run"));
    ASSERT_TRUE(dir);
    const auto second = RunDir::open(path("run"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), EBUSY);
}

TEST_F(Files, TheChildrenFileIsReadAsItWasWritten) {
    const ChildrenFile file{std::chrono::milliseconds(3000),
                            {{"supervisor", 100, 12345}, {"vrrpd", 101, 12346}}};
    EXPECT_EQ(parse_children(to_text(file)), file);
}

TEST_F(Files, HalfAChildrenFileGivesWhatMakesSense) {
    const ChildrenFile file = parse_children("grace 3000\nvrrpd 101 12346\nipvsd 10");
    EXPECT_EQ(file.restart_grace.count(), 3000);
    ASSERT_EQ(file.processes.size(), 1U);
    EXPECT_EQ(file.processes[0].pid, 101);
    EXPECT_TRUE(parse_children("vrrpd 1 1\nvrrpd -1 1\n").processes.empty());
}

TEST_F(Files, AProcessIsNamedByPidAndStartTime) {
    EXPECT_TRUE(start_time_of(::getpid()).has_value());
    EXPECT_FALSE(start_time_of(0x3fffffff).has_value());
}

TEST_F(Files, AStateFileIsBackedAndPrivate) {
    auto dir = RunDir::open(path("run"));
    ASSERT_TRUE(dir);
    auto files = StateFiles::in(path("run"));
    ASSERT_TRUE(files) << files.error().text();
    auto file = files->open("vrrpd", 10000);
    ASSERT_TRUE(file) << file.error().text();
    struct stat found {};
    ASSERT_EQ(::fstat(file->get(), &found), 0);
    EXPECT_GE(found.st_size, 10000);
    EXPECT_GE(found.st_blocks * 512, 10000);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
    EXPECT_TRUE(files->exists("vrrpd"));
    files->remove();
    EXPECT_FALSE(files->exists("vrrpd"));
}

TEST_F(Files, AStateFileThatIsLargeEnoughIsKept) {
    auto dir = RunDir::open(path("run"));
    auto files = StateFiles::in(path("run"));
    ASSERT_TRUE(dir && files);
    auto first = files->open("vrrpd", 4096);
    ASSERT_TRUE(first);
    ASSERT_EQ(::pwrite(first->get(), "x", 1, 0), 1);
    auto second = files->open("vrrpd", 4000);
    ASSERT_TRUE(second);
    char byte = 0;
    EXPECT_EQ(::pread(second->get(), &byte, 1, 0), 1);
    EXPECT_EQ(byte, 'x');
    files->remove();
}

TEST_F(Files, ALargerStateFileWaitsBesideTheOldOne) {
    auto dir = RunDir::open(path("run"));
    auto files = StateFiles::in(path("run"));
    ASSERT_TRUE(dir && files && files->open("vrrpd", 4096));
    const auto enough = files->open_larger("vrrpd", 4096);
    ASSERT_TRUE(enough);
    EXPECT_FALSE(*enough);
    auto larger = files->open_larger("vrrpd", 8192);
    ASSERT_TRUE(larger && *larger);
    ASSERT_EQ(::pwrite(larger->get(), "y", 1, 0), 1);
    files->drop_larger("vrrpd");
    files->replace_by_larger("vrrpd");  // nothing is there any more
    EXPECT_EQ(fs::file_size(files->folder() + "/vrrpd"), 4096U);
    larger = files->open_larger("vrrpd", 8192);
    ASSERT_TRUE(larger && *larger);
    files->replace_by_larger("vrrpd");
    EXPECT_EQ(fs::file_size(files->folder() + "/vrrpd"), 8192U);
    files->remove();
}

TEST_F(Files, TellsTheServiceManagerAndHidesItFromScripts) {
    const std::string where = path("notify");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, where.c_str(), sizeof address.sun_path - 1);
    const int manager = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    ASSERT_EQ(::bind(manager, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", where.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "4000000", 1);
    const SdNotify notify = SdNotify::from_environment();
    EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr);
    EXPECT_EQ(notify.watchdog_period(), core::Interval(2000000));
    notify.ready("2 daemons");
    char text[256] = {};
    ASSERT_GT(::recv(manager, text, sizeof text - 1, 0), 0);
    EXPECT_NE(std::string(text).find("READY=1\nMAINPID="), std::string::npos);
    notify.reloading(core::Instant(core::Interval(77)));
    std::memset(text, 0, sizeof text);
    ASSERT_GT(::recv(manager, text, sizeof text - 1, 0), 0);
    EXPECT_EQ(std::string(text), "RELOADING=1\nMONOTONIC_USEC=77");
    ::close(manager);
}

TEST_F(Files, WithoutAServiceManagerNothingHappens) {
    ::unsetenv("NOTIFY_SOCKET");
    SdNotify::from_environment().ready("alone");
}

}  // namespace
}  // namespace holdfast::supervisor
