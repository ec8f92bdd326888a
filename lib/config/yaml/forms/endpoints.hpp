#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/config/yaml/scalars.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config::yaml {

/// ADDR, ADDR:PORT or [ADDR6]:PORT.
struct WrittenEndpoint {
    core::Address address;
    std::optional<std::uint32_t> port;
};
[[nodiscard]] ReadValue<WrittenEndpoint> read_endpoint(std::string_view text);

/// From 4 or 16 octets; a text with colons is quoted.
[[nodiscard]] Node endpoint_node(const std::string& octets, std::optional<std::uint32_t> port);

/// ADDR or ADDR/LEN.
struct WrittenPrefix {
    core::Address address;
    std::optional<std::uint32_t> length;
};
[[nodiscard]] ReadValue<WrittenPrefix> read_prefix(std::string_view text);
[[nodiscard]] Node prefix_node(const std::string& octets, std::optional<std::uint32_t> length);

}  // namespace holdfast::config::yaml
