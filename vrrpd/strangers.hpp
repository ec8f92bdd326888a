#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "lib/core/address.hpp"
#include "lib/core/interval.hpp"
#include "vrrpd/wire_key.hpp"

namespace holdfast::vrrp {

/// Packets that are for no router of ours, for people who ask why two routers do not hear each
/// other: another virtual router id than was meant, or garbage. Decides nothing; bounded, whatever
/// the network sends.
class Strangers {
  public:
    static constexpr std::size_t kMost = 256;

    struct Kind {
        std::string interface;
        core::Family family{};
        std::uint8_t vrid = 0;  // 0: it says none, since it is broken
        friend auto operator<=>(const Kind&, const Kind&) = default;
    };
    struct Seen {
        std::uint64_t count = 0;
        core::Address source;  // of the last one
        core::Instant last;
    };

    /// When there are too many kinds, the one not seen for longest goes.
    void seen(const WireKey& where, std::uint8_t vrid, const core::Address& source,
              core::Instant now);
    [[nodiscard]] const std::map<Kind, Seen>& all() const { return all_; }

  private:
    std::map<Kind, Seen> all_;
};

}  // namespace holdfast::vrrp
