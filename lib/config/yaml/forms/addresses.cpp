// Addresses with a prefix length.
#include <array>

#include "lib/config/yaml/forms/endpoints.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

void read_address(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    const std::string* text = reader.text_of(value, "an address");
    if (text == nullptr) return;
    auto prefix = read_prefix(*text);
    if (!prefix.value) {
        reader.refuse(value, std::move(prefix.refusal));
        return;
    }
    auto& address = static_cast<v1::VirtualAddress&>(owner);
    address.set_address(prefix.value->address.octets());
    if (prefix.value->length) address.set_prefix_length(*prefix.value->length);
}

std::optional<Node> write_address(const google::protobuf::Message& owner) {
    const auto& address = static_cast<const v1::VirtualAddress&>(owner);
    if (!address.has_address()) return std::nullopt;
    return prefix_node(address.address(), address.has_prefix_length()
                                              ? std::optional(address.prefix_length())
                                              : std::nullopt);
}

Node prefix_schema() {
    return text_with(std::string(prefix_pattern()));
}

}  // namespace

std::span<const KeyForm> address_keys() {
    static const std::array kKeys = {
        KeyForm{"VirtualAddress",
                "address",
                {"address", "prefix_length"},
                read_address,
                write_address,
                prefix_schema,
                "ADDR[/LEN]",
                "Address and prefix length; without one the address stands alone."}};
    return kKeys;
}

}  // namespace holdfast::config::yaml
