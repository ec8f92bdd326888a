#include "running_program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "lib/daemon/role.hpp"
#include "lib/ipc/sealed_memory.hpp"

namespace holdfast::checkerd {
namespace {

[[noreturn]] void fail(const std::string& what) {
    core::broken_invariant(what);
}

/// An empty folder that has no name any more; chroot into it works all the same.
core::UniqueFd empty_folder() {
    std::string path = "/tmp/holdfast-test-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) fail("mkdtemp");
    core::UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    ::rmdir(path.c_str());
    return folder;
}

/// In the child: puts the descriptors at their fixed numbers and becomes checkerd.
[[noreturn]] void become_checkerd(std::array<int, 5> descriptors) {
    int target = daemon::kChannel;
    for (int& descriptor : descriptors) descriptor = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 64);
    for (const int descriptor : descriptors) ::dup2(descriptor, target++);
    ::setenv("HOLDFAST_SANDBOX", "kill", 1);
    ::execl(CHECKERD_PROGRAM, CHECKERD_PROGRAM, "--", "holdfast", nullptr);
    ::_exit(127);
}

}  // namespace

RunningProgram::RunningProgram(loop::Loop& loop, int state_file)
    : loop_(loop), log_(ipc::make_memory("log").value()) {
    ipc::Pair pair = ipc::make_pair().value();
    const core::UniqueFd lock(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const core::UniqueFd folder = empty_folder();
    pid_ = ::fork();
    if (pid_ == 0) {
        become_checkerd({pair.second.get(), lock.get(), state_file, log_.get(), folder.get()});
    }
    ipc::Channel::Handlers handlers;
    handlers.received = [this](const ipc::Channel::Frame& frame) {
        messages::v1::ToSupervisor message;
        core::Status parsed = ipc::parse(frame.bytes, message);
        heard_.push_back(message);
        return parsed;
    };
    handlers.closed = [this](const core::Error&) { lost_ = true; };
    channel_ = std::make_unique<ipc::Channel>(loop_, std::move(pair.first), ipc::Peer::checkerd,
                                              ipc::Channel::Limits{}, std::move(handlers));
}

RunningProgram::~RunningProgram() {
    kill();
}

void RunningProgram::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void RunningProgram::say(const messages::v1::ToCheckerd& message,
                         std::span<const int> descriptors) {
    if (const auto sent = channel_->send(message, descriptors); !sent) fail(sent.error().text());
}

messages::v1::ToSupervisor RunningProgram::hear(messages::v1::ToSupervisor::BodyCase kind) {
    const auto of_this_kind = [kind](const auto& message) { return message.body_case() == kind; };
    loop_.run_until([&] { return lost_ || std::ranges::any_of(heard_, of_this_kind); });
    const auto found = std::ranges::find_if(heard_, of_this_kind);
    if (found == heard_.end()) fail("checkerd ended early; it logged: " + log());
    messages::v1::ToSupervisor message = *found;
    heard_.erase(found);
    return message;
}

void RunningProgram::bring_up(messages::v1::StartKind start, const config::v1::Config& config) {
    const std::uint32_t protocol = hear(messages::v1::ToSupervisor::kHello).hello().protocol();
    messages::v1::ToCheckerd message;
    auto& welcome = *message.mutable_welcome();
    welcome.set_protocol(protocol);
    welcome.set_role(messages::v1::ROLE_CHECKERD);
    welcome.set_incarnation(1);
    welcome.set_start(start);
    welcome.set_boot_id(std::string(16, 'b'));
    welcome.set_netns_cookie(1);
    welcome.set_restart_grace_ms(0);
    welcome.set_log_to_console(true);
    say(message);
    offer_config(1, config);
    if (!hear(messages::v1::ToSupervisor::kConfigAck).config_ack().accepted()) fail("refused");
    hear(messages::v1::ToSupervisor::kReady);
}

void RunningProgram::offer_config(std::uint64_t generation, const config::v1::Config& config) {
    const core::UniqueFd memory = ipc::make_memory("config").value();
    if (!ipc::write_all(memory.get(), config.SerializeAsString()) || !ipc::seal(memory.get())) {
        fail("sealed memory");
    }
    const ipc::Digest digest = ipc::digest_of(memory.get()).value();
    messages::v1::ToCheckerd message;
    auto& config_offer = *message.mutable_config();
    config_offer.set_generation(generation);
    config_offer.set_size(digest.size);
    config_offer.set_sha256(digest.sha256);
    const std::array<int, 1> descriptors{memory.get()};
    say(message, descriptors);
}

void RunningProgram::connect_ipvsd(core::UniqueFd socket) {
    messages::v1::ToCheckerd message;
    message.mutable_peer_fd()->set_peer(messages::v1::ROLE_IPVSD);
    message.mutable_peer_fd()->set_incarnation(1);
    const std::array<int, 1> descriptors{socket.get()};
    say(message, descriptors);
}

void RunningProgram::activate() {
    messages::v1::ToCheckerd message;
    message.mutable_activate();
    say(message);
}

bool RunningProgram::offer(std::uint64_t generation, const config::v1::Config& config) {
    offer_config(generation, config);
    return hear(messages::v1::ToSupervisor::kConfigAck).config_ack().accepted();
}

void RunningProgram::commit(std::uint64_t generation) {
    messages::v1::ToCheckerd message;
    message.mutable_commit()->set_generation(generation);
    say(message);
    hear(messages::v1::ToSupervisor::kCommitted);
}

messages::v1::StatusReply RunningProgram::status(messages::v1::StatusTopic topic) {
    messages::v1::ToCheckerd message;
    message.mutable_status_request()->set_request_id(1);
    message.mutable_status_request()->set_topic(topic);
    say(message);
    return hear(messages::v1::ToSupervisor::kStatusReply).status_reply();
}

int RunningProgram::shut_down() {
    messages::v1::ToCheckerd message;
    message.mutable_shutdown()->set_mode(messages::v1::Shutdown::RELEASE);
    say(message);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
}

std::string RunningProgram::proc_status(const std::string& name) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    }
    return "no line " + name;
}

std::string RunningProgram::log() const {
    std::string text(64UL * 1024, '\0');
    const ssize_t size = ::pread(log_.get(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

}  // namespace holdfast::checkerd
