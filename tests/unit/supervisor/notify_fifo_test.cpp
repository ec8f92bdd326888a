#include "supervisor/notify_fifo.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "supervisor/notify_fifos.hpp"

namespace holdfast::supervisor {
namespace {

namespace fs = std::filesystem;

class NotifyFifoTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "fifo-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    [[nodiscard]] NotifyFifo::Wish wish(const std::string& name) const {
        return {path(name), ::geteuid(), ::getegid()};
    }
    [[nodiscard]] static core::UniqueFd reader(const std::string& path) {
        return core::UniqueFd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    static std::string read(const core::UniqueFd& from) {
        std::string all;
        std::array<char, 4096> buffer{};
        for (ssize_t got = 0; (got = ::read(from.get(), buffer.data(), buffer.size())) > 0;) {
            all.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return all;
    }

    std::string folder_;
};

TEST_F(NotifyFifoTest, IsMadeForItsUserOnlyAndGoesWithItsMaker) {
    {
        const auto made = NotifyFifo::open(wish("p"), 0600);
        ASSERT_TRUE(made) << made.error().text();
        struct stat found {};
        ASSERT_EQ(::stat(path("p").c_str(), &found), 0);
        EXPECT_TRUE(S_ISFIFO(found.st_mode));
        EXPECT_EQ(found.st_mode & 07777U, 0600U);
    }
    EXPECT_FALSE(fs::exists(path("p")));
}

TEST_F(NotifyFifoTest, ThatWasThereStaysThere) {
    ASSERT_EQ(::mkfifo(path("p").c_str(), 0640), 0);
    ASSERT_TRUE(NotifyFifo::open(wish("p"), 0600));
    EXPECT_TRUE(fs::exists(path("p")));
}

TEST_F(NotifyFifoTest, DoesNotRemoveWhatSomebodyElsePutInItsPlace) {
    {
        const auto made = NotifyFifo::open(wish("p"), 0600);
        ASSERT_TRUE(made);
        fs::remove(path("p"));
        std::ofstream(path("p")) << "mine";
    }
    EXPECT_TRUE(fs::exists(path("p")));
}

TEST_F(NotifyFifoTest, RefusesWhatIsNoPipeOfOurs) {
    std::ofstream(path("file")) << "";
    EXPECT_EQ(NotifyFifo::open(wish("file"), 0600).error().text(), path("file") + " is no pipe");
    ASSERT_EQ(::mkfifo(path("p").c_str(), 0600), 0);
    fs::create_symlink(path("p"), path("link"));
    EXPECT_EQ(NotifyFifo::open(wish("link"), 0600).error().text(), path("link") + " is no pipe");
    EXPECT_FALSE(NotifyFifo::open(wish("missing/p"), 0600));
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(path("p").c_str(), 4242, 4242), 0);
    EXPECT_NE(NotifyFifo::open(wish("p"), 0600).error().text().find("belongs to uid 4242"),
              std::string::npos);
    EXPECT_TRUE(NotifyFifo::open({path("p"), 4242, 4242}, 0600)) << "unless it is that user's";
}

TEST_F(NotifyFifoTest, BelongsToTheUserWhoWasNamed) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const auto made = NotifyFifo::open({path("p"), 4242, 4243}, 0640);
    ASSERT_TRUE(made);
    struct stat found {};
    ASSERT_EQ(::stat(path("p").c_str(), &found), 0);
    EXPECT_EQ(found.st_uid, 4242U);
    EXPECT_EQ(found.st_gid, 4243U);
}

/// The pipes of a configuration.
class NotifyFifosTest : public NotifyFifoTest {
  protected:
    void use(bool common, bool vrrp, bool services) {
        config::v1::GlobalDefs global;
        if (common) global.mutable_notify_fifo()->set_path(path("common"));
        if (vrrp) global.mutable_vrrp_notify_fifo()->set_path(path("vrrp"));
        if (services) global.mutable_lvs_notify_fifo()->set_path(path("services"));
        fifos_.use(global, {}, 0600);
    }
    void close() {
        bool closed = false;
        fifos_.close([&] { closed = true; });
        loop_.run_until([&] { return closed; });
    }

    loop::Loop loop_;
    std::unique_ptr<log::Logger> log_ = log::make_null_logger();
    NotifyFifos fifos_{loop_, *log_};
};

TEST_F(NotifyFifosTest, HearWhatIsTheirs) {
    use(true, true, true);
    const auto common = reader(path("common"));
    const auto vrrp = reader(path("vrrp"));
    const auto services = reader(path("services"));
    fifos_.say(NotifyFifos::Topic::vrrp, "one\n");
    fifos_.say(NotifyFifos::Topic::services, "two\n");
    EXPECT_EQ(read(common), "one\ntwo\n");
    EXPECT_EQ(read(vrrp), "one\n");
    EXPECT_EQ(read(services), "two\n");
}

TEST_F(NotifyFifosTest, StayOpenOverAReloadThatDoesNotChangeThem) {
    use(true, true, false);
    const auto common = reader(path("common"));
    const auto vrrp = reader(path("vrrp"));
    use(true, false, false);
    fifos_.say(NotifyFifos::Topic::vrrp, "one\n");
    EXPECT_EQ(read(common), "one\n");
    char octet = 0;
    EXPECT_EQ(::read(vrrp.get(), &octet, 1), 0) << "the end of the file";
    EXPECT_FALSE(fs::exists(path("vrrp")));
}

TEST_F(NotifyFifosTest, DropWhatNobodyReadsAndGoOn) {
    use(true, false, false);
    const std::string line = std::string(99, 'x') + "\n";
    for (int i = 0; i < 10'000; ++i) fifos_.say(NotifyFifos::Topic::vrrp, line);
    const auto common = reader(path("common"));
    const std::string kept = read(common);
    EXPECT_EQ(kept.size() % line.size(), 0U) << "no line is cut";
    EXPECT_LT(kept.size(), 10'000U * line.size());
    fifos_.say(NotifyFifos::Topic::vrrp, "again\n");
    EXPECT_EQ(read(common), "again\n");
}

TEST_F(NotifyFifosTest, AreGoneAfterwards) {
    use(true, true, true);
    close();
    EXPECT_TRUE(fs::is_empty(folder_));
}

/// With a reader that copies its pipe, whose path is its last argument.
TEST_F(NotifyFifosTest, StartTheirReaderAndLetItReadToTheEnd) {
    config::v1::Config config;
    auto& global = *config.mutable_global();
    global.set_script_user(std::to_string(::getuid()));
    global.mutable_notify_fifo()->set_path(path("common"));
    for (const std::string& word :
         {std::string("/bin/sh"), std::string("-c"), "exec cat \"$0\" > " + path("copy")}) {
        global.mutable_notify_fifo_script()->add_argv(word);
    }
    const ScriptBook book(config, *log_, 022);
    fifos_.use(global, book, 0600);
    fifos_.use(global, book, 0600);  // a second reader would take every other line
    fifos_.say(NotifyFifos::Topic::vrrp, "one\n");
    // Nothing tells the loop of that, so it looks again and again.
    std::unique_ptr<loop::Timer> tick;
    tick =
        std::make_unique<loop::Timer>(loop_, [&] { tick->after(std::chrono::milliseconds(10)); });
    tick->after({});
    loop_.run_until([&] { return fs::exists(path("copy")) && fs::file_size(path("copy")) > 0; });
    fifos_.say(NotifyFifos::Topic::vrrp, "two\n");
    close();
    std::ifstream copy(path("copy"));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(copy), {}), "one\ntwo\n");
}

}  // namespace
}  // namespace holdfast::supervisor
