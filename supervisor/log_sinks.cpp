#include "supervisor/log_sinks.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace holdfast::supervisor {
namespace {

constexpr std::string_view kJournal = "/run/systemd/journal/socket";

core::Result<core::UniqueFd> connect_to_journal() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, kJournal.data(), kJournal.size());
    core::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return core::Error::last("journal socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return core::Error::last("connect to the journal");
    }
    return socket;
}

core::Result<core::UniqueFd> reopen_standard_error() {
    // Reopened, so that non-blocking holds for us alone and not for the terminal's other users.
    core::UniqueFd console(
        ::open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!console) console = core::UniqueFd::duplicate_of(STDERR_FILENO);
    if (!console) return core::Error::last("standard error");
    return console;
}

}  // namespace

LogSinks LogSinks::choose(bool console, bool quiet) {
    LogSinks sinks;
    if (console) {
        sinks.kind_ = Kind::console;
    } else if (quiet) {
        sinks.kind_ = Kind::nothing;
    } else {
        sinks.kind_ = connect_to_journal().ok() ? Kind::journal : Kind::console;
    }
    return sinks;
}

core::Result<core::UniqueFd> LogSinks::open_one() const {
    switch (kind_) {
        case Kind::journal:
            return connect_to_journal();
        case Kind::console:
            return reopen_standard_error();
        case Kind::nothing:
            break;
    }
    core::UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!null) return core::Error::last("open /dev/null");
    return null;
}

std::unique_ptr<log::Logger> LogSinks::make_logger(const std::string& identifier) const {
    core::Result<core::UniqueFd> descriptor = open_one();
    if (kind_ == Kind::nothing || !descriptor) return log::make_null_logger();
    return log::make_logger({std::move(descriptor).value(), kind_ == Kind::journal, identifier});
}

}  // namespace holdfast::supervisor
