#include "lib/netlink/socket.hpp"

#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <cerrno>

namespace holdfast::netlink {
namespace {

/// Beyond the limit of the system if we may, else as far as it goes. Best effort: a small buffer
/// overruns earlier, and an overrun is repaired.
void enlarge(int fd, int force_option, int option, int octets) {
    if (setsockopt(fd, SOL_SOCKET, force_option, &octets, sizeof octets) == 0) return;
    setsockopt(fd, SOL_SOCKET, option, &octets, sizeof octets);
}

void switch_on(int fd, int netlink_option) {
    const int on = 1;
    setsockopt(fd, SOL_NETLINK, netlink_option, &on, sizeof on);
}

}  // namespace

core::Result<core::UniqueFd> open_socket(int protocol, std::uint32_t groups, int buffer) {
    core::UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (!fd) return core::Error::last("open netlink socket");
    enlarge(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF, buffer);
    enlarge(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF, buffer);
    switch_on(fd.get(), NETLINK_EXT_ACK);
    switch_on(fd.get(), NETLINK_CAP_ACK);
    sockaddr_nl name{};
    name.nl_family = AF_NETLINK;
    name.nl_groups = groups;
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        return core::Error::last("join netlink groups");
    }
    return fd;
}

void Socket::Free::operator()(nl_sock* socket) const noexcept {
    nl_socket_free(socket);
}

Socket::Socket(nl_sock* socket) : socket_(socket), buffer_(kLargestDatagram) {}
Socket::~Socket() = default;
Socket::Socket(Socket&& other) noexcept = default;
Socket& Socket::operator=(Socket&& other) noexcept = default;

core::Result<Socket> Socket::wrap(core::UniqueFd descriptor) {
    Socket socket(nl_socket_alloc());
    if (!socket.socket_) return core::Error::from_errno(ENOMEM, "make netlink socket");
    errno = 0;
    constexpr int kWhicheverItHas = -1;
    if (nl_socket_set_fd(socket.socket_.get(), kWhicheverItHas, descriptor.get()) != 0) {
        return core::Error::from_errno(errno != 0 ? errno : EBADF, "wrap netlink socket");
    }
    static_cast<void>(descriptor.release());  // nl_socket_free closes it
    return socket;
}

core::Result<Socket> Socket::open(int protocol, std::uint32_t groups, int buffer) {
    auto fd = open_socket(protocol, groups, buffer);
    if (!fd) return fd.error();
    return wrap(std::move(fd).value());
}

int Socket::fd() const {
    return nl_socket_get_fd(socket_.get());
}

std::uint32_t Socket::port() const {
    return nl_socket_get_local_port(socket_.get());
}

core::Status Socket::send(std::span<const std::byte> datagram) {
    // nl_sendto takes a pointer to non-const, and only reads. It leaves errno of sendto.
    auto* octets = const_cast<std::byte*>(datagram.data());
    if (nl_sendto(socket_.get(), octets, datagram.size()) < 0) {
        return core::Error::last("send to netlink");
    }
    return core::Done{};
}

Socket::Received Socket::receive() {
    for (;;) {
        sockaddr_nl sender{};
        iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
        msghdr head{};
        head.msg_name = &sender;
        head.msg_namelen = sizeof sender;
        head.msg_iov = &part;
        head.msg_iovlen = 1;
        const ssize_t octets = recvmsg(fd(), &head, MSG_DONTWAIT);
        if (octets < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return Received::nothing;
            return errno == ENOBUFS ? Received::lost : Received::failed;
        }
        if (head.msg_namelen != sizeof sender || sender.nl_pid != 0) continue;
        if ((head.msg_flags & MSG_TRUNC) != 0) return Received::lost;
        length_ = static_cast<std::size_t>(octets);
        return Received::datagram;
    }
}

}  // namespace holdfast::netlink
