#include "lib/ipc/channel.hpp"

#include <google/protobuf/message.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace holdfast::ipc {

namespace {

/// Room for the control data of kMaxDescriptors descriptors.
struct ControlBuffer {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> bytes{};
};

core::Error violation(Peer peer, std::string_view what) {
    return core::Error(fmt::format("{}: {}", to_text(peer), what), EBADMSG);
}

std::vector<core::UniqueFd> take_descriptors(msghdr& header) {
    std::vector<core::UniqueFd> taken;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
            taken.emplace_back(fd);
        }
    }
    return taken;
}

/// 0 when the kernel took the message, else errno.
int send_now(int socket, std::string_view bytes, std::span<const int> descriptors) {
    constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
    if (descriptors.empty()) {
        return ::send(socket, bytes.data(), bytes.size(), kFlags) >= 0 ? 0 : errno;
    }
    iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    ControlBuffer control;
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    return ::sendmsg(socket, &header, kFlags) >= 0 ? 0 : errno;
}

bool must_wait(int code) {
    return code == EAGAIN || code == ENOBUFS || code == EINTR;
}

bool is_gone(int code) {
    return code == EPIPE || code == ECONNRESET || code == ENOTCONN;
}

}  // namespace

std::string_view to_text(Peer peer) {
    switch (peer) {
        case Peer::supervisor:
            return "supervisor";
        case Peer::vrrpd:
            return "vrrpd";
        case Peer::checkerd:
            return "checkerd";
        case Peer::ipvsd:
            return "ipvsd";
        case Peer::parser:
            return "parser";
        case Peer::mailer:
            return "mailer";
        case Peer::control_client:
            return "control client";
        case Peer::status_client:
            return "status client";
    }
    return "unknown peer";
}

Channel::Channel(loop::Loop& loop, core::UniqueFd socket, Peer peer, Limits limits,
                 Handlers handlers)
    : loop_(loop),
      socket_(std::move(socket)),
      peer_(peer),
      limits_(limits),
      handlers_(std::make_shared<const Handlers>(std::move(handlers))),
      buffer_(kMaxFrame, '\0'),
      alive_(std::make_shared<bool>(true)) {
    watch_ = std::make_unique<loop::FdWatch>(
        loop_, socket_.get(), [this] { read_frames(limits_.frames_per_turn); },
        [this] { flush(); });
}

Channel::~Channel() {
    *alive_ = false;
}

core::Status Channel::send(const google::protobuf::Message& message,
                           std::span<const int> descriptors) {
    const std::size_t size = message.ByteSizeLong();
    if (size == 0) return core::Error::from_errno(EINVAL, "send empty message");
    if (size > kMaxFrame || descriptors.size() > kMaxDescriptors) {
        return core::Error::from_errno(EMSGSIZE, "send to " + std::string(to_text(peer_)));
    }
    if (!open() || peer_gone_) {
        return core::Error::from_errno(EPIPE, "send to " + std::string(to_text(peer_)));
    }
    std::string bytes = message.SerializeAsString();
    if (!flush()) return enqueue(std::move(bytes), descriptors);
    const int failure = send_now(socket_.get(), bytes, descriptors);
    if (failure == 0) return core::Done{};
    if (must_wait(failure)) return enqueue(std::move(bytes), descriptors);
    // The peer's end is told by reading: what it said before is read first.
    peer_gone_ = is_gone(failure);
    return core::Error::from_errno(peer_gone_ ? EPIPE : failure,
                                   "send to " + std::string(to_text(peer_)));
}

core::Status Channel::enqueue(std::string bytes, std::span<const int> descriptors) {
    const core::Error full = core::Error::from_errno(
        ENOBUFS, fmt::format("{} does not read its channel", to_text(peer_)));
    if (!open() || peer_gone_) {
        return core::Error::from_errno(EPIPE, "send to " + std::string(to_text(peer_)));
    }
    if (queued_bytes_ + bytes.size() > limits_.queued_bytes) {
        close_with(full);
        return full;
    }
    Outgoing next{std::move(bytes), {}};
    for (const int fd : descriptors) {
        next.descriptors.push_back(core::UniqueFd::duplicate_of(fd));
        if (!next.descriptors.back()) return core::Error::last("duplicate descriptor");
    }
    queued_bytes_ += next.bytes.size();
    queue_.push_back(std::move(next));
    watch_->want_write(true);
    return core::Done{};
}

bool Channel::flush() {
    while (!queue_.empty()) {
        const Outgoing& next = queue_.front();
        std::vector<int> numbers;
        for (const core::UniqueFd& fd : next.descriptors) numbers.push_back(fd.get());
        const int failure = send_now(socket_.get(), next.bytes, numbers);
        if (must_wait(failure)) return false;
        if (is_gone(failure)) {
            peer_gone_ = true;
            queue_.clear();
            queued_bytes_ = 0;
            break;
        }
        if (failure != 0) {
            close_with(core::Error::from_errno(failure, fmt::format("send to {}", to_text(peer_))));
            return true;
        }
        queued_bytes_ -= next.bytes.size();
        queue_.pop_front();
    }
    if (watch_) watch_->want_write(false);
    return true;
}

void Channel::drain() {
    // A peer that writes as fast as we read must not keep us here.
    constexpr unsigned kEnough = 4096;
    read_frames(kEnough);
}

void Channel::read_frames(unsigned at_most) {
    const std::shared_ptr<bool> alive = alive_;
    const std::shared_ptr<const Handlers> handlers = handlers_;
    for (unsigned i = 0; i < at_most && open(); ++i) {
        Frame frame;
        if (read_one(frame) != Read::frame) return;
        const core::Status handled = handlers->received(std::move(frame));
        if (!*alive) return;
        if (!handled) close_with(handled.error());
    }
}

Channel::Read Channel::read_with_descriptors(Frame& frame, std::size_t& length) {
    iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    ControlBuffer control;
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    const ssize_t got =
        ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    if (got < 0) return Read::nothing;
    frame.descriptors = take_descriptors(header);
    length = static_cast<std::size_t>(got);
    if ((header.msg_flags & MSG_CTRUNC) != 0) {
        close_with(violation(peer_, "more descriptors than allowed"));
        return Read::end;
    }
    return Read::frame;
}

Channel::Read Channel::read_one(Frame& frame) {
    std::size_t length = 0;
    Read outcome = Read::frame;
    do {
        errno = 0;
        if (limits_.accept_descriptors) {
            outcome = read_with_descriptors(frame, length);
        } else {
            const ssize_t got =
                ::recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
            outcome = got < 0 ? Read::nothing : Read::frame;
            length = got < 0 ? 0 : static_cast<std::size_t>(got);
        }
        // A peer that dies with unread frames leaves ECONNRESET once, before what it had sent.
    } while (outcome == Read::nothing && (errno == EINTR || errno == ECONNRESET));
    if (outcome == Read::nothing && errno != EAGAIN) {
        close_with(core::Error::last("read from " + std::string(to_text(peer_))));
        return Read::end;
    }
    if (outcome != Read::frame) return outcome;
    if (length == 0) {
        close_with(core::Error(fmt::format("{} closed its channel", to_text(peer_))));
        return Read::end;
    }
    if (length > kMaxFrame) {
        close_with(violation(peer_, fmt::format("frame of {} octets", length)));
        return Read::end;
    }
    frame.bytes.assign(buffer_, 0, length);
    return Read::frame;
}

void Channel::close_with(const core::Error& why) {
    if (!open()) return;
    watch_.reset();
    socket_.reset();
    queue_.clear();
    queued_bytes_ = 0;
    loop_.defer([this, alive = alive_, why] {
        if (!*alive) return;
        const std::shared_ptr<const Handlers> handlers = handlers_;
        if (handlers->closed) handlers->closed(why);
    });
}

}  // namespace holdfast::ipc
