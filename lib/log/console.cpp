#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/log/sinks.hpp"

namespace holdfast::log {

namespace {

bool is_control(unsigned char byte) {
    return byte < 0x20 || byte == 0x7f;
}

void append_escaped(std::string& line, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            line += "\\n";
        } else if (c == '\t') {
            line += "\\t";
        } else if (c == '\\') {
            line += "\\\\";
        } else if (is_control(byte)) {
            line += fmt::format("\\x{:02x}", byte);
        } else {
            line += c;
        }
    }
}

bool is_socket(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

class ConsoleLogger final : public CountingLogger {
  public:
    explicit ConsoleLogger(core::UniqueFd descriptor)
        : descriptor_(std::move(descriptor)), socket_(is_socket(descriptor_.get())) {}

  protected:
    bool deliver(Level, std::string_view event, std::string_view text,
                 std::span<const Field>) override {
        std::string line = console_line(event, text);
        if (cut_short_) line.insert(0, "\n");  // the reader still has half of another line
        const ssize_t written = write_now(line);
        if (written > 0) cut_short_ = written < static_cast<ssize_t>(line.size());
        return written == static_cast<ssize_t>(line.size());
    }

  private:
    ssize_t write_now(std::string_view line) const {
        const int fd = descriptor_.get();
        if (socket_) return ::send(fd, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        // A terminal or pipe that somebody opened without O_NONBLOCK must not hold us up either.
        pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
        if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return -1;
        return ::write(fd, line.data(), line.size());
    }

    core::UniqueFd descriptor_;
    bool socket_;
    bool cut_short_ = false;
};

}  // namespace

std::string console_line(std::string_view event, std::string_view text) {
    std::string line;
    append_escaped(line, event);
    line.push_back(' ');
    append_escaped(line, text.substr(0, kMaxText));
    line.resize(std::min(line.size(), kMaxConsoleLine - 2));  // room for two line feeds
    line.push_back('\n');
    return line;
}

std::unique_ptr<Logger> make_console_logger(core::UniqueFd descriptor) {
    return std::make_unique<ConsoleLogger>(std::move(descriptor));
}

}  // namespace holdfast::log
