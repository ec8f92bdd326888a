#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "lib/log/logger.hpp"
#include "lib/log/sinks.hpp"

namespace holdfast::log {
namespace {

struct Ends {
    core::UniqueFd reader;
    core::UniqueFd writer;
};

Ends make_pipe(int flags) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | flags), 0);
    return {core::UniqueFd(ends[0]), core::UniqueFd(ends[1])};
}

std::string read_all(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    std::string all;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got <= 0) return all;
        all.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

/// Fills the pipe so that nothing more fits.
void stuff(const Ends& pipe) {
    const int flags = ::fcntl(pipe.writer.get(), F_GETFL);
    ::fcntl(pipe.writer.get(), F_SETFL, flags | O_NONBLOCK);
    const std::string block(4096, 'x');
    while (::write(pipe.writer.get(), block.data(), block.size()) > 0) {
    }
    ::fcntl(pipe.writer.get(), F_SETFL, flags);
}

TEST(ConsoleLine, IsTheEventAndTheText) {
    EXPECT_EQ(console_line("VRRP_STATE", "VI_1 backup->active"),
              "VRRP_STATE VI_1 backup->active\n");
}

TEST(ConsoleLine, IsOneLineWhateverTheTextHolds) {
    EXPECT_EQ(console_line("X", "a\nb\tc\\d\x1b[2J\x7f\r"), "X a\\nb\\tc\\\\d\\x1b[2J\\x7f\\x0d\n");
}

TEST(ConsoleLine, LeavesLettersOutsideAsciiAlone) {
    EXPECT_EQ(console_line("X", "Zürich"), "X Zürich\n");
}

TEST(ConsoleLine, IsCutSoThatAPipeTakesItAsOnePiece) {
    const std::string line = console_line("X", std::string(100000, 'a'));
    EXPECT_LT(line.size(), kMaxConsoleLine);
    EXPECT_EQ(line.back(), '\n');
}

TEST(ConsoleLogger, LeavesOutWhatIsBelowItsLevel) {
    Ends pipe = make_pipe(0);
    const auto log = make_logger({.descriptor = std::move(pipe.writer)});
    log->debug("A", "hidden");
    log->info("B", "shown");
    log->set_level(Level::error);
    log->warning("C", "hidden");
    EXPECT_EQ(read_all(pipe.reader.get()), "B shown\n");
}

class FullConsole : public ::testing::TestWithParam<int> {};

TEST_P(FullConsole, IsNotWaitedForAndTheLossIsToldWithTheNextLine) {
    Ends pipe = make_pipe(GetParam());
    stuff(pipe);
    const auto log = make_logger({.descriptor = std::move(pipe.writer)});
    log->notice("A", "lost");
    log->notice("B", "lost");
    (void)read_all(pipe.reader.get());
    log->notice("C", "arrives");
    EXPECT_EQ(read_all(pipe.reader.get()),
              "LOG_DROPPED 2 lines before this one were lost\nC arrives\n");
}
INSTANTIATE_TEST_SUITE_P(BlockingOrNot, FullConsole, ::testing::Values(0, O_NONBLOCK));

TEST(ConsoleLogger, DoesNotWaitForASocketThatIsFull) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const core::UniqueFd reader(ends[0]);
    const auto log = make_logger({.descriptor = core::UniqueFd(ends[1])});
    for (int i = 0; i < 1000; ++i) log->notice("A", std::string(4000, 'x'));
    (void)read_all(reader.get());
    log->notice("B", "arrives");
    const std::string rest = read_all(reader.get());
    EXPECT_NE(rest.find("LOG_DROPPED "), std::string::npos);
    EXPECT_NE(rest.find("\nB arrives\n"), std::string::npos);
}

TEST(ConsoleLogger, OutlivesAReaderThatWentAway) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ::close(ends[0]);
    const auto log = make_logger({.descriptor = core::UniqueFd(ends[1])});
    log->notice("A", "nobody hears it");
}

TEST(Logger, WithoutADescriptorForgetsEverything) {
    make_logger({})->error("A", "nowhere");
}

}  // namespace
}  // namespace holdfast::log
