#include "lib/config/irregular/setting_field.hpp"

#include <cassert>
#include <map>
#include <utility>
#include <vector>

#include "lib/config/address_text.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/model_index.hpp"

namespace holdfast::config {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool has_keyword(const v1::Setting& setting, std::string_view keyword) {
    const auto is_it = [keyword](const std::string& other) { return other == keyword; };
    return (setting.has_keyword() && setting.keyword() == keyword) ||
           std::ranges::any_of(setting.alias(), is_it) ||
           std::ranges::any_of(setting.deprecated(), is_it) ||
           std::ranges::any_of(setting.renamed(), is_it);
}

const FieldDescriptor* find_field(const Descriptor* message, std::string_view keyword) {
    for (int i = 0; i < message->field_count(); ++i) {
        if (has_keyword(setting_of(message->field(i)), keyword)) return message->field(i);
    }
    assert(false && "no field has this keyword");
    return nullptr;
}

std::string number_text(const Message& message, const FieldDescriptor* field, int index) {
    const auto* reflection = message.GetReflection();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return std::to_string(reflection->GetInt32(message, field));
        case FieldDescriptor::CPPTYPE_UINT64:
            return decimal_text(reflection->GetUInt64(message, field));
        default:
            return std::to_string(index < 0 ? reflection->GetUInt32(message, field)
                                            : reflection->GetRepeatedUInt32(message, field, index));
    }
}

void write_text(std::string_view keyword, const std::string& text, LegacyText& out) {
    if (text.empty()) {
        out.statement(keyword);
    } else {
        out.statement(keyword, text);
    }
}

}  // namespace

SettingField::SettingField(Message& message, std::string_view keyword)
    : message_(message),
      field_(find_field(message.GetDescriptor(), keyword)),
      setting_(setting_of(field_)) {}

void SettingField::set_number(std::int64_t value) {
    const auto* reflection = message_.GetReflection();
    switch (field_->cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            reflection->SetInt32(&message_, field_, static_cast<std::int32_t>(value));
            break;
        case FieldDescriptor::CPPTYPE_UINT64:
            reflection->SetUInt64(&message_, field_, static_cast<std::uint64_t>(value));
            break;
        case FieldDescriptor::CPPTYPE_ENUM:
            reflection->SetEnumValue(&message_, field_, static_cast<int>(value));
            break;
        default:
            reflection->SetUInt32(&message_, field_, static_cast<std::uint32_t>(value));
            break;
    }
}

void write_plain(const Message& block, std::string_view keyword, LegacyText& out) {
    const FieldDescriptor* field = find_field(block.GetDescriptor(), keyword);
    const auto* reflection = block.GetReflection();
    if (field->is_repeated()) {
        std::vector<std::string> words;
        for (int i = 0; i < reflection->FieldSize(block, field); ++i) {
            words.push_back(field->cpp_type() == FieldDescriptor::CPPTYPE_STRING
                                ? reflection->GetRepeatedString(block, field, i)
                                : number_text(block, field, i));
        }
        if (!words.empty()) out.statement_of(keyword, words);
    } else if (!reflection->HasField(block, field)) {
        return;
    } else if (field->type() == FieldDescriptor::TYPE_BYTES) {
        out.statement(keyword, address_text(reflection->GetString(block, field)));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        write_text(keyword, reflection->GetString(block, field), out);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
        if (reflection->GetBool(block, field)) out.statement(keyword);
    } else {
        out.statement(keyword, number_text(block, field, -1));
    }
}

}  // namespace holdfast::config
