#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/log/logger.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/loop/loop.hpp"
#include "vrrpd/advertisement.hpp"
#include "vrrpd/wire_key.hpp"

namespace holdfast::messages::v1 {
class SocketGrant;
}

namespace holdfast::vrrp {

class PacketBatch;

/// Of what is sent: the socket, and the address that is configured or that we chose.
struct Source {
    const SendKey& key;
    core::Address address;
};

/// Which sets of sockets routers use, and which senders of each.
using WiresInUse = std::map<WireKey, std::set<SendKey>>;

/// Where advertisements go out and come in.
class Wire {
  public:
    virtual ~Wire() = default;
    /// Never waits. With an authentication header, `message` is the whole IP packet.
    virtual core::Status send(const WireKey& where, const Source& source,
                              std::span<const std::byte> message,
                              const core::Address& destination) = 0;
    /// Hands on everything that has arrived there by now.
    virtual void read_all(const WireKey& where) = 0;
    /// 0 when `where` can send (as `key` says) and receive; ENODEV before anything was granted;
    /// else the supervisor's errno.
    [[nodiscard]] virtual int problem(const WireKey& where, const SendKey& key) const = 0;
    /// Of the interface for which the sockets were opened; 0 if there are none.
    [[nodiscard]] virtual std::uint32_t interface_index(const WireKey& where) const = 0;
    /// Of the device that `key` names, for which its socket was opened; 0 if there is none. Its
    /// absence is no problem(): ipvsd makes it, and makes it again.
    [[nodiscard]] virtual std::uint32_t sender_index(const WireKey& where,
                                                     const SendKey& key) const = 0;
};

/// The raw sockets that the supervisor opened, with everything set: a socket to send, a hot one
/// whose locked filter passes well-formed packets of known VRIDs, and a cold one for the rest,
/// which is read at most 100 times a second, so that garbage cannot disturb the hot path and is
/// still named. Sends, reads, and never waits.
class Sockets : public Wire {
  public:
    struct Handlers {
        /// Some packets in the order in which they came.
        std::function<void(const WireKey&, std::span<const Datagram>)> arrived;
        /// A packet whose IP or authentication header contradicts itself, of whatever router.
        std::function<void(const WireKey&, const core::Address& source)> garbage;
    };
    Sockets(loop::Loop& loop, log::Logger& log, Handlers handlers);
    ~Sockets() override;
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    /// One socket, or the reason why there is none. It replaces the older one of its kind: that is
    /// read dry first, and what arrived at both is taken once.
    core::Status grant(const messages::v1::SocketGrant& grant, core::UniqueFd socket);
    /// From now on the sockets are read. Before, the predecessor may still read them.
    void begin();
    /// What was opened there hears no group any more, even if another interface gets the number.
    void interface_gone(std::uint32_t index);
    /// Closes the sets of all other keys, and all other senders of those that stay.
    void keep_only(const WiresInUse& used);

    [[nodiscard]] int problem(const WireKey& where, const SendKey& key) const override;
    [[nodiscard]] std::uint32_t interface_index(const WireKey& where) const override;
    [[nodiscard]] std::uint32_t sender_index(const WireKey& where,
                                             const SendKey& key) const override;

    core::Status send(const WireKey& where, const Source& source,
                      std::span<const std::byte> message,
                      const core::Address& destination) override;
    void read_all(const WireKey& where) override;

  private:
    struct Receiver;
    struct Sender {
        core::UniqueFd socket;
        int error = 0;
        core::Address bound;      // by us
        std::uint32_t index = 0;  // of its own device; 0: that of the set
    };
    struct Set {
        std::uint32_t index = 0;
        std::map<SendKey, Sender> senders;
        int error = 0;  // of the hot socket
        std::unique_ptr<Receiver> hot;
        std::unique_ptr<Receiver> cold;
    };

    static void bind(Sender& sender, const core::Address& source, std::uint32_t index);
    void grant_receiver(const WireKey& where, Set& set, bool cold, int error,
                        core::UniqueFd socket);
    void replace(const WireKey& where, std::unique_ptr<Receiver>& receiver, core::UniqueFd socket,
                 bool cold);
    void watch(const WireKey& where, Receiver& receiver);
    void hot_readable(const WireKey& where, Receiver& receiver);
    void cold_readable(const WireKey& where, Receiver& receiver);
    /// A round over the hot sockets that are not watched, since too much comes there.
    void read_busy();
    /// Reads until nothing is left, at most `limit` packets; how many it read.
    unsigned read(const WireKey& where, Receiver& receiver, unsigned limit);
    /// What is whole and did not arrive before then, as far as the kernel says when.
    void hand_on(const WireKey& where, const PacketBatch& batch, unsigned count,
                 std::uint64_t drop_until_ns);
    void note_receive_error(const WireKey& where, const core::Error& error);
    /// A packet that belongs to no router, since it does not even have an IP header.
    void refuse(const WireKey& where, const core::Address& source);

    loop::Loop& loop_;
    log::Logger& log_;
    Handlers handlers_;
    bool begun_ = false;
    std::map<WireKey, Set> sets_;
    log::RateLimit limit_;
    std::vector<WireKey> busy_;  // their hot sockets are read in rounds
    loop::Timer round_;
};

}  // namespace holdfast::vrrp
