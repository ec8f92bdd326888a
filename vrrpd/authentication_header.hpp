#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/core/address.hpp"
#include "vrrpd/advertisement.hpp"
#include "vrrpd/keyed_hash.hpp"

/// The IPsec authentication header (RFC 2402) around VRRPv2 over IPv4 as keepalived has it:
/// HMAC-MD5-96 with the password as key. Pure.
namespace holdfast::vrrp {

/// Wraps what one router sends, and checks what it receives. All routers of one VRID share one
/// sequence, which goes on from whoever is Active, so that nothing can be played again.
class HeaderKeeper {
  public:
    [[nodiscard]] static core::Result<HeaderKeeper> make(const std::array<std::byte, 8>& password);

    /// The whole IPv4 packet, whose header the sum covers.
    [[nodiscard]] std::vector<std::byte> wrap(std::span<const std::byte> message,
                                              const core::Address& source,
                                              const core::Address& destination,
                                              std::uint8_t time_to_live);

    /// Why the header of this packet is not believed. Only an authentic one moves the sequence.
    [[nodiscard]] std::optional<Rejection> check(const Datagram& datagram);

    /// The last one seen or sent; outlives a restart.
    [[nodiscard]] std::uint32_t sequence() const { return sequence_; }
    void restore(std::uint32_t sequence) { sequence_ = sequence; }

  private:
    explicit HeaderKeeper(KeyedHash hash) : hash_(std::move(hash)) {}
    [[nodiscard]] std::optional<KeyedHash::Digest> sum_of(std::span<const std::byte> packet,
                                                          std::size_t header_at) const;

    KeyedHash hash_;
    std::uint32_t sequence_ = 0;
};

}  // namespace holdfast::vrrp
