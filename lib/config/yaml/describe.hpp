#pragma once

#include <optional>
#include <string>

#include "lib/config/yaml/tree.hpp"

namespace google::protobuf {
class FieldDescriptor;
}

namespace holdfast::config::yaml {

struct Key;

// What the schema and the manual say about a key.

/// One sentence, and the keyword of keepalived that it stands for.
[[nodiscard]] std::string description_of(const Key& key);
/// The sentence alone.
[[nodiscard]] std::string doc_of(const Key& key);
/// "duration, 10ms to 255s", "list of addresses"
[[nodiscard]] std::string type_text(const Key& key);
/// As YAML writes it; empty when there is none.
[[nodiscard]] std::string default_text_of(const Key& key);
/// The default, when the setting's text says one value; for the schema.
[[nodiscard]] std::optional<Node> default_of(const google::protobuf::FieldDescriptor* field);
/// The keywords of keepalived, joined with commas; empty when there is none.
[[nodiscard]] std::string keywords_of(const Key& key);
/// "1 to 255", in YAML's units; empty when nothing is said.
[[nodiscard]] std::string range_text(const google::protobuf::FieldDescriptor* field);

}  // namespace holdfast::config::yaml
