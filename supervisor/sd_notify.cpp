#include "supervisor/sd_notify.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "lib/core/text.hpp"

namespace holdfast::supervisor {
namespace {

core::UniqueFd connect_to(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    core::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return {};
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
        return {};
    }
    return socket;
}

std::string take_variable(const char* name) {
    const char* value = ::getenv(name);
    const std::string copy = value == nullptr ? "" : value;
    ::unsetenv(name);
    return copy;
}

}  // namespace

SdNotify SdNotify::from_environment() {
    SdNotify notify;
    notify.socket_ = connect_to(take_variable("NOTIFY_SOCKET"));
    const auto limit = core::parse_number<long long>(take_variable("WATCHDOG_USEC"));
    const auto pid = core::parse_number<pid_t>(take_variable("WATCHDOG_PID"));
    if (limit && *limit > 0 && (!pid || *pid == ::getpid())) {
        notify.watchdog_ = core::Interval(*limit / 2);
    }
    return notify;
}

void SdNotify::ready(const std::string& status) const {
    send(fmt::format("READY=1\nMAINPID={}\nSTATUS={}", ::getpid(), status));
}

void SdNotify::reloading(core::Instant now) const {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.time_since_epoch().count()));
}

void SdNotify::stopping() const {
    send("STOPPING=1");
}

void SdNotify::status(const std::string& text) const {
    send("STATUS=" + text);
}

void SdNotify::alive() const {
    send("WATCHDOG=1");
}

void SdNotify::send(const std::string& text) const {
    // A manager that does not read is not waited for.
    if (socket_) ::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace holdfast::supervisor
