#include "lib/config/persistence.hpp"

#include <arpa/inet.h>

#include <string>

#include "lib/core/text.hpp"

namespace holdfast::config {

std::optional<std::uint32_t> read_granularity(std::string_view text, bool ipv6) {
    if (ipv6) {
        const auto length = core::parse_number<std::uint32_t>(text);
        return length && *length >= 1 && *length <= 128 ? length : std::nullopt;
    }
    in_addr mask{};
    if (::inet_aton(std::string(text).c_str(), &mask) == 0) return std::nullopt;
    return ntohl(mask.s_addr);
}

}  // namespace holdfast::config
