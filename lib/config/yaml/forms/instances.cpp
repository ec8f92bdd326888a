// The owner of the addresses: `priority: owner` is state MASTER with priority 255.
#include <array>

#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

constexpr std::int64_t kOwner = 255;

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

Node priority_schema() {
    Node number = typed("integer");
    number.add("minimum", Node::plain("1"));
    number.add("maximum", Node::plain("255"));
    return any_of({std::move(number), words_schema({"owner"})});
}

}  // namespace

std::span<const KeyForm> instance_keys() {
    static const std::array kKeys = {KeyForm{"VrrpInstance",
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
