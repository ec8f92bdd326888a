#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::netlink {

/// A packet socket that only sends: protocol 0 and a locked filter that drops everything, so that
/// whoever holds it never reads a byte from the network through it. Opening it needs CAP_NET_RAW,
/// using it nothing.
[[nodiscard]] core::Result<core::UniqueFd> open_frame_socket();

/// Puts prepared frames on interfaces, as they are, with sendmmsg.
class FrameSender {
  public:
    /// A frame from its Ethernet header on.
    struct Frame {
        std::uint32_t interface_index = 0;
        std::span<const std::byte> octets;
    };
    struct Refusal {
        std::size_t frame;  // its position in the list
        int code;           // errno: ENETDOWN, ENXIO (no such interface), ENOBUFS (queue full) …
    };

    /// An empty owner is allowed: every frame is then refused with EBADF.
    explicit FrameSender(core::UniqueFd socket);

    /// Sends in the order given; a refused frame does not stop those after it, unless there is no
    /// room for it (ENOBUFS, EAGAIN): it is the last one that is tried then.
    std::vector<Refusal> send(std::span<const Frame> frames);

  private:
    /// The arguments of one sendmmsg, made once.
    struct Burst;
    struct FreeBurst {
        void operator()(Burst* burst) const noexcept;
    };

    core::UniqueFd socket_;
    std::unique_ptr<Burst, FreeBurst> burst_;
};

}  // namespace holdfast::netlink
