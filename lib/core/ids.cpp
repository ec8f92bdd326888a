#include "lib/core/ids.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

#include <fmt/format.h>

#include "lib/core/result.hpp"

namespace holdfast::core {

namespace {

/// Looked for once: to find the method takes longer than to use it on a short text.
const EVP_MD* sha256() {
    static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return kMethod;
}

}  // namespace

ObjectId object_id(std::string_view kind, std::string_view key) {
    std::string input(kind);
    input.push_back('\0');
    input.append(key);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    if (EVP_Digest(input.data(), input.size(), digest.data(), nullptr, sha256(), nullptr) != 1) {
        broken_invariant("no SHA-256");
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8U | digest[i];
    return ObjectId{value};
}

std::string to_text(ObjectId id) {
    return fmt::format("{:016x}", id.value);
}

}  // namespace holdfast::core
