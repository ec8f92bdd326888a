#include "checkerd/tcp.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "lib/core/result.hpp"

namespace holdfast::checkerd {
namespace {

Answer cannot_test(std::string_view task) {
    return {Outcome::cannot_test, core::Error::last(task).text()};
}

std::string connect_task(const Target& target) {
    return "connect to " + target.to.text();
}

const sockaddr* as_sockaddr(const sockaddr_storage& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

void set_option(int socket, int option, const void* value, std::size_t size) {
    // Both options used with this (SO_LINGER, SO_REUSEADDR) cannot fail on a fresh TCP socket.
    setsockopt(socket, SOL_SOCKET, option, value, static_cast<socklen_t>(size));
}

}  // namespace

bool is_local_failure(int connect_errno) {
    switch (connect_errno) {
        case ENETUNREACH:   // no route
        case EHOSTUNREACH:  // a route of type unreachable
        case EACCES:        // a route of type prohibit
        case EINVAL:        // a route of type blackhole; a link-local address without interface
        case EPERM:         // refused by a firewall rule of this host
        case EADDRNOTAVAIL:
        case EADDRINUSE:
        case EAFNOSUPPORT:
        case EAGAIN:  // no free local port
        case ENETDOWN:
        case ENODEV:
        case ENOBUFS:
        case ENOMEM:
            return true;
        default:
            return false;
    }
}

Connector::Connector(loop::Loop& loop, const Target& target, Connected connected, Failed failed)
    : loop_(loop),
      target_(target),
      connected_(std::move(connected)),
      failed_(std::move(failed)),
      timer_(loop, [this] { on_timer(); }) {
    at_once_ = begin();
    timer_.after(at_once_ ? core::Interval::zero() : target_.connect_timeout);
}

/// What fails here at once, or nothing while the connection is on its way.
std::optional<Answer> Connector::begin() {
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    socket_.reset(socket(core::to_af(target_.to.address.family()), type, IPPROTO_TCP));
    if (!socket_) return cannot_test("open a socket");
    const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
    set_option(socket_.get(), SO_LINGER, &reset_on_close, sizeof reset_on_close);
    if (auto failure = bind_socket()) return failure;

    sockaddr_storage to{};
    const socklen_t size = target_.to.address.to_sockaddr(target_.to.port, to);
    if (connect(socket_.get(), as_sockaddr(to), size) != 0 && errno != EINPROGRESS) {
        const Outcome outcome = is_local_failure(errno) ? Outcome::cannot_test : Outcome::failure;
        return Answer{outcome, core::Error::last(connect_task(target_)).text()};
    }
    watch_ = std::make_unique<loop::FdWatch>(
        loop_, socket_.get(), [] {}, [this] { on_writable(); });
    watch_->want_read(false);
    watch_->want_write(true);
    return std::nullopt;
}

std::optional<Answer> Connector::bind_socket() {
    const std::string& interface = target_.bind_interface;
    if (!interface.empty() &&
        setsockopt(socket_.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                   static_cast<socklen_t>(interface.size())) != 0) {
        return cannot_test("use interface " + interface);
    }
    if (!target_.bind_address && target_.bind_port == 0) return std::nullopt;
    const int on = 1;
    set_option(socket_.get(), SO_REUSEADDR, &on, sizeof on);
    const bool ipv6 = target_.to.address.family() == core::Family::ipv6;
    const core::Address any = ipv6 ? core::Address::from(in6addr_any) : core::Address{};
    const core::Endpoint from{target_.bind_address.value_or(any), target_.bind_port};
    sockaddr_storage address{};
    const socklen_t size = from.address.to_sockaddr(from.port, address);
    if (bind(socket_.get(), as_sockaddr(address), size) != 0) {
        return cannot_test("bind to " + from.text());
    }
    return std::nullopt;
}

void Connector::on_writable() {
    int code = 0;
    socklen_t size = sizeof code;
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
    if (code != 0) {
        fail({Outcome::failure, core::Error::from_errno(code, connect_task(target_)).text()});
        return;
    }
    watch_.reset();
    timer_.cancel();
    const Connected connected = std::move(connected_);
    connected(std::move(socket_));
}

void Connector::on_timer() {
    fail(at_once_.value_or(
        Answer{Outcome::failure, fmt::format("{}: no answer within {}", connect_task(target_),
                                             core::to_text(target_.connect_timeout))}));
}

void Connector::fail(const Answer& answer) {
    watch_.reset();
    socket_.reset();
    timer_.cancel();
    const Failed failed = std::move(failed_);
    failed(answer);
}

TcpCheck::TcpCheck(loop::Loop& loop, const Target& target, Answered answered)
    : connector_(
          loop, target,
          [answered, to = target.to.text()](core::UniqueFd) {
              answered({Outcome::success, "connected to " + to});
          },
          answered) {}

}  // namespace holdfast::checkerd
