#include "ctl/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "lib/ipc/channel.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::CtlReply;
using messages::v1::CtlRequest;
using Clock = std::chrono::steady_clock;

/// Reading goes to the socket that the view group may open, everything else to control.sock.
const char* socket_name(messages::v1::Verb verb) {
    return verb < messages::v1::VERB_RELOAD ? "status.sock" : "control.sock";
}

core::Result<core::UniqueFd> connect_to(const std::string& path) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (path.size() >= sizeof where.sun_path) {
        return core::Error::from_errno(ENAMETOOLONG, path);
    }
    std::memcpy(where.sun_path, path.c_str(), path.size() + 1);
    core::UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket) return core::Error::last("socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        return core::Error::last(path);
    }
    return socket;
}

core::Status wait_readable(int socket, Clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd watched{.fd = socket, .events = POLLIN, .revents = 0};
    const int ready = left > 0 ? ::poll(&watched, 1, static_cast<int>(left)) : 0;
    if (ready < 0) return core::Error::last("poll");
    if (ready == 0) return core::Error::from_errno(ETIMEDOUT, "wait for holdfast");
    return core::Done{};
}

core::Result<CtlReply> receive(int socket, std::vector<char>& buffer) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_TRUNC);
    if (size < 0) return core::Error::last("receive from holdfast");
    if (size == 0) return core::Error::from_errno(ECONNRESET, "holdfast closed the connection");
    if (static_cast<std::size_t>(size) > buffer.size()) {
        return core::Error::from_errno(EMSGSIZE, "answer of holdfast");
    }
    CtlReply reply;
    const std::string_view frame(buffer.data(), static_cast<std::size_t>(size));
    if (auto parsed = ipc::parse(frame, reply); !parsed) {
        return parsed.error().within("answer of holdfast (another version?)");
    }
    return reply;
}

}  // namespace

core::Result<std::vector<CtlReply>> ask(const std::string& run_folder, const CtlRequest& request,
                                        std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    auto socket = connect_to(run_folder + "/" + socket_name(request.verb()));
    if (!socket) return socket.error();
    const std::string bytes = request.SerializeAsString();
    if (::send(socket->get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
        return core::Error::last("send to holdfast");
    }
    std::vector<CtlReply> replies;
    std::vector<char> buffer(ipc::kMaxFrame);
    while (replies.empty() || !replies.back().last()) {
        if (auto waited = wait_readable(socket->get(), deadline); !waited) return waited.error();
        auto reply = receive(socket->get(), buffer);
        if (!reply) return reply.error();
        replies.push_back(std::move(*reply));
    }
    return replies;
}

}  // namespace holdfast::ctl
