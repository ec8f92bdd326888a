#include "ctl/client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

namespace holdfast::ctl {
namespace {

using namespace std::chrono_literals;
using messages::v1::CtlReply;
using messages::v1::CtlRequest;

class ClientTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "holdfastctl-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// A listener that answers one question with `frames`.
    std::thread serve(std::vector<std::string> frames) {
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        const std::string path = folder_ + "/status.sock";
        std::memcpy(where.sun_path, path.c_str(), path.size() + 1);
        listener_ = core::UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        return std::thread([this, frames = std::move(frames)] {
            const core::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            std::array<char, 4096> buffer{};
            EXPECT_GT(::recv(client.get(), buffer.data(), buffer.size(), 0), 0);
            for (const std::string& frame : frames) {
                EXPECT_EQ(::send(client.get(), frame.data(), frame.size(), MSG_NOSIGNAL),
                          static_cast<ssize_t>(frame.size()));
            }
        });
    }

    static CtlRequest show_vrrp() {
        CtlRequest request;
        request.set_verb(messages::v1::VERB_SHOW_VRRP);
        return request;
    }

    std::string folder_;
    core::UniqueFd listener_;
};

std::string reply_frame(bool last) {
    CtlReply reply;
    reply.set_last(last);
    return reply.SerializeAsString();
}

TEST_F(ClientTest, CollectsPartsUntilTheLast) {
    std::thread server = serve({reply_frame(false), reply_frame(true)});
    const auto replies = ask(folder_, show_vrrp(), 30s);
    server.join();
    ASSERT_TRUE(replies) << replies.error().text();
    EXPECT_EQ(replies->size(), 2U);
}

TEST_F(ClientTest, SaysThatNobodyListens) {
    EXPECT_EQ(ask(folder_, show_vrrp(), 1s).error().code(), ENOENT);
}

TEST_F(ClientTest, NoticesThatTheConnectionEndsEarly) {
    std::thread server = serve({reply_frame(false)});
    const auto replies = ask(folder_, show_vrrp(), 30s);
    server.join();
    EXPECT_EQ(replies.error().code(), ECONNRESET);
}

TEST_F(ClientTest, RefusesGarbage) {
    std::thread server = serve({"\xff\xff\xff"});
    const auto replies = ask(folder_, show_vrrp(), 30s);
    server.join();
    EXPECT_FALSE(replies);
}

TEST_F(ClientTest, GivesUpWhenNothingComes) {
    listener_ = core::UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    const std::string path = folder_ + "/status.sock";
    std::memcpy(where.sun_path, path.c_str(), path.size() + 1);
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
    ASSERT_EQ(::listen(listener_.get(), 1), 0);
    EXPECT_EQ(ask(folder_, show_vrrp(), 20ms).error().code(), ETIMEDOUT);
}

}  // namespace
}  // namespace holdfast::ctl
