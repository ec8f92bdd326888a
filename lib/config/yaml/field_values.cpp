#include "lib/config/yaml/field_values.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <utility>

namespace holdfast::config::yaml {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void set_bool(Message& owner, const FieldDescriptor* field, bool value) {
    const auto* reflection = owner.GetReflection();
    if (field->is_repeated())
        reflection->AddBool(&owner, field, value);
    else
        reflection->SetBool(&owner, field, value);
}

void set_integer(Message& owner, const FieldDescriptor* field, std::int64_t value) {
    const auto* reflection = owner.GetReflection();
    const bool adds = field->is_repeated();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_UINT32: {
            const auto number = static_cast<std::uint32_t>(value);
            adds ? reflection->AddUInt32(&owner, field, number)
                 : reflection->SetUInt32(&owner, field, number);
            break;
        }
        case FieldDescriptor::CPPTYPE_UINT64: {
            const auto number = static_cast<std::uint64_t>(value);
            adds ? reflection->AddUInt64(&owner, field, number)
                 : reflection->SetUInt64(&owner, field, number);
            break;
        }
        case FieldDescriptor::CPPTYPE_INT32: {
            const auto number = static_cast<std::int32_t>(value);
            adds ? reflection->AddInt32(&owner, field, number)
                 : reflection->SetInt32(&owner, field, number);
            break;
        }
        default:
            adds ? reflection->AddInt64(&owner, field, value)
                 : reflection->SetInt64(&owner, field, value);
            break;
    }
}

void set_text(Message& owner, const FieldDescriptor* field, std::string value) {
    const auto* reflection = owner.GetReflection();
    if (field->is_repeated())
        reflection->AddString(&owner, field, std::move(value));
    else
        reflection->SetString(&owner, field, std::move(value));
}

std::int64_t integer_of(const Message& owner, const FieldDescriptor* field, int index) {
    const auto* reflection = owner.GetReflection();
    const bool many = field->is_repeated();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_UINT32:
            return many ? reflection->GetRepeatedUInt32(owner, field, index)
                        : reflection->GetUInt32(owner, field);
        case FieldDescriptor::CPPTYPE_UINT64:
            return static_cast<std::int64_t>(
                many ? reflection->GetRepeatedUInt64(owner, field, index)
                     : reflection->GetUInt64(owner, field));
        case FieldDescriptor::CPPTYPE_INT32:
            return many ? reflection->GetRepeatedInt32(owner, field, index)
                        : reflection->GetInt32(owner, field);
        default:
            return many ? reflection->GetRepeatedInt64(owner, field, index)
                        : reflection->GetInt64(owner, field);
    }
}

}  // namespace holdfast::config::yaml
