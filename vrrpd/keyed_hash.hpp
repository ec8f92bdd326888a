#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lib/core/result.hpp"

struct evp_mac_ctx_st;  // EVP_MAC_CTX

namespace holdfast::vrrp {

/// HMAC with one key (RFC 2104). The only caller of OpenSSL in vrrpd; reads no file and no clock.
class KeyedHash {
  public:
    enum class Kind : std::uint8_t { md5, sha256 };
    /// As many of these octets as the kind has are meant.
    using Digest = std::array<std::byte, 32>;

    /// Fails where the library does not offer the function (MD5 in a FIPS setting).
    [[nodiscard]] static core::Result<KeyedHash> make(Kind kind, std::span<const std::byte> key);

    /// Over all parts, one behind the other; nothing when the library fails.
    [[nodiscard]] std::optional<Digest> of(
        std::initializer_list<std::span<const std::byte>> parts) const;

  private:
    struct Free {
        void operator()(evp_mac_ctx_st* context) const noexcept;
    };
    KeyedHash() = default;

    std::unique_ptr<evp_mac_ctx_st, Free> context_;
    std::vector<std::byte> key_;
};

/// True when no bit differs; looks at every octet whatever it finds, so that the time tells nothing
/// about what was expected. Both have the same length.
[[nodiscard]] bool equal_in_constant_time(std::span<const std::byte> left,
                                          std::span<const std::byte> right);

}  // namespace holdfast::vrrp
