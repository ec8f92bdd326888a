#pragma once

#include <cstddef>

namespace holdfast::core {

/// Asks the processor to bring these octets nearer, and goes on: what thousands of routers know is
/// far away when a packet comes once a second, and is fetched for many of them at a time. Changes
/// nothing; any address will do.
inline void prefetch(const void* from, std::size_t octets) {
    constexpr std::size_t kLine = 64;
    const auto* at = static_cast<const std::byte*>(from);
    for (std::size_t offset = 0; offset < octets; offset += kLine)
        __builtin_prefetch(at + offset, 1);
}

template <class Object>
void prefetch(const Object& object) {
    prefetch(&object, sizeof object);
}

}  // namespace holdfast::core
