#include "vrrpd/packet_batch.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>
#include <variant>

namespace holdfast::vrrp {

namespace {

template <class Value>
Value value_of(const cmsghdr* header) {
    Value value{};
    std::memcpy(&value, CMSG_DATA(header), sizeof value);
    return value;
}

/// Calls `take` with each control message of a packet.
template <class Take>
void for_each_control(const msghdr& packet, const Take& take) {
    msghdr message = packet;  // CMSG_NXTHDR wants one that could be written
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each))
        take(each);
}

}  // namespace

// What the kernel fills is not cleared first: it is much, and read only as far as it was filled.
PacketBatch::PacketBatch() {
    for (unsigned each = 0; each < kSize; ++each) {
        Place& place = places_[each];
        place.octets = {place.bytes.data(), place.bytes.size()};
        headers_[each] = {};
        headers_[each].msg_hdr.msg_name = &place.from;
        headers_[each].msg_hdr.msg_iov = &place.octets;
        headers_[each].msg_hdr.msg_iovlen = 1;
        headers_[each].msg_hdr.msg_control = place.control.data();
    }
}

core::Result<unsigned> PacketBatch::receive(int socket, unsigned limit) {
    for (mmsghdr& each : headers_) {
        each.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
        each.msg_hdr.msg_controllen = kControl;
    }
    int taken = 0;
    do {
        taken = ::recvmmsg(socket, headers_.data(), std::min(limit, kSize), MSG_DONTWAIT, nullptr);
    } while (taken < 0 && errno == EINTR);
    if (taken < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return core::Error::last("recvmmsg");
    return taken < 0 ? 0U : static_cast<unsigned>(taken);
}

core::Address PacketBatch::source(unsigned which) const {
    const bool named = headers_.at(which).msg_hdr.msg_namelen >= sizeof(sockaddr_in);
    if (!named) return {};
    return core::Address::from(places_.at(which).from).value_or(core::Address());
}

std::uint64_t PacketBatch::stamp_ns(unsigned which) const {
    std::uint64_t found = 0;
    for_each_control(headers_.at(which).msg_hdr, [&](const cmsghdr* control) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS) return;
        const auto stamp = value_of<timespec>(control);
        found = static_cast<std::uint64_t>(stamp.tv_sec) * 1'000'000'000U +
                static_cast<std::uint64_t>(stamp.tv_nsec);
    });
    return found;
}

std::optional<Datagram> PacketBatch::datagram(unsigned which, core::Family family) const {
    const mmsghdr& header = headers_.at(which);
    if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
    const std::span<const std::byte> octets(places_[which].bytes.data(), header.msg_len);
    if (family == core::Family::ipv4) {
        const auto cut = from_ipv4_packet(octets);
        const auto* datagram = std::get_if<Datagram>(&cut);
        return datagram == nullptr ? std::nullopt : std::optional(*datagram);
    }
    Datagram datagram{.source = source(which), .protocol = kProtocol, .message = octets};
    for_each_control(header.msg_hdr, [&](const cmsghdr* control) {
        if (control->cmsg_level != IPPROTO_IPV6) return;
        if (control->cmsg_type == IPV6_HOPLIMIT)
            datagram.time_to_live = static_cast<std::uint8_t>(value_of<int>(control));
        else if (control->cmsg_type == IPV6_PKTINFO)
            datagram.destination = core::Address::from(value_of<in6_pktinfo>(control).ipi6_addr);
    });
    return datagram;
}

}  // namespace holdfast::vrrp
