// Addresses with a prefix length.
#include <array>

#include "lib/config/yaml/forms/endpoints.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "lib/config/yaml/scalars.hpp"
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

/// The kernel's own number for it, in seconds.
constexpr std::uint64_t kForever = 4'294'967'295'000'000;
constexpr std::string_view kForeverWord = "forever";

const google::protobuf::FieldDescriptor* lifetime_field() {
    return v1::VirtualAddress::descriptor()->FindFieldByName("preferred_lifetime_us");
}

void read_lifetime(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    if (reader.text_of(value, "a duration, or forever") == nullptr) return;
    auto& address = static_cast<v1::VirtualAddress&>(owner);
    if (value.text == kForeverWord) {
        address.set_preferred_lifetime_us(kForever);
        return;
    }
    if (auto refusal = read_scalar(value, owner, lifetime_field())) {
        reader.refuse(value, std::move(*refusal));
        return;
    }
    if (address.preferred_lifetime_us() == 0 || address.preferred_lifetime_us() == kForever) return;
    reader.all().report.warning("not_carried_out", value.mark.place(),
                                reader.path() +
                                    " is accepted, not carried out yet; the address "
                                    "is preferred for ever");
}

std::optional<Node> write_lifetime(const google::protobuf::Message& owner) {
    const auto& address = static_cast<const v1::VirtualAddress&>(owner);
    if (!address.has_preferred_lifetime_us()) return std::nullopt;
    if (address.preferred_lifetime_us() == kForever) return Node::plain(std::string(kForeverWord));
    return write_scalar(owner, lifetime_field());
}

Node lifetime_schema() {
    return any_of(
        {text_with(std::string(duration_pattern())), words_schema({std::string(kForeverWord)})});
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
                "Address and prefix length; without one the address stands alone."},
        KeyForm{"VirtualAddress",
                "preferred_lifetime",
                {"preferred_lifetime_us"},
                read_lifetime,
                write_lifetime,
                lifetime_schema,
                "duration, or forever",
                "How long the address is preferred as a source."}};
    return kKeys;
}

}  // namespace holdfast::config::yaml
