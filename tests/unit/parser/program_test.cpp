// The real program at the other end of a socket, as the supervisor starts it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <set>
#include <string>

#include "lib/ipc/channel.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "proto/config.pb.h"
#include "proto/shown_config.pb.h"
#include "proto/supervisor.pb.h"
#include "tests/unit/parser/temporary_folder.hpp"

namespace holdfast::parser {
namespace {

using messages::v1::ToSupervisor;

/// A started parser; killed and reaped when it goes.
class Program {
  public:
    Program() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
        ours_ = core::UniqueFd(ends[0]);
        const core::UniqueFd theirs(ends[1]);
        posix_spawn_file_actions_t actions{};
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 3);
        std::array<char*, 3> words = {const_cast<char*>("parser"), const_cast<char*>("--"),
                                      nullptr};
        std::array<char*, 2> environment = {const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
        EXPECT_EQ(::posix_spawn(&pid_, HOLDFAST_PARSER, &actions, nullptr, words.data(),
                                environment.data()),
                  0);
        ::posix_spawn_file_actions_destroy(&actions);
        for (core::UniqueFd& memory : memories_) {
            memory = std::move(ipc::make_memory("test")).value();
        }
    }
    ~Program() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void ask(const std::string& file, const std::vector<std::string>& folders) {
        messages::v1::ParseRequest request;
        request.set_file(file);
        ask(request, folders);
    }
    void ask(const messages::v1::ParseRequest& request, const std::vector<std::string>& folders) {
        messages::v1::ToParser message;
        *message.mutable_parse() = request;
        message.mutable_parse()->set_config_id("node1");
        std::vector<core::UniqueFd> opened;
        std::vector<int> descriptors;
        for (const core::UniqueFd& memory : memories_) {
            if (!request.test()) descriptors.push_back(memory.get());
        }
        for (const std::string& folder : folders) {
            message.mutable_parse()->add_folders(folder);
            opened.emplace_back(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
            descriptors.push_back(opened.back().get());
        }
        send(message.SerializeAsString(), descriptors);
    }

    /// All it says until its end.
    std::vector<ToSupervisor> listen() {
        std::vector<ToSupervisor> heard;
        std::string bytes(ipc::kMaxFrame, '\0');
        while (true) {
            const ssize_t got = ::recv(ours_.get(), bytes.data(), bytes.size(), 0);
            if (got <= 0) return heard;
            EXPECT_TRUE(ipc::parse(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)),
                                   heard.emplace_back())
                            .ok());
        }
    }

    config::v1::Config part(std::size_t index) {
        config::v1::Config config;
        EXPECT_TRUE(config.ParseFromFileDescriptor(memories_[index].get()));
        return config;
    }
    messages::v1::ShownConfig written() {
        messages::v1::ShownConfig shown;
        EXPECT_TRUE(shown.ParseFromFileDescriptor(memories_[4].get()));
        return shown;
    }
    void rewind() {
        for (const core::UniqueFd& memory : memories_) ::lseek(memory.get(), 0, SEEK_SET);
    }

  private:
    void send(std::string bytes, const std::vector<int>& descriptors) {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(64 * sizeof(int))> control{};
        iovec piece{bytes.data(), bytes.size()};
        msghdr header{};
        header.msg_iov = &piece;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size() * sizeof(int));
        EXPECT_GT(::sendmsg(ours_.get(), &header, MSG_NOSIGNAL), 0);
    }

    core::UniqueFd ours_;
    pid_t pid_ = -1;
    std::array<core::UniqueFd, 5> memories_;
};

constexpr const char* kUsable = R"(
global_defs {
    dynamic_interfaces
    enable_script_security
    script_user root
}
vrrp_instance VI_1 {
    interface holdfast9
    virtual_router_id 51
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress { 192.0.2.10 }
    notify /bin/sh
}
)";

TEST(Parser, WritesEachRolesPartAndSaysSo) {
    const TemporaryFolder folder;
    const std::string file = folder.write("main.conf", kUsable);
    Program parser;
    parser.ask(file, {folder.path()});
    const std::vector<ToSupervisor> heard = parser.listen();
    ASSERT_FALSE(heard.empty());
    EXPECT_TRUE(heard.front().has_hello());
    const auto& done = heard.back().parse_done();
    EXPECT_TRUE(done.usable());
    EXPECT_EQ(done.test_status(), 0U);
    parser.rewind();
    EXPECT_EQ(parser.part(0).vrrp_instances(0).authentication().password(), "secret");
    EXPECT_EQ(parser.part(1).vrrp_instances_size(), 0);
    EXPECT_FALSE(parser.part(2).vrrp_instances(0).has_authentication());
    EXPECT_TRUE(parser.part(3).vrrp_instances(0).notify().has_any());
}

TEST(Parser, TellsWhatIsWrongInOrder) {
    const TemporaryFolder folder;
    const std::string file = folder.write("main.conf", "vrrp_instanze A {\n}\nrubbish\n");
    Program parser;
    parser.ask(file, {folder.path()});
    const std::vector<ToSupervisor> heard = parser.listen();
    ASSERT_GE(heard.size(), 4U);
    EXPECT_EQ(heard[1].diagnostic().line(), 1U);
    EXPECT_EQ(heard[1].diagnostic().class_name(), "unknown_keyword");
    EXPECT_NE(heard[1].diagnostic().rendered().find("did you mean vrrp_instance?"),
              std::string::npos);
    EXPECT_EQ(heard.back().parse_done().test_status(), 5U);
}

TEST(Parser, HandsOverWhatWasWrittenWithoutSecrets) {
    const TemporaryFolder folder;
    const std::string file = folder.write("main.conf", kUsable);
    Program parser;
    parser.ask(file, {folder.path()});
    EXPECT_TRUE(parser.listen().back().parse_done().usable());
    parser.rewind();
    const messages::v1::ShownConfig shown = parser.written();
    EXPECT_EQ(shown.config().vrrp_instances(0).authentication().password(), "********");
    EXPECT_EQ(shown.SerializeAsString().find("secret"), std::string::npos);
    EXPECT_FALSE(shown.config().vrrp_instances(0).has_id());  // as written, not as resolved
    ASSERT_EQ(shown.files_size(), 1);
    EXPECT_EQ(shown.files(0), file);
    EXPECT_GE(shown.origins_size(), 2);
}

TEST(Parser, TellsATestAllFindingsAsOneTextAndWritesNothing) {
    const TemporaryFolder folder;
    const std::string file = folder.write("main.conf", "rubbish\n");
    messages::v1::ParseRequest request;
    request.set_file(file);
    request.set_test(true);
    Program parser;
    parser.ask(request, {folder.path()});
    const std::vector<ToSupervisor> heard = parser.listen();
    ASSERT_EQ(heard.size(), 3U);
    EXPECT_EQ(heard[1].report_text().text(),
              file +
                  ":1:1: error: unknown keyword 'rubbish' in the top level\n"
                  "    1 | rubbish\n"
                  "      | ^~~~~~~\n"
                  "1 error; keepalived would exit with 5\n");
    EXPECT_EQ(heard.back().parse_done().errors(), 1U);
}

TEST(Parser, SeesTheEnvironmentThatItIsGivenAndNoOther) {
    const TemporaryFolder folder;
    const std::string file =
        folder.write("main.conf",
                     "vrrp_instance ${_ENV SITE} {\n ${_ENV PATH}\n interface eth9\n "
                     "virtual_router_id 51\n virtual_ipaddress { 192.0.2.10 }\n}\n");
    messages::v1::ParseRequest request;
    request.set_file(file);
    auto& variable = *request.add_environment();
    variable.set_name("SITE");
    variable.set_value("vienna");
    Program parser;
    parser.ask(request, {folder.path()});
    EXPECT_TRUE(parser.listen().back().parse_done().usable());
    parser.rewind();
    EXPECT_EQ(parser.part(0).vrrp_instances(0).name(), "vienna");
}

TEST(Parser, MissingIncludesAreErrorsWhenAskedSo) {
    const TemporaryFolder folder;
    messages::v1::ParseRequest request;
    request.set_file(folder.write("main.conf", std::string("include gone.conf\n") + kUsable));
    request.set_all_include_checks(true);
    Program parser;
    parser.ask(request, {folder.path()});
    EXPECT_EQ(parser.listen().back().parse_done().test_status(), 6U);
}

TEST(Parser, AsksForAFolderThatItMayNotRead) {
    const TemporaryFolder folder;
    const std::string other = folder.write("other/part.conf", "");
    const std::string file = folder.write("main/main.conf", "include " + other + "\n");
    Program parser;
    parser.ask(file, {folder.path("main")});
    const std::vector<ToSupervisor> heard = parser.listen();
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[1].need_folder().path(), folder.path("other"));
    EXPECT_EQ(heard[1].need_folder().named_by(), file);
    EXPECT_EQ(heard[1].need_folder().line(), 1U);
}

TEST(Parser, ReadsAFolderThatItIsGivenMore) {
    const TemporaryFolder folder;
    const std::string other = folder.write("other/part.conf", kUsable);
    const std::string file = folder.write("main/main.conf", "include " + other + "\n");
    Program parser;
    parser.ask(file, {folder.path("main"), folder.path("other")});
    EXPECT_TRUE(parser.listen().back().parse_done().usable());
    parser.rewind();
    EXPECT_EQ(parser.part(0).vrrp_instances_size(), 1);
}

TEST(Parser, SeesAddressesOfInterfacesAndNamesOfNumbers) {
    const TemporaryFolder folder;
    const std::string file = folder.write("main.conf", R"(
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress { 127.0.0.1/32 dev lo }
    virtual_routes { 198.51.100.0/24 dev lo table no_such_table }
}
)");
    Program parser;
    parser.ask(file, {folder.path()});
    std::set<std::string> classes;
    for (const ToSupervisor& each : parser.listen()) {
        EXPECT_FALSE(each.has_need_folder()) << each.need_folder().path();
        if (each.has_diagnostic()) classes.insert(each.diagnostic().class_name());
    }
    EXPECT_TRUE(classes.contains("address_is_real"));
    EXPECT_TRUE(classes.contains("bad_value"));
}

TEST(Parser, FindsUsersAndInterfacesFromInsideItsSandbox) {
    const TemporaryFolder folder;
    const std::string file = folder.write("main.conf", R"(
global_defs {
    enable_script_security
    script_user nobody
}
interface_up_down_delays {
    lo 1
}
)");
    Program parser;
    parser.ask(file, {folder.path()});
    EXPECT_EQ(parser.listen().back().parse_done().test_status(), 0U);
}

}  // namespace
}  // namespace holdfast::parser
