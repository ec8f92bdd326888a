#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::config {

/// persistence_granularity: for IPv4 a mask in host order as inet_aton reads it (so that 24 is
/// 0.0.0.24, as in keepalived), for IPv6 a prefix length from 1 to 128.
[[nodiscard]] std::optional<std::uint32_t> read_granularity(std::string_view text, bool ipv6);

}  // namespace holdfast::config
