/// The system calls of VRRP without any program around them, as the measure of what a program adds:
///
///     vrrp_bare_loops announce INTERFACE ADDRESSES ROUNDS   adds 10.200.x.y/32, sends ROUNDS x
///     ADDRESSES
///                                                            gratuitous ARPs, removes them
///     vrrp_bare_loops send INTERFACE PACKETS                advertisements to 224.0.0.18
///     vrrp_bare_loops receive INTERFACE SECONDS             what comes to 224.0.0.18
///
/// Prints one number: microseconds in all (announce), processor microseconds per packet (send,
/// receive).
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <vector>

namespace {

constexpr int kVrrpProtocol = 112;
constexpr std::uint32_t kFirstAddress = 0x0ac80001;  // 10.200.0.1
constexpr std::size_t kBatch = std::size_t{128} * 1024;
constexpr std::size_t kPortion = 128;
constexpr int kBurst = 1000;  // packets
constexpr int kPause = 300;   // milliseconds

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

template <class Value>
void set(int socket, int level, int name, const Value& value) {
    if (::setsockopt(socket, level, name, &value, sizeof value) != 0) fail("setsockopt");
}

double processor_microseconds() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

// ---- announce ---------------------------------------------------------------------------------

struct AddressRequest {
    nlmsghdr header;
    ifaddrmsg body;
    rtattr attribute;
    in_addr address;
};

AddressRequest address_request(std::uint16_t type, unsigned index, std::uint32_t address) {
    AddressRequest made{};
    made.header = {.nlmsg_len = sizeof made,
                   .nlmsg_type = type,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = 1,
                   .nlmsg_pid = 0};
    if (type == RTM_NEWADDR) made.header.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
    made.body = {.ifa_family = AF_INET,
                 .ifa_prefixlen = 32,
                 .ifa_flags = 0,
                 .ifa_scope = 0,
                 .ifa_index = index};
    made.attribute = {.rta_len = sizeof(rtattr) + sizeof(in_addr), .rta_type = IFA_LOCAL};
    made.address.s_addr = htonl(address);
    return made;
}

void change_addresses(int netlink, std::uint16_t type, unsigned index, std::uint32_t count) {
    std::vector<std::byte> batch;
    const auto flush = [&] {
        if (!batch.empty() && ::send(netlink, batch.data(), batch.size(), 0) < 0) fail("netlink");
        batch.clear();
    };
    for (std::uint32_t each = 0; each < count; ++each) {
        const AddressRequest request = address_request(type, index, kFirstAddress + each);
        if (batch.size() + sizeof request > kBatch) flush();
        const auto bytes = std::as_bytes(std::span(&request, 1));
        batch.insert(batch.end(), bytes.begin(), bytes.end());
    }
    flush();
}

using Frame = std::array<unsigned char, 42>;

Frame gratuitous(std::uint32_t address) {
    Frame frame{};
    std::fill_n(frame.begin(), 6, 0xff);
    const std::array<unsigned char, 16> rest{0x02, 0, 0, 0x77, 0, 1, 0x08, 0x06,
                                             0,    1, 8, 0,    6, 4, 0,    1};
    std::copy(rest.begin(), rest.end(), frame.begin() + 6);
    const std::uint32_t wire = htonl(address);
    std::memcpy(frame.data() + 28, &wire, sizeof wire);
    std::memcpy(frame.data() + 38, &wire, sizeof wire);
    return frame;
}

void send_frames(int packet, std::span<const Frame> frames) {
    std::vector<mmsghdr> messages(kPortion);
    std::vector<iovec> parts(kPortion);
    for (std::size_t first = 0; first < frames.size(); first += kPortion) {
        const std::size_t count = std::min(kPortion, frames.size() - first);
        for (std::size_t i = 0; i < count; ++i) {
            parts[i] = {const_cast<unsigned char*>(frames[first + i].data()), sizeof(Frame)};
            messages[i] = {};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        if (::sendmmsg(packet, messages.data(), static_cast<unsigned>(count), 0) < 0)
            fail("sendmmsg");
    }
}

int announce(unsigned index, std::uint32_t count, int rounds) {
    const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    const int packet = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (netlink < 0 || packet < 0) fail("socket");
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_ifindex = static_cast<int>(index);
    if (::bind(packet, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) fail("bind");
    std::vector<Frame> frames;
    for (std::uint32_t each = 0; each < count; ++each)
        frames.push_back(gratuitous(kFirstAddress + each));
    const auto began = std::chrono::steady_clock::now();
    change_addresses(netlink, RTM_NEWADDR, index, count);
    for (int round = 0; round < rounds; ++round) send_frames(packet, frames);
    const auto took = std::chrono::steady_clock::now() - began;
    change_addresses(netlink, RTM_DELADDR, index, count);
    std::printf("%.1f\n", std::chrono::duration<double, std::micro>(took).count());
    return 0;
}

// ---- send and receive -------------------------------------------------------------------------

int raw_socket(const char* interface, unsigned index) {
    const int raw = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, kVrrpProtocol);
    if (raw < 0) fail("raw socket");
    if (::setsockopt(raw, SOL_SOCKET, SO_BINDTODEVICE, interface,
                     static_cast<socklen_t>(std::strlen(interface) + 1)) != 0)
        fail("SO_BINDTODEVICE");
    const ip_mreqn group{{htonl(0xe0000012)}, {}, static_cast<int>(index)};
    set(raw, IPPROTO_IP, IP_MULTICAST_IF, group);
    set(raw, IPPROTO_IP, IP_ADD_MEMBERSHIP, group);
    set(raw, IPPROTO_IP, IP_MULTICAST_TTL, 255);
    set(raw, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
    set(raw, IPPROTO_IP, IP_RECVTTL, 1);
    set(raw, IPPROTO_IP, IP_PKTINFO, 1);
    set(raw, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    return raw;
}

int epoll_of(int socket) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
    if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll");
    return epoll;
}

int send_packets(int raw, int packets) {
    const int epoll = epoll_of(raw);
    const std::array<unsigned char, 12> advertisement{0x31, 51, 100, 1,   0, 100,
                                                      0,    0,  10,  200, 0, 1};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(0xe0000012);
    epoll_event event{};
    timespec now{};
    const double began = processor_microseconds();
    for (int each = 0; each < packets; ++each) {
        // A second's worth of timers fires together, since all routers started together.
        ::epoll_wait(epoll, &event, 1, each % kBurst == 0 ? kPause : 0);
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        if (::sendto(raw, advertisement.data(), advertisement.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
            fail("sendto");
    }
    std::printf("%.2f\n", (processor_microseconds() - began) / packets);
    return 0;
}

int receive_packets(int raw, int seconds) {
    const int epoll = epoll_of(raw);
    std::array<char, 2048> buffer{};
    std::array<char, 256> control{};
    epoll_event event{};
    int packets = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    const double began = processor_microseconds();
    while (std::chrono::steady_clock::now() < end) {
        if (::epoll_wait(epoll, &event, 1, 100) <= 0) continue;
        for (;;) {
            iovec part{buffer.data(), buffer.size()};
            msghdr message{};
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            if (::recvmsg(raw, &message, 0) < 0) break;
            ++packets;
        }
    }
    if (packets == 0) {
        std::fputs("nothing was received\n", stderr);
        return 1;
    }
    std::printf("%.2f\n", (processor_microseconds() - began) / packets);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 3) {
        std::fputs(
            "announce INTERFACE ADDRESSES ROUNDS | send INTERFACE PACKETS | receive INTERFACE "
            "SECONDS\n",
            stderr);
        return 2;
    }
    const unsigned index = ::if_nametoindex(words[1].c_str());
    if (index == 0) fail(words[1].c_str());
    const int number = std::atoi(words[2].c_str());
    if (words[0] == "announce" && words.size() == 4)
        return announce(index, static_cast<std::uint32_t>(number), std::atoi(words[3].c_str()));
    const int raw = raw_socket(words[1].c_str(), index);
    return words[0] == "send" ? send_packets(raw, number) : receive_packets(raw, number);
}
