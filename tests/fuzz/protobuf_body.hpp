#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"

namespace holdfast::fuzz {

/// A frame of a channel as `Message`: whatever is accepted must mean the same once it was written
/// and read again.
template <class Message>
int parse_body(const std::uint8_t* data, std::size_t size) {
    Message message;
    if (!ipc::parse({reinterpret_cast<const char*>(data), size}, message)) return 0;
    const std::string written = message.SerializeAsString();
    Message again;
    if (!ipc::parse(written, again)) core::broken_invariant("an accepted message is refused later");
    if (again.SerializeAsString() != written)
        core::broken_invariant("a message changed on its way");
    return 0;
}

}  // namespace holdfast::fuzz
