#include "vrrpd/strangers.hpp"

#include <algorithm>

namespace holdfast::vrrp {

void Strangers::seen(const WireKey& where, std::uint8_t vrid, const core::Address& source,
                     core::Instant now) {
    const Kind kind{where.interface, where.family, vrid};
    if (all_.size() >= kMost && !all_.contains(kind))
        all_.erase(std::ranges::min_element(all_, {},
                                            [](const auto& entry) { return entry.second.last; }));
    Seen& entry = all_[kind];
    ++entry.count;
    entry.source = source;
    entry.last = now;
}

}  // namespace holdfast::vrrp
