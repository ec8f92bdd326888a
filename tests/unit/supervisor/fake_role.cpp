// Stands in for the parser and the daemons in tests of the supervisor: speaks the lifecycle and
// does as it is told in FOLDER/ROLE.do, where FOLDER is that of the configuration file (-f, seen
// after
// `--`). What happens to it is appended to FOLDER/journal. The configuration is a Config in
// protobuf's text form. Words of ROLE.do:
//   die-at-start, refuse, refuse-next (the second configuration), die-at-offer (of the second),
//   flood (the parser, with findings), silent (answers no Ping), violate (says what it may not),
//   lock-step (nothing, for files that must exist), event ID STATE PRIORITY, poll ID, accuse ROLE
//   (a number), hold-STEP (stands still before parse, ready, ack, commit or shutdown for as long as
//   ROLE.do says so)
#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "lib/core/unique_fd.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "proto/checker.pb.h"
#include "proto/config.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/supervisor.pb.h"
#include "proto/vrrp.pb.h"

namespace {

using namespace holdfast;
using messages::v1::ToSupervisor;

constexpr int kChannel = 3;

struct Received {
    bool ok = false;
    std::string bytes;
    std::vector<core::UniqueFd> descriptors;
};

Received receive() {
    Received got;
    got.bytes.resize(64UL * 1024);
    iovec part{got.bytes.data(), got.bytes.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    pollfd ready{kChannel, POLLIN, 0};
    ::poll(&ready, 1, -1);
    const ssize_t size = ::recvmsg(kChannel, &header, MSG_CMSG_CLOEXEC);
    if (size <= 0) return got;
    got.ok = true;
    got.bytes.resize(static_cast<std::size_t>(size));
    for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
        const auto count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(one) + i * sizeof(int), sizeof fd);
            got.descriptors.emplace_back(fd);
        }
    }
    return got;
}

void say(const ToSupervisor& message) {
    const std::string bytes = message.SerializeAsString();
    ::send(kChannel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

/// More findings than any parser has reason to tell.
void flood() {
    ToSupervisor found;
    found.mutable_diagnostic()->set_severity(messages::v1::Diagnostic::NOTE);
    found.mutable_diagnostic()->set_text("flood");
    for (int i = 0; i < 20000; ++i) {
        pollfd room{kChannel, POLLOUT, 0};
        ::poll(&room, 1, -1);
        say(found);
    }
}

class Fake {
  public:
    Fake(std::string role, std::string folder)
        : role_(std::move(role)), folder_(std::move(folder)) {
        std::ifstream file(folder_ + "/" + role_ + ".do");
        std::ostringstream all;
        all << file.rdbuf();
        orders_ = all.str();
    }

    int run();

  private:
    [[nodiscard]] bool told(const std::string& word) const {
        return orders_.find(word) != std::string::npos;
    }
    void hold(const std::string& step) const {
        const auto held = [&] {
            std::ifstream file(folder_ + "/" + role_ + ".do");
            std::ostringstream all;
            all << file.rdbuf();
            return all.str().find("hold-" + step) != std::string::npos;
        };
        if (!held()) return;
        note("holds " + step);
        while (held()) ::usleep(2000);
    }
    void note(const std::string& text) const {
        std::ofstream(folder_ + "/journal", std::ios::app)
            << role_ + " " + text + " pid=" + std::to_string(::getpid()) + "\n";
    }
    int parse();
    template <class Message>
    int serve();
    template <class Message>
    bool take(const Message& message, Received& frame);
    void take_config(const messages::v1::ConfigOffer& offer);
    void begin();

    std::string role_;
    std::string folder_;
    std::string orders_;
    messages::v1::Welcome welcome_;
    unsigned offers_ = 0;
    std::uint64_t progress_ = 0;
    unsigned sockets_ = 0;
};

int Fake::run() {
    if (role_ == "parser") return parse();
    if (told("die-at-start")) return 3;
    ToSupervisor hello;
    hello.mutable_hello()->set_protocol(1);
    hello.mutable_hello()->set_role(role_ == "vrrpd"      ? messages::v1::ROLE_VRRPD
                                    : role_ == "checkerd" ? messages::v1::ROLE_CHECKERD
                                                          : messages::v1::ROLE_IPVSD);
    say(hello);
    if (role_ == "vrrpd") return serve<messages::v1::ToVrrpd>();
    if (role_ == "checkerd") return serve<messages::v1::ToCheckerd>();
    return serve<messages::v1::ToIpvsd>();
}

int Fake::parse() {
    Received frame = receive();
    messages::v1::ToParser message;
    if (!frame.ok || !message.ParseFromString(frame.bytes)) return 1;
    const std::string& file = message.parse().file();
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    config::v1::Config config;
    ToSupervisor done;
    done.mutable_parse_done()->set_usable(true);
    done.mutable_parse_done()->set_test_status(0);
    if (!in || !google::protobuf::TextFormat::ParseFromString(text.str(), &config)) {
        ToSupervisor found;
        found.mutable_diagnostic()->set_severity(messages::v1::Diagnostic::FATAL);
        found.mutable_diagnostic()->set_class_name(in ? "syntax" : "no_configuration");
        found.mutable_diagnostic()->set_rendered(file + ":1:1: fatal: not readable");
        if (message.parse().test()) {
            found.mutable_report_text()->set_text(file + ":1:1: fatal: not readable\n");
        }
        say(found);
        done.mutable_parse_done()->set_usable(false);
        done.mutable_parse_done()->set_fatal(1);
        done.mutable_parse_done()->set_test_status(in ? 2 : 0);
    }
    if (told("die-at-start")) return 3;
    if (told("flood")) flood();
    if (told("need-folder") && message.parse().folders_size() < 2) {
        ToSupervisor need;
        need.mutable_need_folder()->set_path(folder_ + "/more/x.conf");
        need.mutable_need_folder()->set_named_by(file);
        need.mutable_need_folder()->set_line(3);
        need.mutable_need_folder()->set_column(1);
        say(need);
        return 0;
    }
    for (int part = 0;
         !message.parse().test() && part < 5 && part < static_cast<int>(frame.descriptors.size());
         ++part) {
        const auto written = ipc::write_all(frame.descriptors[static_cast<std::size_t>(part)].get(),
                                            config.SerializeAsString());
        if (!written) return 1;
    }
    hold("parse");
    say(done);
    ::pause();
    return 0;
}

template <class Message>
int Fake::serve() {
    while (true) {
        Received frame = receive();
        if (!frame.ok) {
            note("orphaned");
            ::usleep(welcome_.restart_grace_ms() * 1000);
            note("ended in order");
            return 4;
        }
        Message message;
        if (!message.ParseFromString(frame.bytes)) return 5;
        if (!take(message, frame)) return 0;
    }
}

template <class Message>
bool Fake::take(const Message& message, Received&) {
    ToSupervisor answer;
    switch (message.body_case()) {
        case Message::kWelcome:
            welcome_ = message.welcome();
            return true;
        case Message::kConfig:
            take_config(message.config());
            return true;
        case Message::kActivate:
            begin();
            return true;
        case Message::kPing:
            if (told("silent")) return true;
            answer.mutable_pong()->set_nonce(message.ping().nonce());
            answer.mutable_pong()->set_progress(++progress_);
            say(answer);
            return true;
        case Message::kCommit:
            hold("commit");
            note("committed " + std::to_string(message.commit().generation()));
            answer.mutable_committed()->set_generation(message.commit().generation());
            say(answer);
            return true;
        case Message::kAbort:
            note("aborted");
            return true;
        case Message::kPeerFd:
            note("peer " + std::to_string(message.peer_fd().peer()));
            return true;
        case Message::kStatusRequest:
            answer.mutable_status_reply()->set_request_id(message.status_request().request_id());
            answer.mutable_status_reply()->set_part(0);
            answer.mutable_status_reply()->set_last(true);
            say(answer);
            return true;
        case Message::kShutdown:
            hold("shutdown");
            note(message.shutdown().mode() == messages::v1::Shutdown::QUIET ? "quiet" : "released");
            return false;
        default:
            break;
    }
    if constexpr (std::is_same_v<Message, messages::v1::ToVrrpd>) {
        if (message.has_socket_grant()) ++sockets_;
        if (message.has_track_result()) {
            note("track class=" + std::to_string(message.track_result().exit_class()) +
                 " code=" + std::to_string(message.track_result().code()));
        }
    }
    return true;
}

void Fake::take_config(const messages::v1::ConfigOffer& offer) {
    ++offers_;
    if (offers_ == 2 && told("die-at-offer")) ::_exit(6);
    const bool refuses = told("refuse-next") ? offers_ == 2 : told("refuse");
    hold(offers_ == 1 ? "ready" : "ack");
    ToSupervisor answer;
    answer.mutable_config_ack()->set_generation(offer.generation());
    answer.mutable_config_ack()->set_accepted(!refuses);
    answer.mutable_config_ack()->set_reason(refuses ? "told to refuse" : "");
    say(answer);
    if (offers_ > 1 || refuses) return;
    ToSupervisor ready;
    ready.mutable_ready();
    say(ready);
}

void Fake::begin() {
    note(std::string(welcome_.start() == messages::v1::START_COLD ? "cold" : "restart") +
         " sockets=" + std::to_string(sockets_) + " uid=" + std::to_string(::getuid()));
    std::istringstream words(orders_);
    for (std::string word; words >> word;) {
        ToSupervisor message;
        if (word == "violate") {
            message.mutable_need_folder()->set_path("/etc");
            say(message);
        } else if (word == "accuse") {
            int role = 0;
            words >> role;
            message.mutable_peer_violation()->set_peer(static_cast<messages::v1::Role>(role));
            message.mutable_peer_violation()->set_what("epoch does not grow");
            say(message);
        } else if (word == "poll") {
            std::uint64_t id = 0;
            words >> id;
            message.mutable_track_poll()->set_script_id(id);
            say(message);
        } else if (word == "event") {
            std::uint64_t id = 0;
            int state = 0;
            unsigned priority = 0;
            words >> id >> state >> priority;
            message.mutable_instance_event()->set_instance_id(id);
            message.mutable_instance_event()->set_new_state(
                static_cast<messages::v1::VrrpState>(state));
            message.mutable_instance_event()->set_priority(priority);
            say(message);
        }
    }
}

std::string folder_of_configuration(int argc, char** argv) {
    for (int word = 1; word + 1 < argc; ++word) {
        if (std::string(argv[word]) == "-f") {
            return std::filesystem::path(argv[word + 1]).parent_path().string();
        }
    }
    return "/";
}

}  // namespace

int main(int argc, char** argv) {
    return Fake(std::filesystem::path(argv[0]).filename().string(),
                folder_of_configuration(argc, argv))
        .run();
}
