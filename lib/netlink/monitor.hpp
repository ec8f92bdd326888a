#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/netlink/interface_table.hpp"

namespace holdfast::netlink {

/// A NETLINK_ROUTE socket that has joined the groups for links and for IPv4 and IPv6 addresses,
/// non-blocking, close-on-exec, with a receive buffer of 1 MiB (beyond the system's limit where
/// CAP_NET_ADMIN allows). Needs no right. The supervisor makes one for vrrpd; ipvsd its own.
[[nodiscard]] core::Result<core::UniqueFd> open_monitor_socket();

/// Keeps an InterfaceTable in step with the kernel. Make it before the system call filter (wrapping
/// the descriptor asks for its name), then start() and, whenever the descriptor is readable,
/// readable(); both work with sendto and recvmsg only. An overrun of the socket leads to a new
/// dump, never to an error. Drops what does not come from the kernel (nl_pid != 0).
/// The listener must outlive it.
class Monitor {
  public:
    /// `socket` as open_monitor_socket() makes it.
    [[nodiscard]] static core::Result<std::unique_ptr<Monitor>> wrap(core::UniqueFd socket,
                                                                     TableListener& listener);
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// Asks for everything and reads it: when it returns, the table is complete and the listener
    /// was told. Call once, from Role::activate.
    core::Status start();
    /// Reads until nothing is left. Level-triggered watchers call it when fd() is readable.
    void readable();

    /// Asks for everything again; the answer is read as the rest. For those who do not believe that
    /// the kernel tells of every change.
    void refresh();

    [[nodiscard]] int fd() const;
    [[nodiscard]] const InterfaceTable& table() const;
    /// How often the table was read anew because messages were lost.
    [[nodiscard]] std::uint64_t overruns() const;

  private:
    class Impl;
    explicit Monitor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::netlink
