#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/core/address.hpp"
#include "lib/core/result.hpp"
#include "vrrpd/advertisement.hpp"

namespace holdfast::vrrp {

/// What one recvmmsg(2) takes from a raw socket. Some 70 kB: lives on the stack of its reader.
class PacketBatch {
  public:
    static constexpr unsigned kSize = 16;

    PacketBatch();
    PacketBatch(const PacketBatch&) = delete;
    PacketBatch& operator=(const PacketBatch&) = delete;

    /// Takes at most `limit` packets, never waits; how many it took. 0: nothing is left. Errors are
    /// those of recvmmsg(2), but for the ones that say so.
    core::Result<unsigned> receive(int socket, unsigned limit);

    [[nodiscard]] core::Address source(unsigned which) const;
    /// When the kernel received it: nanoseconds of CLOCK_REALTIME, 0 if unknown.
    [[nodiscard]] std::uint64_t stamp_ns(unsigned which) const;
    /// Refers into this batch. Nothing where the IP header contradicts itself or the packet is
    /// longer than any advertisement. IPv4 raw sockets show the IP header, IPv6 ones the message
    /// alone.
    [[nodiscard]] std::optional<Datagram> datagram(unsigned which, core::Family family) const;

  private:
    /// The largest message is 8 + 255 * 16 octets behind an IPv4 header of 60 and an authentication
    /// header at most.
    static constexpr std::size_t kLargest = 4352;
    static constexpr std::size_t kControl = 128;

    struct Place {
        sockaddr_storage from;
        iovec octets;
        alignas(cmsghdr) std::array<std::byte, kControl> control;
        std::array<std::byte, kLargest> bytes;
    };
    std::array<Place, kSize> places_;
    std::array<mmsghdr, kSize> headers_;
};

}  // namespace holdfast::vrrp
