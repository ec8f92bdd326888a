#include "helpers/mailer/delivery.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast::mailer {
namespace {

core::Interval interval_of(std::uint64_t microseconds) {
    return core::Interval(static_cast<core::Interval::rep>(microseconds));
}

/// The address of the batch as the kernel wants it; 0: neither IPv4 nor IPv6.
socklen_t fill(const messages::v1::MailBatch& batch, sockaddr_storage& out) {
    const std::string& octets = batch.address();
    const std::uint16_t port = htons(static_cast<std::uint16_t>(batch.port()));
    if (octets.size() == sizeof(in_addr)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = port;
        std::memcpy(&address.sin_addr, octets.data(), octets.size());
        std::memcpy(&out, &address, sizeof address);
        return sizeof address;
    }
    if (octets.size() != sizeof(in6_addr)) return 0;
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = port;
    address.sin6_scope_id = batch.scope();
    std::memcpy(&address.sin6_addr, octets.data(), octets.size());
    std::memcpy(&out, &address, sizeof address);
    return sizeof address;
}

}  // namespace

Delivery::Delivery(loop::Loop& loop, const messages::v1::MailBatch& batch,
                   Conversation& conversation, std::function<void()> done)
    : loop_(loop),
      batch_(batch),
      conversation_(conversation),
      done_(std::move(done)),
      step_limit_(interval_of(batch.step_limit_us())),
      step_(loop, [this] { fail("the mail server does not answer in time"); }),
      total_(loop, [this] { fail("the conversation with the mail server took too long"); }) {
    step_.after(step_limit_);
    total_.after(interval_of(batch.total_limit_us()));
    if (core::Status opened = open(); !opened) fail(opened.error().text());
}

core::Status Delivery::open() {
    sockaddr_storage address{};
    const socklen_t length = fill(batch_, address);
    if (length == 0) return core::Error("the mail server has no address", EINVAL);
    socket_.reset(
        ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!socket_) return core::Error::last("socket to the mail server");
    const auto* generic =
        reinterpret_cast<const sockaddr*>(&address);  // NOLINT(*-reinterpret-cast): its interface
    if (::connect(socket_.get(), generic, length) != 0 && errno != EINPROGRESS) {
        return core::Error::last("connect to the mail server");
    }
    watch_ = std::make_unique<loop::FdWatch>(
        loop_, socket_.get(), [this] { readable(); }, [this] { writable(); });
    watch_->want_write(true);
    return core::Done{};
}

void Delivery::writable() {
    if (!connected_) {
        int failure = 0;
        socklen_t size = sizeof failure;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
        if (failure != 0) {
            return fail(core::Error::from_errno(failure, "connect to the mail server").text());
        }
        connected_ = true;
        step_.after(step_limit_);
    }
    send_rest();
}

void Delivery::send_rest() {
    while (!unsent_.empty()) {
        const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0) return fail(core::Error::last("send to the mail server").text());
        unsent_.erase(0, static_cast<std::size_t>(sent));
    }
    if (watch_) watch_->want_write(!unsent_.empty());
}

void Delivery::readable() {
    if (!connected_) return writable();  // a refused connection is readable as well
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got < 0) return fail(core::Error::last("receive from the mail server").text());
    if (got == 0) return fail("the mail server closed the connection");
    std::string_view octets(buffer.data(), static_cast<std::size_t>(got));
    while (!octets.empty()) {
        const auto reply = replies_.take(octets);
        if (!reply) return fail(reply.error().text());
        if (!*reply) return;
        // A second answer to one command: the two ends no longer speak of the same thing.
        if (!unsent_.empty()) return fail("the mail server answers before it was asked");
        unsent_ = conversation_.answer(**reply);
        if (conversation_.over()) return finish();
        step_.after(step_limit_);
        send_rest();
        if (!socket_) return;
    }
}

void Delivery::fail(const std::string& why) {
    conversation_.break_off(why);
    finish();
}

void Delivery::finish() {
    step_.cancel();
    total_.cancel();
    watch_.reset();
    socket_.reset();
    if (done_) loop_.defer(std::exchange(done_, nullptr));
}

}  // namespace holdfast::mailer
