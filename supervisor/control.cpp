#include "supervisor/control.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace holdfast::supervisor {
namespace {

using ipc::Peer;
using messages::v1::CtlReply;
using messages::v1::CtlRequest;

constexpr int kBacklog = 16;
constexpr std::size_t kMostClients = 16;  // of each socket
constexpr std::size_t kLongestRequest = 4096;
// The state of tens of thousands of servers, to a client that reads slowly.
constexpr std::size_t kLargestAnswer = 64UL * 1024 * 1024;
// holdfastctl's: permission, usage.
constexpr std::uint32_t kStatusPermission = 4;
constexpr std::uint32_t kStatusUsage = 2;
constexpr messages::v1::Verb kFirstChangingVerb = messages::v1::VERB_RELOAD;

core::Result<core::UniqueFd> listening_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return core::Error::from_errno(ENAMETOOLONG, "socket " + path);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    core::UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::unlink(path.c_str());  // RUN_DIR's lock is ours, so nobody listens there
    const mode_t before = ::umask(0177);
    const bool bound = socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                                        sizeof address) == 0;
    const int failure = errno;
    ::umask(before);
    if (!bound) return core::Error::from_errno(failure, "bind " + path);
    return socket;
}

CtlReply refusal(std::uint32_t status, const std::string& why) {
    CtlReply reply;
    reply.set_last(true);
    reply.set_exit_status(status);
    reply.set_message(why);
    return reply;
}

}  // namespace

struct Control::Client {
    Caller caller;
    Peer peer;
    std::unique_ptr<ipc::Channel> channel;
};

bool may_ask(Peer peer, messages::v1::Verb verb) {
    return peer == Peer::control_client || verb < kFirstChangingVerb;
}

Control::Control(loop::Loop& loop, log::Logger& log, ControlBackend& backend)
    : loop_(loop), log_(log), backend_(backend) {}
Control::~Control() = default;

core::Status Control::listen(const std::string& run_dir) {
    core::Status opened = open(run_dir + "/status.sock", "holdfast-view", Peer::status_client);
    if (opened) opened = open(run_dir + "/control.sock", "holdfast-admin", Peer::control_client);
    return opened;
}

core::Status Control::open(const std::string& path, const char* group, Peer peer) {
    auto socket = listening_socket(path);
    if (!socket) return socket.error();
    if (const struct group* entry = ::getgrnam(group)) {
        if (::chown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) == 0) {
            ::chmod(path.c_str(), 0660);
        }
    } else {
        log_.warning("PROTECTION_MISSING",
                     fmt::format("group {} does not exist: {} is root's alone", group, path));
    }
    if (::listen(socket->get(), kBacklog) != 0) return core::Error::last("listen on " + path);
    Listener& listener = listeners_.emplace_back();
    listener.peer = peer;
    listener.socket = std::move(*socket);
    listener.watch = std::make_unique<loop::FdWatch>(loop_, listener.socket.get(),
                                                     [this, &listener] { accept(listener); });
    return core::Done{};
}

void Control::close() {
    listeners_.clear();
}

void Control::accept(const Listener& listener) {
    core::UniqueFd socket(
        ::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    const auto there = std::ranges::count_if(
        clients_, [&](const auto& known) { return known->peer == listener.peer; });
    if (!socket || static_cast<std::size_t>(there) >= kMostClients) return;
    ucred who{};
    socklen_t length = sizeof who;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) return;
    const auto client =
        std::make_shared<Client>(Client{{who.pid, who.uid}, listener.peer, nullptr});
    clients_.push_back(client);
    Client& known = *client;
    client->channel = std::make_unique<ipc::Channel>(
        loop_, std::move(socket), listener.peer,
        ipc::Channel::Limits{.queued_bytes = kLargestAnswer},
        ipc::Channel::Handlers{
            [this, &known](ipc::Channel::Frame frame) { return received(known, frame.bytes); },
            [this, &known](const core::Error&) { drop(known); }});
}

core::Status Control::received(Client& client, const std::string& frame) {
    if (frame.size() > kLongestRequest) return core::Error::from_errno(EMSGSIZE, "request");
    MessageBudget& budget = budgets_.try_emplace(client.peer, 0).first->second;
    if (!budget.spend(loop_.now())) return core::Error::from_errno(EDQUOT, "requests");
    CtlRequest request;
    if (!request.ParseFromString(frame) || !request.has_verb()) {
        return client.channel->send(refusal(kStatusUsage, "not a request"));
    }
    if (!may_ask(client.peer, request.verb())) {
        return client.channel->send(
            refusal(kStatusPermission, "only control.sock takes this request"));
    }
    if (!(request.verb() < kFirstChangingVerb)) {
        log_.notice("CONTROL",
                    fmt::format("{} {} uid={} pid={}", messages::v1::Verb_Name(request.verb()),
                                request.argument(), client.caller.uid, client.caller.pid));
    }
    std::weak_ptr<Client> weak;
    for (const auto& known : clients_) {
        if (known.get() == &client) weak = known;
    }
    backend_.answer(request, client.caller, [weak](const CtlReply& reply) {
        // A client that left, or does not read, is not waited for.
        if (const auto still = weak.lock()) (void)still->channel->send(reply);
    });
    return core::Done{};
}

void Control::drop(const Client& client) {
    const auto found =
        std::ranges::find_if(clients_, [&](const auto& known) { return known.get() == &client; });
    if (found != clients_.end()) clients_.erase(found);
}

}  // namespace holdfast::supervisor
