#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

struct nl_sock;

namespace holdfast::netlink {

/// A bound netlink socket: non-blocking, close-on-exec, extended acknowledgements without the
/// request's echo, buffers of `buffer` octets (beyond the system's limit where CAP_NET_ADMIN
/// allows). `groups` is the bit mask of multicast groups 1 to 32.
[[nodiscard]] core::Result<core::UniqueFd> open_socket(int protocol, std::uint32_t groups,
                                                       int buffer);

/// Sends and receives datagrams on a netlink socket. After wrap() it uses no system calls but
/// sendto and recvmsg. Drops what other processes send (nl_pid != 0).
class Socket {
  public:
    /// Octets of the largest datagram that is read; the kernel makes its dumps fit.
    static constexpr std::size_t kLargestDatagram = std::size_t{64} * 1024;

    /// Asks for the descriptor's name and protocol (getsockname, getsockopt).
    [[nodiscard]] static core::Result<Socket> wrap(core::UniqueFd descriptor);
    /// open_socket() and wrap().
    [[nodiscard]] static core::Result<Socket> open(int protocol, std::uint32_t groups, int buffer);
    ~Socket();
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;

    [[nodiscard]] int fd() const;
    /// Its address among netlink sockets; what it asks for carries it as nlmsg_pid.
    [[nodiscard]] std::uint32_t port() const;

    /// One datagram to the kernel.
    core::Status send(std::span<const std::byte> datagram);

    enum class Received : std::uint8_t {
        datagram,  // datagram() holds it
        nothing,   // the queue is empty
        lost,      // messages were lost: ENOBUFS, or one that was larger than the buffer
        failed,    // the socket is of no use any more; errno is set
    };
    /// Takes the next datagram of the kernel.
    [[nodiscard]] Received receive();
    [[nodiscard]] std::span<const std::byte> datagram() const { return {buffer_.data(), length_}; }

  private:
    struct Free {
        void operator()(nl_sock* socket) const noexcept;
    };
    explicit Socket(nl_sock* socket);
    std::unique_ptr<nl_sock, Free> socket_;
    std::vector<std::byte> buffer_;
    std::size_t length_ = 0;
};

}  // namespace holdfast::netlink
