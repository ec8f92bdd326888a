#include "lib/netlink/monitor.hpp"

#include <linux/rtnetlink.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "lib/netlink/codec.hpp"
#include "lib/netlink/socket.hpp"

namespace holdfast::netlink {
namespace {

constexpr std::uint32_t kGroups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
// About 1 KiB for each event in the kernel's accounting; occupied only while events wait.
constexpr int kBuffer = 8 * 1024 * 1024;
// How many dumps start() may need when the interfaces change all the time.
constexpr int kDumpsAtStart = 8;
// Datagrams read in one call, so that an event storm does not keep the loop from its timers.
constexpr int kDatagramsAtOnce = 256;

}  // namespace

core::Result<core::UniqueFd> open_monitor_socket() {
    return open_socket(NETLINK_ROUTE, kGroups, kBuffer);
}

class Monitor::Impl {
  public:
    Impl(Socket opened, TableListener& listener) : socket(std::move(opened)), table(&listener) {}

    core::Status start();
    void readable();
    void refresh();

    Socket socket;
    InterfaceTable table;
    std::uint64_t overruns = 0;

  private:
    enum class Dump : std::uint8_t { none, links, addresses };

    bool read_one();
    void begin_dump();
    core::Status ask(Dump what);
    void take(const Reply& reply);
    void dump_done();

    void apply(const LinkSeen& event) { table.put(event.link); }
    void apply(const LinkGone& event) { table.remove_link(event.index); }
    void apply(const AddressSeen& event) { table.put(event.address); }
    void apply(const AddressGone& event) { table.remove(key_of(event.address)); }
    void apply(const DumpDone& event) {
        if (event.sequence != sequence_) return;
        event.code == 0 ? dump_done() : abandon_dump(event.code);
    }
    void apply(const Answer& event) {
        if (event.sequence == sequence_ && event.code != 0) abandon_dump(event.code);
    }
    void abandon_dump(int code);

    Dump dump_ = Dump::none;
    bool stale_ = true;  // something was lost since the last dump began
    std::uint32_t sequence_ = 0;
    int failure_ = 0;  // errno of the last dump that the kernel refused
    int dumps_ = 0;
};

core::Status Monitor::Impl::ask(Dump what) {
    const Message request = what == Dump::links ? encode_link_dump() : encode_address_dump();
    const auto octets = request.bytes();
    std::vector<std::byte> datagram(octets.begin(), octets.end());
    nlmsghdr head{};
    std::memcpy(&head, datagram.data(), sizeof head);
    head.nlmsg_seq = ++sequence_;
    std::memcpy(datagram.data(), &head, sizeof head);
    core::Status sent = socket.send(datagram);
    if (sent) dump_ = what;
    return sent;
}

void Monitor::Impl::begin_dump() {
    stale_ = false;
    ++dumps_;
    if (const core::Status sent = ask(Dump::links); !sent) {
        abandon_dump(sent.error().code());
        return;
    }
    table.begin_dump_of_links();
}

void Monitor::Impl::abandon_dump(int code) {
    failure_ = code;
    stale_ = true;
    dump_ = Dump::none;
}

void Monitor::Impl::dump_done() {
    if (dump_ == Dump::links) {
        if (!stale_) table.end_dump_of_links();
        dump_ = Dump::none;
        if (stale_) return;
        table.begin_dump_of_addresses();
        if (const core::Status sent = ask(Dump::addresses); !sent) {
            abandon_dump(sent.error().code());
        }
    } else if (dump_ == Dump::addresses) {
        dump_ = Dump::none;
        if (stale_) return;
        table.end_dump_of_addresses();
        failure_ = 0;
        table.synchronised();
    }
}

void Monitor::Impl::take(const Reply& reply) {
    // The kernel's lists changed while it was dumping: the dump may lack entries.
    if ((reply.flags & NLM_F_DUMP_INTR) != 0 && reply.sequence == sequence_) stale_ = true;
    if (const auto event = decode(reply)) {
        std::visit([this](const auto& what) { apply(what); }, *event);
    }
}

/// False when nothing is left to read.
bool Monitor::Impl::read_one() {
    switch (socket.receive()) {
        case Socket::Received::datagram:
            for (const Reply& reply : split(socket.datagram())) take(reply);
            return true;
        case Socket::Received::lost:
            ++overruns;
            stale_ = true;
            return true;
        case Socket::Received::nothing:
        case Socket::Received::failed:
            return false;
    }
    return false;
}

core::Status Monitor::Impl::start() {
    while (dumps_ < kDumpsAtStart && stale_) {
        begin_dump();
        while (dump_ != Dump::none && read_one()) {
        }
        if (failure_ != 0) return core::Error::from_errno(failure_, "dump interfaces");
    }
    return core::Done{};
}

void Monitor::Impl::readable() {
    for (int left = kDatagramsAtOnce; left > 0 && read_one(); --left) {
    }
    // The first part of the dump is in the queue when begin_dump returns, so the descriptor is
    // readable again and the caller comes back, even if nothing happens on the host any more.
    if (stale_ && dump_ == Dump::none) begin_dump();
}

void Monitor::Impl::refresh() {
    // A dump that is under way is new enough.
    if (dump_ == Dump::none) begin_dump();
}

Monitor::Monitor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Monitor::~Monitor() = default;

core::Result<std::unique_ptr<Monitor>> Monitor::wrap(core::UniqueFd socket,
                                                     TableListener& listener) {
    auto wrapped = Socket::wrap(std::move(socket));
    if (!wrapped) return wrapped.error();
    auto impl = std::make_unique<Impl>(std::move(wrapped).value(), listener);
    return std::unique_ptr<Monitor>(new Monitor(std::move(impl)));
}

core::Status Monitor::start() {
    return impl_->start();
}
void Monitor::readable() {
    impl_->readable();
}
void Monitor::refresh() {
    impl_->refresh();
}
int Monitor::fd() const {
    return impl_->socket.fd();
}
const InterfaceTable& Monitor::table() const {
    return impl_->table;
}
std::uint64_t Monitor::overruns() const {
    return impl_->overruns;
}

}  // namespace holdfast::netlink
