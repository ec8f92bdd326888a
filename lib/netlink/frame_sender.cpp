#include "lib/netlink/frame_sender.hpp"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace holdfast::netlink {
namespace {

constexpr std::size_t kFramesAtOnce = 256;
// Room for the announcements of two thousand addresses, sent several times in a row.
constexpr int kBuffer = 8 * 1024 * 1024;

/// The EtherType stands behind the two hardware addresses.
std::uint16_t protocol_of(std::span<const std::byte> frame) {
    std::uint16_t protocol = 0;  // network order, as sockaddr_ll wants it
    if (frame.size() >= ETH_HLEN) {
        std::memcpy(&protocol, frame.data() + std::size_t{2} * ETH_ALEN, sizeof protocol);
    }
    return protocol;
}

}  // namespace

core::Result<core::UniqueFd> open_frame_socket() {
    core::UniqueFd fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return core::Error::last("open packet socket");
    sock_filter drop_all[] = {{BPF_RET | BPF_K, 0, 0, 0}};
    const sock_fprog program{.len = 1, .filter = drop_all};
    const int on = 1;
    if (setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
        setsockopt(fd.get(), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) != 0) {
        return core::Error::last("lock filter of packet socket");
    }
    if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kBuffer, sizeof kBuffer) != 0) {
        setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &kBuffer, sizeof kBuffer);
    }
    return fd;
}

/// They point into each other.
struct FrameSender::Burst {
    Burst() {
        for (std::size_t i = 0; i < kFramesAtOnce; ++i) {
            names[i].sll_family = AF_PACKET;
            heads[i].msg_hdr.msg_name = &names[i];
            heads[i].msg_hdr.msg_namelen = sizeof names[i];
            heads[i].msg_hdr.msg_iov = &parts[i];
            heads[i].msg_hdr.msg_iovlen = 1;
        }
    }
    void fill(std::span<const Frame> frames) {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            names[i].sll_protocol = protocol_of(frames[i].octets);
            names[i].sll_ifindex = static_cast<int>(frames[i].interface_index);
            // sendmmsg only reads what iov_base points to.
            parts[i].iov_base = const_cast<std::byte*>(frames[i].octets.data());
            parts[i].iov_len = frames[i].octets.size();
        }
    }
    std::array<sockaddr_ll, kFramesAtOnce> names{};
    std::array<iovec, kFramesAtOnce> parts{};
    std::array<mmsghdr, kFramesAtOnce> heads{};
};

void FrameSender::FreeBurst::operator()(Burst* burst) const noexcept {
    delete burst;
}

FrameSender::FrameSender(core::UniqueFd socket) : socket_(std::move(socket)), burst_(new Burst) {}

std::vector<FrameSender::Refusal> FrameSender::send(std::span<const Frame> frames) {
    std::vector<Refusal> refusals;
    std::size_t done = 0;
    while (done < frames.size()) {
        const auto some = frames.subspan(done, std::min(kFramesAtOnce, frames.size() - done));
        burst_->fill(some);
        const int sent = sendmmsg(socket_.get(), burst_->heads.data(),
                                  static_cast<unsigned>(some.size()), MSG_DONTWAIT);
        if (sent > 0) {
            done += static_cast<std::size_t>(sent);
        } else if (sent == 0 || errno != EINTR) {
            // sendmmsg tells why only of the first of a burst.
            refusals.push_back({done, sent == 0 ? EIO : errno});
            if (refusals.back().code == ENOBUFS || refusals.back().code == EAGAIN) break;
            ++done;
        }
    }
    return refusals;
}

}  // namespace holdfast::netlink
