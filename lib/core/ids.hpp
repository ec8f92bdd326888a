#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace holdfast::core {

/// Name of one configured object in every process, generation and restart: the first 8 octets of
/// SHA-256 over kind, NUL, canonical key, read in network order. 0 is "no object".
struct ObjectId {
    std::uint64_t value = 0;
    explicit operator bool() const { return value != 0; }
    friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

/// `kind` is a word such as "vrrp_instance"; `key` the object's name, or for unnamed objects the
/// parent's key and the kernel's canonical key.
[[nodiscard]] ObjectId object_id(std::string_view kind, std::string_view key);

/// 16 hexadecimal digits, as JSON and logs show it.
[[nodiscard]] std::string to_text(ObjectId id);

}  // namespace holdfast::core

template <>
struct std::hash<holdfast::core::ObjectId> {
    std::size_t operator()(const holdfast::core::ObjectId& id) const noexcept {
        return static_cast<std::size_t>(id.value);
    }
};
