#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/netlink/codec.hpp"
#include "lib/netlink/message.hpp"
#include "lib/netlink/route_codec.hpp"
#include "lib/netlink/rule_codec.hpp"
#include "lib/netlink/socket.hpp"

namespace holdfast::netlink {

/// What became of a list of requests.
struct Outcome {
    struct Refusal {
        std::size_t request;  // its position in the list
        core::Error error;    // code(): errno; text(): with the kernel's own words
    };
    std::vector<Refusal> refusals;
    /// Answers were lost: a request without refusal may have failed. Dump and compare.
    bool uncertain = false;
};

/// Cuts a list of requests into datagrams; pure. Gives each request its sequence number and asks
/// for an acknowledgement of the last one of each datagram only: two thousand acknowledgements
/// overflow a receive buffer, and failures are told anyway.
class Batches {
  public:
    /// A datagram larger than the send buffer is refused (EMSGSIZE).
    static constexpr std::size_t kLargest = std::size_t{128} * 1024;

    struct Batch {
        std::vector<std::byte> datagram;
        std::size_t first = 0;  // position of its first request in the list
        std::size_t count = 0;
        std::uint32_t first_sequence = 0;
    };
    [[nodiscard]] static std::vector<Batch> cut(std::span<const Message> requests,
                                                std::uint32_t first_sequence,
                                                std::size_t largest = kLargest);
};

/// Gathers the kernel's answers to one batch; pure.
class Answers {
  public:
    Answers(const Batches::Batch& batch, Outcome& outcome) : batch_(batch), outcome_(outcome) {}
    void take(const Answer& answer);
    /// Whether the answer to the last request came: everything before it was carried out.
    [[nodiscard]] bool complete() const { return complete_; }

  private:
    const Batches::Batch& batch_;
    Outcome& outcome_;
    bool complete_ = false;
};

/// Requests to the kernel on a socket of their own. The kernel has finished when sendto returns, so
/// nothing ever waits here: answers are read until none is left, and what has not come by then was
/// lost.
class Requester {
  public:
    /// `protocol`: NETLINK_ROUTE, NETLINK_GENERIC or NETLINK_NETFILTER.
    [[nodiscard]] static core::Result<Requester> open(int protocol);
    /// Has the kernel take what a dump asks for at its word (NETLINK_GET_STRICT_CHK, Linux 4.20):
    /// of a table with a million routes only those with the protocol asked for are sent. Older
    /// kernels send more.
    void ask_strictly();

    /// Carries all out in their order; a refused one does not stop those after it.
    Outcome change(std::span<const Message> requests);

    /// Carries all out or, when one is refused, none: messages between nftables::begin_batch() and
    /// end_batch(), in one datagram of whatever size.
    core::Status transaction(std::span<const Message> requests);

    /// One request with any number of replies (a dump, or a question). Calls `begin` before each
    /// attempt (a dump that was disturbed is asked for again) and `each` for every reply.
    core::Status ask(const Message& request, const std::function<void()>& begin,
                     const std::function<void(const Reply&)>& each);

    core::Result<std::vector<InterfaceAddress>> addresses();
    core::Result<std::vector<Link>> links();
    core::Result<std::vector<LinkDetails>> link_details();
    /// Those of one table that have the protocol and are wanted; none where there is no such table.
    core::Result<std::vector<Route>> routes(core::Family family, std::uint32_t table,
                                            std::uint8_t protocol, const RouteFilter& wanted);
    /// Of both families.
    core::Result<std::vector<Rule>> rules();
    /// The interfaces that forward IPv6 packets.
    core::Result<std::set<std::uint32_t>> ipv6_forwarders();
    /// Whether this kernel keeps IFA_PROTO (Linux 5.18 and later). Asked with a request that is
    /// refused in any case, for one reason or another; needs CAP_NET_ADMIN, else false.
    [[nodiscard]] bool knows_address_protocol();
    /// Nothing: this kernel has no such family.
    core::Result<std::optional<GenericFamily>> family(std::string_view name);

    [[nodiscard]] int fd() const { return socket_.fd(); }
    [[nodiscard]] std::uint32_t port() const { return socket_.port(); }

  private:
    explicit Requester(Socket socket) : socket_(std::move(socket)) {}
    void change_batch(const Batches::Batch& batch, Outcome& outcome);
    enum class Attempt : std::uint8_t { complete, disturbed };
    core::Result<Attempt> attempt(const Message& request,
                                  const std::function<void(const Reply&)>& each);
    core::Result<Attempt> read_replies(std::uint32_t sequence,
                                       const std::function<void(const Reply&)>& each);
    void discard_old_answers();

    Socket socket_;
    std::uint32_t sequence_ = 1;
};

}  // namespace holdfast::netlink
