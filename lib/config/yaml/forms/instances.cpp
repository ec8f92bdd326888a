// The owner of the addresses (`priority: owner` is state MASTER with priority 255), and MAC
// addresses.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "lib/config/vrrp_defaults.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

void read_priority(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    if (reader.text_of(value, "a number, or owner") == nullptr) return;
    auto& instance = static_cast<v1::VrrpInstance&>(owner);
    if (value.text == "owner") {
        instance.set_priority(kOwner);
        instance.set_state(v1::INITIAL_ACTIVE);
        return;
    }
    auto number = read_integer(value, 1, kOwner);
    if (number.value) {
        instance.set_priority(static_cast<std::uint32_t>(*number.value));
    } else {
        reader.refuse(value, std::move(number.refusal));
    }
}

std::optional<Node> write_priority(const google::protobuf::Message& owner) {
    const auto& instance = static_cast<const v1::VrrpInstance&>(owner);
    if (!instance.has_priority()) return std::nullopt;
    return Node::plain(std::to_string(instance.priority()));
}

/// 00:00:5e:00:01, and perhaps a sixth octet.
void read_mac(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    const std::string* text = reader.text_of(value, "a MAC address");
    if (text == nullptr) return;
    std::string octets;
    for (std::size_t at = 0; at < text->size(); at += 3) {
        unsigned octet = 0;
        const char* const from = text->data() + at;
        const char* const until = from + std::min<std::size_t>(2, text->size() - at);
        const auto [end, failure] = std::from_chars(from, until, octet, 16);
        const bool separated = at + 2 == text->size() || (*text)[at + 2] == ':';
        if (failure != std::errc{} || end != from + 2 || !separated) break;
        octets += static_cast<char>(octet);
    }
    const bool whole = text->size() + 1 == 3 * octets.size();
    if (!whole || (octets.size() != 5 && octets.size() != 6)) {
        reader.refuse(value,
                      {fmt::format("\"{}\" is no MAC address of five or six octets", *text), {}});
        return;
    }
    static_cast<v1::Vmac&>(owner).set_address(octets);
}

std::optional<Node> write_mac(const google::protobuf::Message& owner) {
    const auto& vmac = static_cast<const v1::Vmac&>(owner);
    if (!vmac.has_address()) return std::nullopt;
    std::string text;
    for (const char octet : vmac.address()) {
        text += fmt::format("{}{:02x}", text.empty() ? "" : ":", static_cast<unsigned char>(octet));
    }
    return Node::string(std::move(text));
}

/// Its other settings may stand without it, and ask for it when it is not said: false says no.
void read_enabled(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    if (reader.text_of(value, "true or false") == nullptr) return;
    const auto* field = owner.GetDescriptor()->FindFieldByName("enabled");
    if (auto refusal = read_scalar(value, owner, field)) reader.refuse(value, std::move(*refusal));
}

std::optional<Node> write_enabled(const google::protobuf::Message& owner) {
    const auto& vmac = static_cast<const v1::Vmac&>(owner);
    if (!vmac.has_enabled() && vmac.ByteSizeLong() == 0) return std::nullopt;
    return Node::boolean(vmac.enabled());
}

Node enabled_schema() {
    return typed("boolean");
}

Node mac_schema() {
    return text_with("^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){4,5}$");
}

Node priority_schema() {
    Node number = typed("integer");
    number.add("minimum", Node::plain("1"));
    number.add("maximum", Node::plain("255"));
    return any_of({std::move(number), words_schema({"owner"})});
}

}  // namespace

std::span<const KeyForm> instance_keys() {
    static const std::array kKeys = {
        KeyForm{"Vmac",
                "enabled",
                {"enabled"},
                read_enabled,
                write_enabled,
                enabled_schema,
                "true or false; default true where other settings of it stand",
                "Put the virtual addresses on an interface of their own whose MAC address moves "
                "with them."},
        KeyForm{"Vmac",
                "address",
                {"address"},
                read_mac,
                write_mac,
                mac_schema,
                "XX:XX:XX:XX:XX[:XX]",
                "MAC address of the interface; of five octets the virtual router id becomes the "
                "sixth."},
        KeyForm{"VrrpInstance",
                "priority",
                {"priority"},
                read_priority,
                write_priority,
                priority_schema,
                "1-255, or owner",
                "The highest priority becomes active. The owner of "
                "the addresses has 255 and starts active."}};
    return kKeys;
}

}  // namespace holdfast::config::yaml
