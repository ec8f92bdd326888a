#include "tests/unit/config/random_model.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "lib/config/yaml/shape.hpp"
#include "tests/unit/config/random_fixes.hpp"

namespace holdfast::config::testing {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

namespace {

/// Without a largest value of their own times end here, in seconds: a century.
constexpr double kLongTime = 3.2e9;

bool is_time(const FieldDescriptor* field) {
    return field->name().ends_with("_us");
}

/// The field that a map by name has as its key; such fields need no setting.
bool is_name(const FieldDescriptor* field) {
    static const std::set<const FieldDescriptor*> kNames = [] {
        std::set<const FieldDescriptor*> names;
        for (const Descriptor* owner : {v1::Config::descriptor(), v1::AuthHmac::descriptor()}) {
            for (int i = 0; i < owner->field_count(); ++i)
                names.insert(yaml::map_key_of(owner->field(i)));
        }
        return names;
    }();
    return kNames.contains(field);
}

/// Flags of keepalived.conf are on where they stand. These have a word for off.
bool has_word_for_off(const FieldDescriptor* field) {
    static constexpr std::array<std::string_view, 5> kOthers = {
        "VrrpInstance.nopreempt", "VrrpInstance.accept", "TrackedScript.reverse",
        "TrackedObject.reverse", "FileCheck.reverse"};
    const v1::Setting& setting = setting_of(field);
    const bool is_regular = setting.has_keyword() && setting.syntax() == v1::AUTO;
    return is_regular || std::ranges::any_of(kOthers, [&](std::string_view other) {
               return field->full_name().ends_with(other);
           });
}

constexpr int kManyWords = 8;

bool has_many_words(const FieldDescriptor* field) {
    return field->enum_type() != nullptr &&
           (field->is_repeated() || field->enum_type()->value_count() > kManyWords);
}

/// How many of a list there are at most: more where there are many words or kinds.
std::uint64_t most_of(const FieldDescriptor* field) {
    const bool has_kinds =
        field->message_type() != nullptr && field->message_type()->real_oneof_decl_count() > 0;
    return has_many_words(field) || has_kinds ? 9 : 3;
}

bool has_word(const EnumValueDescriptor* value) {
    return value->options().HasExtension(v1::word);
}

void collect(const Descriptor* message, Language language, Names& names,
             std::set<const Descriptor*>& seen) {
    if (!seen.insert(message).second) return;
    for (int i = 0; i < message->field_count(); ++i) {
        const FieldDescriptor* field = message->field(i);
        if (!is_written(field, language)) continue;
        names.insert(field->full_name());
        if (field->message_type() != nullptr) {
            collect(field->message_type(), language, names, seen);
        }
        if (field->enum_type() == nullptr) continue;
        for (int n = 0; n < field->enum_type()->value_count(); ++n) {
            const EnumValueDescriptor* value = field->enum_type()->value(n);
            if (has_word(value)) names.insert(value->full_name());
        }
    }
}

void add_words(const Message& message, const FieldDescriptor* field, Names& names) {
    const auto* reflection = message.GetReflection();
    if (!field->is_repeated()) {
        names.insert(reflection->GetEnum(message, field)->full_name());
        return;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        names.insert(reflection->GetRepeatedEnum(message, field, i)->full_name());
    }
}

template <class Value>
void set_number(Message& message, const FieldDescriptor* field, std::int64_t number,
                void (google::protobuf::Reflection::*set)(Message*, const FieldDescriptor*, Value)
                    const,
                void (google::protobuf::Reflection::*add)(Message*, const FieldDescriptor*, Value)
                    const) {
    const auto* reflection = message.GetReflection();
    (reflection->*(field->is_repeated() ? add : set))(&message, field, static_cast<Value>(number));
}

}  // namespace

bool is_written(const FieldDescriptor* field, Language language) {
    if (is_name(field)) return language == Language::yaml || field->name() != "label";
    if (!field->options().HasExtension(v1::setting)) return false;
    const v1::Setting& setting = setting_of(field);
    return setting.yaml() != "-" || (language == Language::legacy && setting.has_keyword());
}

Names written_names(Language language) {
    Names names;
    std::set<const Descriptor*> seen;
    collect(v1::Config::descriptor(), language, names, seen);
    return names;
}

void add_names(const Message& message, Names& names) {
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> present;
    reflection->ListFields(message, &present);
    for (const FieldDescriptor* field : present) {
        names.insert(field->full_name());
        if (field->enum_type() != nullptr) add_words(message, field, names);
        if (field->message_type() == nullptr) continue;
        if (!field->is_repeated()) {
            add_names(reflection->GetMessage(message, field), names);
            continue;
        }
        for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
            add_names(reflection->GetRepeatedMessage(message, field, i), names);
        }
    }
}

RandomModel::RandomModel(std::uint64_t seed, Language language)
    : dice_(seed), language_(language), sparseness_(std::array{2, 3, 5, 12}[dice_.below(4)]) {}

/// Low, high, small or anything between, in steps that the setting can say.
std::uint64_t RandomModel::time(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    const yaml::TimeUnits units = yaml::time_units(field);
    const auto unit = static_cast<double>(units.written_us);
    const std::uint64_t step = std::max<std::uint64_t>(units.step_us, 1);
    const auto low = (static_cast<std::uint64_t>(setting.min() * unit + 0.5) + step - 1) / step;
    const double longest = setting.has_max() ? setting.max() : kLongTime;
    const auto high = static_cast<std::uint64_t>(longest * unit + 0.5) / step;
    switch (dice_.below(8)) {
        case 0:
            return low * step;
        case 1:
            return high * step;
        case 2:
        case 3:
            return dice_.between(low, high) * step;
        default: {  // whole units, as people write them
            const std::uint64_t time = dice_.between(1, 100) * units.written_us;
            return std::clamp(time / step, low, high) * step;
        }
    }
}

std::int64_t RandomModel::number(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    const bool is_long = field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64 ||
                         field->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
    const bool is_signed = field->cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                           field->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
    const std::int64_t lowest = is_signed ? std::numeric_limits<std::int32_t>::min() : 0;
    const std::int64_t highest = is_long     ? std::numeric_limits<std::int64_t>::max()
                                 : is_signed ? std::numeric_limits<std::int32_t>::max()
                                             : std::numeric_limits<std::uint32_t>::max();
    const std::int64_t low = setting.has_min() ? static_cast<std::int64_t>(setting.min()) : lowest;
    const std::int64_t high =
        setting.has_max() ? static_cast<std::int64_t>(setting.max()) : highest;
    const auto range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    switch (dice_.below(8)) {
        case 0:
            return low;
        case 1:
            return high;
        case 2:
        case 3:
            return low + static_cast<std::int64_t>(dice_.between(0, range));
        default:
            return std::clamp<std::int64_t>(
                static_cast<std::int64_t>(dice_.below(120)) - (is_signed ? 60 : 0), low, high);
    }
}

void RandomModel::fill_number(Message& message, const FieldDescriptor* field) {
    using google::protobuf::Reflection;
    const std::int64_t value =
        is_time(field) ? static_cast<std::int64_t>(time(field)) : number(field);
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            set_number(message, field, value, &Reflection::SetInt32, &Reflection::AddInt32);
            break;
        case FieldDescriptor::CPPTYPE_INT64:
            set_number(message, field, value, &Reflection::SetInt64, &Reflection::AddInt64);
            break;
        case FieldDescriptor::CPPTYPE_UINT32:
            set_number(message, field, value, &Reflection::SetUInt32, &Reflection::AddUInt32);
            break;
        default:
            set_number(message, field, value, &Reflection::SetUInt64, &Reflection::AddUInt64);
            break;
    }
}

void RandomModel::fill_text(Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    std::string value = random_text(dice_, field, language_);
    if (field->is_repeated()) {
        reflection->AddString(&message, field, std::move(value));
    } else {
        reflection->SetString(&message, field, std::move(value));
    }
}

void RandomModel::fill_word(Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    const auto* type = field->enum_type();
    const EnumValueDescriptor* value = nullptr;
    while (value == nullptr || !has_word(value)) {
        const auto count = static_cast<std::uint64_t>(type->value_count());
        value = type->value(static_cast<int>(dice_.below(count)));
    }
    if (field->is_repeated()) {
        reflection->AddEnum(&message, field, value);
    } else {
        reflection->SetEnum(&message, field, value);
    }
}

bool RandomModel::truth(const FieldDescriptor* field) {
    return (language_ == Language::legacy && !has_word_for_off(field)) || dice_.once_in(2);
}

void RandomModel::fill_field(Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
            fill(field->is_repeated() ? *reflection->AddMessage(&message, field)
                                      : *reflection->MutableMessage(&message, field));
            break;
        case FieldDescriptor::CPPTYPE_BOOL:
            reflection->SetBool(&message, field, truth(field));
            break;
        case FieldDescriptor::CPPTYPE_ENUM:
            fill_word(message, field);
            break;
        case FieldDescriptor::CPPTYPE_STRING:
            fill_text(message, field);
            break;
        default:
            fill_number(message, field);
            break;
    }
}

void RandomModel::fill_kind(Message& message, const OneofDescriptor* kinds) {
    const auto count = static_cast<std::uint64_t>(kinds->field_count());
    fill_field(message, kinds->field(static_cast<int>(dice_.below(count))));
}

void RandomModel::fill(Message& message) {
    const Descriptor* type = message.GetDescriptor();
    // Small messages are filled more than large ones.
    const auto fields = static_cast<std::uint64_t>(type->field_count());
    const std::uint64_t sparseness = std::clamp<std::uint64_t>(fields / 4, 2, sparseness_);
    for (int i = 0; i < type->field_count(); ++i) {
        const FieldDescriptor* field = type->field(i);
        if (!is_written(field, language_) || field->real_containing_oneof() != nullptr) continue;
        // Half of the messages are there, so that what stands deep inside is reached.
        const bool is_half = field->message_type() != nullptr || has_many_words(field);
        if (!is_name(field) && !dice_.once_in(is_half ? 2 : sparseness)) continue;
        const std::uint64_t times = field->is_repeated() ? dice_.between(1, most_of(field)) : 1;
        for (std::uint64_t n = 0; n < times; ++n) fill_field(message, field);
    }
    for (int i = 0; i < type->real_oneof_decl_count(); ++i) fill_kind(message, type->oneof_decl(i));
}

v1::Config RandomModel::config() {
    v1::Config config;
    fill(config);
    make_sayable(config, language_);
    return config;
}

}  // namespace holdfast::config::testing
