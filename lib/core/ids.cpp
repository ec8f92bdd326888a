#include "lib/core/ids.hpp"

#include <openssl/sha.h>

#include <array>

#include <fmt/format.h>

namespace holdfast::core {

ObjectId object_id(std::string_view kind, std::string_view key) {
    std::string input(kind);
    input.push_back('\0');
    input.append(key);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest.data());
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8U | digest[i];
    return ObjectId{value};
}

std::string to_text(ObjectId id) {
    return fmt::format("{:016x}", id.value);
}

}  // namespace holdfast::core
