#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "checkerd/check.hpp"
#include "lib/core/address.hpp"
#include "lib/core/interval.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::checkerd {

/// Where a check connects to, and from where.
struct Target {
    core::Endpoint to;
    std::optional<core::Address> bind_address;
    std::uint16_t bind_port = 0;  // 0: any
    std::string bind_interface;   // empty: any
    /// For the connection, and again for each part of an answer.
    core::Interval connect_timeout = std::chrono::seconds(5);

    friend bool operator==(const Target&, const Target&) = default;
};

/// Opens one TCP connection without waiting. Calls exactly one of its two functions, once, in a
/// turn after its construction; that call may destroy it. Gone before that, it closes its socket.
class Connector {
  public:
    /// The socket is connected, non-blocking, and resets the connection when it is closed, as
    /// keepalived's: thousands of checks a minute would else leave as many in TIME_WAIT.
    using Connected = std::function<void(core::UniqueFd)>;
    using Failed = Check::Answered;

    Connector(loop::Loop& loop, const Target& target, Connected connected, Failed failed);
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

  private:
    std::optional<Answer> begin();
    std::optional<Answer> bind_socket();
    void on_writable();
    void on_timer();
    void fail(const Answer& answer);

    loop::Loop& loop_;
    const Target target_;
    Connected connected_;
    Failed failed_;
    /// What went wrong at once, told in the next turn.
    std::optional<Answer> at_once_;
    core::UniqueFd socket_;
    std::unique_ptr<loop::FdWatch> watch_;
    loop::Timer timer_;
};

/// TCP_CHECK: the connection comes about.
class TcpCheck : public Check {
  public:
    TcpCheck(loop::Loop& loop, const Target& target, Answered answered);

  private:
    Connector connector_;
};

/// Whether an error that connect(2) returned at once has its cause on this host. Everything that
/// arrives later was said by the network or the server.
[[nodiscard]] bool is_local_failure(int connect_errno);

}  // namespace holdfast::checkerd
