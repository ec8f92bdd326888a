#include "lib/config/field_text.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/model_index.hpp"
#include "lib/config/numbers.hpp"
#include "lib/config/prefix.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kMillisecond = 1'000;

WordResult wrong(std::string problem) {
    return {false, std::move(problem)};
}

/// Digits only, as keepalived reads numbers without a sign.
std::optional<std::uint64_t> read_plain(std::string_view word) {
    if (word.starts_with('+')) word.remove_prefix(1);
    return core::parse_number<std::uint64_t>(core::trim(word));
}

WordResult set_number(Message& message, const FieldDescriptor* field, const v1::Setting& setting,
                      std::string_view word, NameTables& names) {
    const bool wide = field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
    const std::uint64_t lowest = static_cast<std::uint64_t>(setting.min());
    const std::uint64_t widest = wide ? std::numeric_limits<std::uint64_t>::max()
                                      : std::numeric_limits<std::uint32_t>::max();
    const std::uint64_t highest =
        setting.has_max() ? static_cast<std::uint64_t>(setting.max()) : widest;
    std::optional<std::uint64_t> number;
    if (setting.has_names()) {
        number = names.find(setting.names(), word);
        if (!number) {
            return wrong(
                fmt::format("'{}' is neither a number nor a name of {}", word, setting.names()));
        }
    } else {
        number = setting.any_base() ? read_any_base(word, widest) : read_plain(word);
        if (!number) return wrong(fmt::format("'{}' is not a number", word));
    }
    if (*number < lowest || *number > highest) {
        return wrong(fmt::format("{} is not between {} and {}", word, lowest, highest));
    }
    if (wide) {
        message.GetReflection()->SetUInt64(&message, field, *number);
    } else {
        message.GetReflection()->SetUInt32(&message, field, static_cast<std::uint32_t>(*number));
    }
    return {true, {}};
}

WordResult set_enum(Message& message, const FieldDescriptor* field, std::string_view word) {
    const EnumDescriptor* type = field->enum_type();
    std::vector<std::string> words;
    for (int i = 0; i < type->value_count(); ++i) {
        const auto& texts = type->value(i)->options().GetExtension(v1::word).text();
        if (std::ranges::find(texts, word) != texts.end()) {
            message.GetReflection()->SetEnum(&message, field, type->value(i));
            return {true, {}};
        }
        if (!texts.empty()) words.push_back(texts.Get(0));
    }
    return wrong(fmt::format("'{}' is not one of {}", word, core::join(words, ", ")));
}

WordResult set_time(Message& message, const FieldDescriptor* field, const v1::Setting& setting,
                    std::string_view word) {
    const std::uint64_t unit = setting.syntax() == v1::SECONDS ? kSecond : kMillisecond;
    const unsigned decimals = setting.has_decimals() ? setting.decimals() : 6;
    auto time = read_decimal(word, unit, decimals, setting.min(), setting.max());
    if (time.value) message.GetReflection()->SetUInt64(&message, field, *time.value);
    return {time.value.has_value(), std::move(time.problem)};
}

WordResult set_octets(Message& message, const FieldDescriptor* field, v1::Syntax syntax,
                      std::string_view word) {
    const auto* reflection = message.GetReflection();
    if (syntax == v1::PREFIX) {
        ReadPrefix read = read_prefix(word);
        if (read.prefix) reflection->SetString(&message, field, read.prefix->octets());
        return {read.prefix.has_value(), std::move(read.problem)};
    }
    const auto address = core::Address::from_text(word);
    if (!address) return wrong(fmt::format("'{}' is not an address", word));
    reflection->SetString(&message, field, address->octets());
    return {true, {}};
}

std::string text_of(const Message& message, const FieldDescriptor* field) {
    std::string scratch;
    const v1::Setting& setting = setting_of(field);
    const std::string& text = message.GetReflection()->GetStringReference(message, field, &scratch);
    if (setting.syntax() == v1::ADDRESS) return address_text(text);
    if (setting.syntax() != v1::PREFIX) return text;
    const auto prefix = Prefix::from_octets(text);
    return prefix ? prefix->text() : std::string();
}

}  // namespace

WordResult set_from_word(Message& message, const FieldDescriptor* field, std::string_view word,
                         NameTables& names) {
    const v1::Setting& setting = setting_of(field);
    switch (setting.syntax()) {
        case v1::SECONDS:
        case v1::MILLISECONDS:
            return set_time(message, field, setting, word);
        case v1::ADDRESS:
        case v1::PREFIX:
            return set_octets(message, field, setting.syntax(), word);
        default:
            break;
    }
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_ENUM:
            return set_enum(message, field, word);
        case FieldDescriptor::CPPTYPE_STRING:
            message.GetReflection()->SetString(&message, field, std::string(word));
            return {true, {}};
        default:
            return set_number(message, field, setting, word, names);
    }
}

std::optional<std::string> word_of_field(const Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    const v1::Setting& setting = setting_of(field);
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_UINT32: {
            const std::uint32_t number = reflection->GetUInt32(message, field);
            return setting.has_names() ? NameTables::text_of(setting.names(), number)
                                       : std::to_string(number);
        }
        case FieldDescriptor::CPPTYPE_UINT64: {
            const std::uint64_t number = reflection->GetUInt64(message, field);
            if (setting.syntax() == v1::SECONDS) return decimal_text(number);
            if (setting.syntax() == v1::MILLISECONDS) return decimal_text(number, kMillisecond);
            return std::to_string(number);
        }
        case FieldDescriptor::CPPTYPE_ENUM: {
            const EnumValueDescriptor* value = reflection->GetEnum(message, field);
            const auto& texts = value->options().GetExtension(v1::word).text();
            return texts.empty() ? std::optional<std::string>() : texts.Get(0);
        }
        case FieldDescriptor::CPPTYPE_STRING:
            return text_of(message, field);
        default:
            return std::nullopt;
    }
}

}  // namespace holdfast::config
