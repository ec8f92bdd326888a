#include "loopback_server.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>

#include "lib/core/result.hpp"

namespace holdfast::checkerd {
namespace {

void require(bool condition, const char* what) {
    if (!condition) core::broken_invariant(core::Error::last(what).text());
}

}  // namespace

core::UniqueFd bound_socket() {
    core::UniqueFd made(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    require(static_cast<bool>(made), "socket");
    sockaddr_storage address{};
    const socklen_t size = core::Address::v4(INADDR_LOOPBACK).to_sockaddr(0, address);
    require(bind(made.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    return made;
}

core::Endpoint local_endpoint(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    require(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    return {*core::Address::from(address), ntohs(v4->sin_port)};
}

RefusingPort::RefusingPort() : socket(bound_socket()), endpoint(local_endpoint(socket.get())) {}

LoopbackServer::LoopbackServer(loop::Loop& loop, Behaviour behaviour)
    : loop_(loop), behaviour_(std::move(behaviour)), listener_(bound_socket()) {
    require(listen(listener_.get(), 16) == 0, "listen");
    listener_watch_ =
        std::make_unique<loop::FdWatch>(loop_, listener_.get(), [this] { on_client(); });
}

core::Endpoint LoopbackServer::endpoint() const {
    return local_endpoint(listener_.get());
}

void LoopbackServer::on_client() {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    client_watch_.reset();
    client_.reset(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client_) return;
    ++clients_;
    client_left_ = false;
    close_when_sent_ = false;
    request_.clear();
    unsent_.clear();
    client_address_ = core::Address::from(address)->text();
    client_watch_ = std::make_unique<loop::FdWatch>(
        loop_, client_.get(), [this] { on_readable(); }, [this] { on_writable(); });
    if (behaviour_.accepted) behaviour_.accepted(*this);
}

void LoopbackServer::on_readable() {
    std::array<char, 4096> buffer;
    const ssize_t got = recv(client_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        client_left_ = true;
        end();
        return;
    }
    const bool first = request_.empty();
    request_.append(buffer.data(), static_cast<std::size_t>(got));
    if (first && behaviour_.asked) behaviour_.asked(*this);
}

void LoopbackServer::on_writable() {
    if (!unsent_.empty()) {
        const ssize_t sent = ::send(client_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return end();
        if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
    }
    if (!unsent_.empty()) return;
    client_watch_->want_write(false);
    if (close_when_sent_) end();
}

void LoopbackServer::send(std::string octets) {
    unsent_ += octets;
    if (client_watch_) client_watch_->want_write(true);
}

bool LoopbackServer::delivered() const {
    int unacknowledged = 0;
    require(ioctl(client_.get(), SIOCOUTQ, &unacknowledged) == 0, "SIOCOUTQ");
    return unsent_.empty() && unacknowledged == 0;
}

void LoopbackServer::close() {
    close_when_sent_ = true;
    if (client_watch_) client_watch_->want_write(true);
}

void LoopbackServer::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    end();
}

void LoopbackServer::end() {
    client_watch_.reset();
    client_.reset();
}

}  // namespace holdfast::checkerd
