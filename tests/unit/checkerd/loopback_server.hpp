#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lib/core/address.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::checkerd {

/// A TCP server on 127.0.0.1 in the test's own loop, as ill-behaved as a test wants. It serves one
/// client at a time.
class LoopbackServer {
  public:
    struct Behaviour {
        /// A client connected.
        std::function<void(LoopbackServer&)> accepted;
        /// The client's first octets came.
        std::function<void(LoopbackServer&)> asked;
    };

    LoopbackServer(loop::Loop& loop, Behaviour behaviour);

    [[nodiscard]] core::Endpoint endpoint() const;
    /// Queued without a bound and sent as the client reads.
    void send(std::string octets);
    /// Ends the stream once everything is sent.
    void close();
    /// Cuts the connection with RST.
    void reset();

    /// Everything sent has reached the client's socket, where settle() finds it.
    [[nodiscard]] bool delivered() const;

    [[nodiscard]] unsigned clients() const { return clients_; }
    [[nodiscard]] const std::string& request() const { return request_; }
    [[nodiscard]] const std::string& client_address() const { return client_address_; }
    /// The client closed or reset the connection.
    [[nodiscard]] bool client_left() const { return client_left_; }

  private:
    void on_client();
    void on_readable();
    void on_writable();
    void end();

    loop::Loop& loop_;
    Behaviour behaviour_;
    core::UniqueFd listener_;
    core::UniqueFd client_;
    std::unique_ptr<loop::FdWatch> listener_watch_;
    std::unique_ptr<loop::FdWatch> client_watch_;
    std::string request_;
    std::string client_address_;
    std::string unsent_;
    bool close_when_sent_ = false;
    bool client_left_ = false;
    unsigned clients_ = 0;
};

/// A socket bound to a loopback port that nobody listens on: the port refuses, and no other process
/// can take it meanwhile.
struct RefusingPort {
    RefusingPort();
    core::UniqueFd socket;
    core::Endpoint endpoint;
};

/// The address a socket is bound to.
[[nodiscard]] core::Endpoint local_endpoint(int socket);
/// A TCP socket bound to a free port of 127.0.0.1.
[[nodiscard]] core::UniqueFd bound_socket();

}  // namespace holdfast::checkerd
