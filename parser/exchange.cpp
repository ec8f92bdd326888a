#include "parser/exchange.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/ipc/channel.hpp"

namespace holdfast::parser {

namespace {

constexpr std::size_t kMemories = 5;

void take_descriptors(const msghdr& header, std::vector<core::UniqueFd>& taken) {
    for (const cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(part))) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
            taken.emplace_back(descriptor);
        }
    }
}

}  // namespace

core::Result<Request> receive_request(int channel) {
    std::string bytes(ipc::kMaxFrame, '\0');
    alignas(cmsghdr) std::array<char, CMSG_SPACE(ipc::kMaxDescriptors * sizeof(int))> control{};
    iovec piece{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t got = -1;
    do {
        got = ::recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return core::Error::last("receive the request");
    std::vector<core::UniqueFd> descriptors;
    take_descriptors(header, descriptors);
    if (got == 0) return core::Error::from_errno(ECONNRESET, "receive the request");
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return core::Error::from_errno(EMSGSIZE, "receive the request");
    }
    messages::v1::ToParser message;
    bytes.resize(static_cast<std::size_t>(got));
    if (core::Status parsed = ipc::parse(bytes, message); !parsed) return parsed.error();
    Request request;
    request.parse = message.parse();
    const auto folders = static_cast<std::size_t>(request.parse.folders_size());
    const std::size_t memories = request.parse.test() ? 0 : kMemories;
    if (descriptors.size() != memories + folders) {
        return core::Error::from_errno(EPROTO, "descriptors of the request");
    }
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
        (i < memories ? request.memories : request.folders).push_back(std::move(descriptors[i]));
    }
    return request;
}

core::Status send_message(int channel, const messages::v1::ToSupervisor& message) {
    const std::string bytes = message.SerializeAsString();
    ssize_t sent = -1;
    do {
        sent = ::send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return core::Error::last("send to the supervisor");
    return core::Done{};
}

}  // namespace holdfast::parser
