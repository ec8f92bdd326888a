#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/yaml/quantities.hpp"
#include "lib/config/yaml/tree.hpp"

namespace google::protobuf {
class EnumDescriptor;
class EnumValueDescriptor;
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace holdfast::config::yaml {

/// What the text of a field means.
enum class ScalarType : std::uint8_t {
    boolean,
    integer,
    duration,
    size,     // in octets
    word,     // of an enumeration
    address,  // 4 or 16 octets
    text,
};

/// How a field's value is written, from its type, its name (`_us`, `_ms`, `_s`) and its setting.
[[nodiscard]] ScalarType type_of(const google::protobuf::FieldDescriptor* field);

/// What one unit of a duration or number in `min`, `max` and `default_text` stands for, and what
/// the field counts, both in microseconds.
struct TimeUnits {
    std::uint64_t written_us = 1'000'000;
    std::uint64_t stored_us = 1;
    std::uint64_t step_us = 1;  // finer than this cannot be said
};
[[nodiscard]] TimeUnits time_units(const google::protobuf::FieldDescriptor* field);

/// Octets of a password that VRRPv2 carries (RFC 2338 5.3.10).
inline constexpr std::size_t kLongestPassword = 8;
[[nodiscard]] bool is_password(const google::protobuf::FieldDescriptor* field);

/// Sets the field (or adds to a repeated one); says why not when the node is no such value.
[[nodiscard]] std::optional<Refusal> read_scalar(const Node& node, google::protobuf::Message& owner,
                                                 const google::protobuf::FieldDescriptor* field);

/// The field's value, or the nth one of a repeated field. Of a password only what counts, since a
/// longer one is refused in YAML.
[[nodiscard]] Node write_scalar(const google::protobuf::Message& owner,
                                const google::protobuf::FieldDescriptor* field, int index = 0);

/// The word of an enumeration's value; empty for a value that nobody writes.
[[nodiscard]] std::string word_of(const google::protobuf::EnumValueDescriptor* value);
[[nodiscard]] std::vector<std::string> words_of(const google::protobuf::EnumDescriptor* type);

}  // namespace holdfast::config::yaml
