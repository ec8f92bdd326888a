#include <sys/socket.h>

#include <utility>

#include <fmt/format.h>

#include "lib/core/ids.hpp"
#include "lib/log/sinks.hpp"

namespace holdfast::log {

namespace {

void append_field(std::string& datagram, std::string_view name, std::string_view value) {
    value = value.substr(0, kMaxText);
    datagram.append(name);
    if (value.find('\n') == std::string_view::npos) {
        datagram.push_back('=');
    } else {
        datagram.push_back('\n');
        for (unsigned shift = 0; shift < 64; shift += 8) {
            datagram.push_back(static_cast<char>(value.size() >> shift & 0xffU));
        }
    }
    datagram.append(value);
    datagram.push_back('\n');
}

class JournalLogger final : public CountingLogger {
  public:
    JournalLogger(core::UniqueFd socket, std::string identifier)
        : socket_(std::move(socket)), identifier_(std::move(identifier)) {}

  protected:
    bool deliver(Level level, std::string_view event, std::string_view text,
                 std::span<const Field> fields) override {
        const std::string datagram = journal_datagram(identifier_, level, event, text, fields);
        const ssize_t sent =
            ::send(socket_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return sent == static_cast<ssize_t>(datagram.size());
    }

  private:
    core::UniqueFd socket_;
    std::string identifier_;
};

}  // namespace

std::string message_id(std::string_view event) {
    return core::to_text(core::object_id("log event", event)) +
           core::to_text(core::object_id("log event, second half", event));
}

std::string journal_datagram(std::string_view identifier, Level level, std::string_view event,
                             std::string_view text, std::span<const Field> fields) {
    std::string datagram;
    append_field(datagram, "MESSAGE", fmt::format("{} {}", event, text));
    append_field(datagram, "PRIORITY", fmt::format("{}", static_cast<unsigned>(level)));
    append_field(datagram, "SYSLOG_IDENTIFIER", identifier);
    append_field(datagram, "MESSAGE_ID", message_id(event));
    append_field(datagram, "EVENT", event);
    for (const Field& field : fields) append_field(datagram, field.name, field.value);
    return datagram;
}

std::unique_ptr<Logger> make_journal_logger(core::UniqueFd socket, std::string identifier) {
    return std::make_unique<JournalLogger>(std::move(socket), std::move(identifier));
}

}  // namespace holdfast::log
