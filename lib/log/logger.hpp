#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/core/unique_fd.hpp"

namespace holdfast::log {

/// The numbers are syslog's.
enum class Level : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

/// One structured field, e.g. {"VRRP_INSTANCE", "VI_1"}; names are upper case, digits, underscore.
struct Field {
    std::string_view name;
    std::string value;
};

/// Where the lines of one process go. Never waits: a line that the journal or console does not take
/// at once is counted, and the count is told with the next line that gets through.
class Logger {
  public:
    virtual ~Logger() = default;

    /// `event` is the stable identifier ("VRRP_STATE") that the pages in docs/ explain; `text` is
    /// one line for people. The journal gets EVENT=, MESSAGE= "EVENT text", MESSAGE_ID= of the
    /// event if it has one, and the fields; the console "EVENT text".
    void write(Level level, std::string_view event, std::string_view text,
               std::initializer_list<Field> fields = {});

    void error(std::string_view event, std::string_view text,
               std::initializer_list<Field> fields = {}) {
        write(Level::error, event, text, fields);
    }
    void warning(std::string_view event, std::string_view text,
                 std::initializer_list<Field> fields = {}) {
        write(Level::warning, event, text, fields);
    }
    void notice(std::string_view event, std::string_view text,
                std::initializer_list<Field> fields = {}) {
        write(Level::notice, event, text, fields);
    }
    void info(std::string_view event, std::string_view text,
              std::initializer_list<Field> fields = {}) {
        write(Level::info, event, text, fields);
    }
    void debug(std::string_view event, std::string_view text,
               std::initializer_list<Field> fields = {}) {
        write(Level::debug, event, text, fields);
    }

    void set_level(Level level) { level_ = level; }
    [[nodiscard]] Level level() const { return level_; }

  protected:
    virtual void put(Level level, std::string_view event, std::string_view text,
                     std::span<const Field> fields) = 0;

  private:
    Level level_ = Level::info;
};

/// To a descriptor opened by the supervisor: a connected datagram socket of the journal (native
/// protocol), or a console (a file, pipe, terminal or socket).
struct Sink {
    core::UniqueFd descriptor;
    bool journal = false;
    std::string identifier;  // SYSLOG_IDENTIFIER, "holdfast-vrrpd"
};
[[nodiscard]] std::unique_ptr<Logger> make_logger(Sink sink);

/// Forgets everything; for tests.
[[nodiscard]] std::unique_ptr<Logger> make_null_logger();

}  // namespace holdfast::log
