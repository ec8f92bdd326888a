// Passwords of VRRPv2, and the keys of auth_hmac.
#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

void parse_password(Binder&, Targets targets, Node& node) {
    target_as<v1::Authentication>(targets).set_password(std::string(node.word(0)));
}
void write_password(const google::protobuf::Message& block, LegacyText& out) {
    const auto& authentication = block_as<v1::Authentication>(block);
    if (authentication.has_password()) out.statement("auth_pass", authentication.password());
}

void parse_key(Binder& binder, Targets targets, Node& node) {
    auto& hmac = target_as<v1::AuthHmac>(targets);
    const auto id = read_integer(node.word(0), 1, 255);
    if (!id.problem.empty()) {
        binder.refuse(node, fmt::format("key: {}; it is ignored", id.problem),
                      Complaint::invalid_number);
        return;
    }
    if (node.words.size() < 2) {
        binder.refuse(node, "key: the key itself is missing; it is ignored",
                      Complaint::missing_parameter);
        return;
    }
    for (const v1::HmacKey& key : hmac.keys()) {
        if (key.id() == *id.value) {
            binder.refuse(node,
                          fmt::format("key {} is given already; this one is ignored", *id.value));
            return;
        }
    }
    auto& key = *hmac.add_keys();
    key.set_id(static_cast<std::uint32_t>(*id.value));
    key.set_secret(std::string(node.word(1)));
}
void write_keys(const google::protobuf::Message& block, LegacyText& out) {
    for (const v1::HmacKey& key : block_as<v1::AuthHmac>(block).keys()) {
        out.statement("key", key.id(), key.secret());
    }
}

constexpr Irregular kTable[] = {
    {"vrrp_instance/authentication", "auth_pass", parse_password, write_password},
    {"vrrp_instance/auth_hmac", "key", parse_key, write_keys},
};

}  // namespace

std::span<const Irregular> authentication_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
