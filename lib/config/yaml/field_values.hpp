#pragma once

#include <cstdint>
#include <string>

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace holdfast::config::yaml {

// Fields of any width by their descriptors: a value is set, or added to a repeated field.

void set_bool(google::protobuf::Message& owner, const google::protobuf::FieldDescriptor* field,
              bool value);
/// Unsigned 64 bits travel as the signed number with the same bits.
void set_integer(google::protobuf::Message& owner, const google::protobuf::FieldDescriptor* field,
                 std::int64_t value);
void set_text(google::protobuf::Message& owner, const google::protobuf::FieldDescriptor* field,
              std::string value);
/// The field's number, or the one at `index` of a repeated field.
[[nodiscard]] std::int64_t integer_of(const google::protobuf::Message& owner,
                                      const google::protobuf::FieldDescriptor* field, int index);

}  // namespace holdfast::config::yaml
