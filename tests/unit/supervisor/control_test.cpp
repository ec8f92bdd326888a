#include "supervisor/control.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::supervisor {
namespace {

using messages::v1::CtlReply;
using messages::v1::CtlRequest;

class Counting : public ControlBackend {
  public:
    void answer(const CtlRequest&, const Caller&, Reply reply) override {
        ++asked;
        CtlReply last;
        last.set_last(true);
        reply(last);
    }
    int asked = 0;
};

class ControlSockets : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "holdfast-control-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        ASSERT_TRUE(control_.listen(folder_));
    }
    void TearDown() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    core::UniqueFd connect(const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = folder_ + "/" + name;
        std::memcpy(address.sun_path, path.data(), path.size());
        core::UniqueFd client(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        EXPECT_EQ(
            ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
        loop_.settle();
        return client;
    }
    bool ask(const core::UniqueFd& client) {
        CtlRequest request;
        request.set_verb(messages::v1::VERB_SHOW_PROCESSES);
        const std::string bytes = request.SerializeAsString();
        if (::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return false;
        loop_.settle();
        char answer[64];
        return ::recv(client.get(), answer, sizeof answer, MSG_DONTWAIT) > 0;
    }

    std::string folder_;
    loop::Loop loop_;
    std::unique_ptr<log::Logger> log_ = log::make_null_logger();
    Counting backend_;
    Control control_{loop_, *log_, backend_};
};

TEST_F(ControlSockets, WhoOnlyLooksKeepsNobodyFromActing) {
    std::vector<core::UniqueFd> lookers;
    for (int i = 0; i < 16; ++i) lookers.push_back(connect("status.sock"));
    EXPECT_TRUE(ask(lookers.back()));
    EXPECT_FALSE(ask(connect("status.sock")));
    EXPECT_TRUE(ask(connect("control.sock")));
}

TEST_F(ControlSockets, AFloodEndsItsClient) {
    const core::UniqueFd flooding = connect("status.sock");
    constexpr int kFlood = 100000;
    int answered = 0;
    while (answered < kFlood && ask(flooding)) ++answered;
    EXPECT_LT(answered, kFlood);
    EXPECT_TRUE(ask(connect("control.sock")));
}

TEST_F(ControlSockets, AClientThatLeavesMakesRoom) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(ask(connect("status.sock")));
        loop_.settle();
    }
}

}  // namespace
}  // namespace holdfast::supervisor
