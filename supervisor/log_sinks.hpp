#pragma once

#include <memory>
#include <string>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/log/logger.hpp"

namespace holdfast::supervisor {

/// Where the lines of all processes go; each process gets a descriptor of its own.
class LogSinks {
  public:
    enum class Kind {
        journal,  // each process connects to the journal, so that trusted fields are its own
        console,  // standard error
        nothing,
    };

    /// The console when `console` is asked for or no journal listens; nothing with `quiet`.
    [[nodiscard]] static LogSinks choose(bool console, bool quiet);

    [[nodiscard]] Kind kind() const { return kind_; }
    /// A new descriptor for one process: a connected datagram socket, or standard error reopened
    /// O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY. A socket as standard error cannot be reopened and
    /// is duplicated.
    [[nodiscard]] core::Result<core::UniqueFd> open_one() const;
    [[nodiscard]] std::unique_ptr<log::Logger> make_logger(const std::string& identifier) const;

  private:
    Kind kind_ = Kind::console;
};

}  // namespace holdfast::supervisor
