#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::ipc {

/// 512 MiB: the largest configuration that travels.
inline constexpr std::uint64_t kMaxSealed = 512ULL * 1024 * 1024;

/// An empty memfd that can be sealed later; `name` shows in /proc.
[[nodiscard]] core::Result<core::UniqueFd> make_memory(const char* name);
/// Sets F_SEAL_SEAL, SHRINK, GROW and WRITE.
[[nodiscard]] core::Status seal(int memory);
[[nodiscard]] core::Status write_all(int memory, std::string_view bytes);

/// Size and SHA-256 (32 octets) of a memfd's content.
struct Digest {
    std::uint64_t size = 0;
    std::string sha256;
};
[[nodiscard]] core::Result<Digest> digest_of(int memory);

/// The content, if the memfd has all four seals, the given size and digest.
[[nodiscard]] core::Result<std::string> read_sealed(int memory, const Digest& expected);

}  // namespace holdfast::ipc
