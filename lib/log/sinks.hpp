#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/log/logger.hpp"

/// The two kinds of place where lines go, and their formats as pure functions.
namespace holdfast::log {

/// Octets of a text or a field's value at most; the rest is cut off. A datagram of the journal must
/// fit into the socket's default send buffer.
inline constexpr std::size_t kMaxText = 8192;
/// A console line at most: a pipe takes PIPE_BUF octets as one piece.
inline constexpr std::size_t kMaxConsoleLine = 4096;

/// One datagram of the journal's native protocol: "NAME=value\n", or, for a value with a line feed,
/// "NAME\n", its length in 8 octets little-endian, the value, "\n".
[[nodiscard]] std::string journal_datagram(std::string_view identifier, Level level,
                                           std::string_view event, std::string_view text,
                                           std::span<const Field> fields);

/// "EVENT text\n" with control characters and backslashes written as \n, \t, \\ or \xNN.
[[nodiscard]] std::string console_line(std::string_view event, std::string_view text);

/// 32 hexadecimal digits that journalctl -x and alert rules know an event by; derived from its
/// name.
[[nodiscard]] std::string message_id(std::string_view event);

/// Counts what the sink did not take and tells it with the next line that gets through.
class CountingLogger : public Logger {
  protected:
    void put(Level level, std::string_view event, std::string_view text,
             std::span<const Field> fields) final;
    /// Hands over one line without waiting; false when it was not taken.
    virtual bool deliver(Level level, std::string_view event, std::string_view text,
                         std::span<const Field> fields) = 0;

  private:
    std::uint64_t dropped_ = 0;
};

[[nodiscard]] std::unique_ptr<Logger> make_journal_logger(core::UniqueFd socket,
                                                          std::string identifier);
[[nodiscard]] std::unique_ptr<Logger> make_console_logger(core::UniqueFd descriptor);

}  // namespace holdfast::log
