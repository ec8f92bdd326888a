#include "vrrpd/keyed_hash.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string>

namespace holdfast::vrrp {

namespace {

const unsigned char* octets(std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

void KeyedHash::Free::operator()(EVP_MAC_CTX* context) const noexcept {
    EVP_MAC_CTX_free(context);
}

core::Result<KeyedHash> KeyedHash::make(Kind kind, std::span<const std::byte> key) {
    // Without its configuration file: there is none in an empty root folder.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    struct FreeMac {
        void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
    };
    const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    std::string digest = kind == Kind::md5 ? "MD5" : "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    KeyedHash made;
    made.key_.assign(key.begin(), key.end());
    if (mac) made.context_.reset(EVP_MAC_CTX_new(mac.get()));
    if (!made.context_ ||
        EVP_MAC_init(made.context_.get(), octets(made.key_), made.key_.size(), parameters) != 1)
        return core::Error("HMAC-" + digest + " is not offered by the OpenSSL of this host");
    return made;
}

std::optional<KeyedHash::Digest> KeyedHash::of(
    std::initializer_list<std::span<const std::byte>> parts) const {
    Digest digest{};
    std::size_t length = 0;
    EVP_MAC_CTX* const context = context_.get();
    bool good = EVP_MAC_init(context, octets(key_), key_.size(), nullptr) == 1;
    for (const auto part : parts)
        good = good && EVP_MAC_update(context, octets(part), part.size()) == 1;
    good = good && EVP_MAC_final(context, reinterpret_cast<unsigned char*>(digest.data()), &length,
                                 digest.size()) == 1;
    if (!good) return std::nullopt;
    return digest;
}

bool equal_in_constant_time(std::span<const std::byte> left, std::span<const std::byte> right) {
    std::byte difference{0};
    for (std::size_t at = 0; at < left.size(); ++at) difference |= left[at] ^ right[at];
    return difference == std::byte{0};
}

}  // namespace holdfast::vrrp
