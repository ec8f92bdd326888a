#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/yaml/tree.hpp"

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace holdfast::config::yaml {

class Reader;

// What YAML writes otherwise than its fields say. Three tables, filled by the files beside this
// one; the shape is built with them, and the reader, the writer, the schema and the manual follow
// it.

/// A key that is read by hand, in the map of a message. It stands for some of the fields, which
/// then have no keys of their own.
struct KeyForm {
    std::string_view message;              // its name, without the package
    std::string_view key;                  // seen from the map of the message: "expect.digest"
    std::vector<std::string_view> fields;  // what it stands for: "prefix_length", "ServiceKey.port"
    void (*read)(Reader& reader, const Node& value, google::protobuf::Message& owner);
    /// The value that leads to what is set; nothing when nothing is, or another key says it.
    std::optional<Node> (*write)(const google::protobuf::Message& owner);
    /// JSON Schema of the value, as a tree.
    Node (*schema)();
    std::string_view type;  // for the manual: "ADDR/LEN"
    std::string_view doc;   // one sentence
};

/// A message that is a single value: 200-299.
struct ValueForm {
    std::string_view message;
    void (*read)(Reader& reader, const Node& value, google::protobuf::Message& message);
    Node (*write)(const google::protobuf::Message& message);
    Node (*schema)();
    std::string_view type;
    std::string_view doc;
};

/// A message that is a map, or just the value of its most important key.
struct ShortForm {
    std::string_view message;
    std::string_view key;
};

/// A map inside of a message's map that may be just the value of its most important key.
struct MainKey {
    std::string_view message;
    std::string_view path;
    std::string_view key;
};
[[nodiscard]] std::span<const MainKey> main_keys();

[[nodiscard]] std::span<const KeyForm> key_forms();
/// The fields that a form stands for; of this message unless another one is named.
[[nodiscard]] std::vector<const google::protobuf::FieldDescriptor*> fields_of(const KeyForm& form);
[[nodiscard]] const ValueForm* find_value_form(const google::protobuf::Descriptor* message);
[[nodiscard]] const ShortForm* find_short_form(const google::protobuf::Descriptor* message);

// The tables of the files beside this one.
[[nodiscard]] std::span<const KeyForm> address_keys();
[[nodiscard]] std::span<const KeyForm> check_keys();
[[nodiscard]] std::span<const KeyForm> global_keys();
[[nodiscard]] std::span<const KeyForm> instance_keys();
[[nodiscard]] std::span<const KeyForm> route_keys();
[[nodiscard]] std::span<const KeyForm> script_keys();
[[nodiscard]] std::span<const KeyForm> service_keys();
[[nodiscard]] std::span<const ValueForm> check_values();

}  // namespace holdfast::config::yaml
