#include "lib/config/yaml/scalars.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/model_index.hpp"
#include "lib/config/names.hpp"
#include "lib/config/prefix.hpp"
#include "lib/config/yaml/field_values.hpp"
#include "lib/core/address.hpp"
#include "lib/core/text.hpp"
#include "proto/config.pb.h"
#include "proto/options.pb.h"

namespace holdfast::config::yaml {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

constexpr std::uint64_t kSecond = 1'000'000;

constexpr std::array<std::string_view, 12> kOtherBooleans = {
    "yes", "Yes", "YES", "on", "On", "ON", "no", "No", "NO", "off", "Off", "OFF"};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::string_view unit_name(const TimeUnits& units) {
    return units.written_us == kSecond ? "s" : units.written_us == 1000 ? "ms" : "us";
}

/// The longest and shortest that a setting allows, in words; empty when it does.
std::string outside(double value, const v1::Setting& setting, const std::string& shown,
                    std::string (*text_of)(double, const TimeUnits&), const TimeUnits& units) {
    const bool below = setting.has_min() && value < setting.min();
    const bool above = setting.has_max() && value > setting.max();
    if (!below && !above) return {};
    if (setting.has_min() && setting.has_max()) {
        return fmt::format("{} is not between {} and {}", shown, text_of(setting.min(), units),
                           text_of(setting.max(), units));
    }
    return below ? fmt::format("{} is less than {}", shown, text_of(setting.min(), units))
                 : fmt::format("{} is more than {}", shown, text_of(setting.max(), units));
}

std::string time_text(double value, const TimeUnits& units) {
    return duration_text(
        static_cast<std::uint64_t>(std::llround(value * static_cast<double>(units.written_us))));
}

std::string size_limit_text(double value, const TimeUnits&) {
    return size_text(static_cast<std::uint64_t>(value));
}

/// One of the two words of a setting.
std::optional<Refusal> read_either(const Node& node, Message& owner, const FieldDescriptor* field) {
    const auto& words = setting_of(field).words();
    if (node.text == words[0] || node.text == words[1]) {
        set_bool(owner, field, node.text == words[1]);
        return std::nullopt;
    }
    return Refusal{fmt::format("\"{}\" is neither {} nor {}", node.text, words[0], words[1]), {}};
}

std::optional<Refusal> read_boolean(const Node& node, Message& owner,
                                    const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    if (setting.words_size() == 2) return read_either(node, owner, field);
    const bool inverted = setting.inverted();
    if (!node.quoted && (node.text == "true" || node.text == "false")) {
        set_bool(owner, field, (node.text == "true") != inverted);
        return std::nullopt;
    }
    Refusal refusal{fmt::format("\"{}\" is neither true nor false", node.text), {}};
    const auto other = std::ranges::find(kOtherBooleans, node.text);
    if (other != kOtherBooleans.end()) {
        refusal.hint = fmt::format(
            "write {}", lower(node.text) == "yes" || lower(node.text) == "on" ? "true" : "false");
    } else if (node.quoted && (node.text == "true" || node.text == "false")) {
        refusal.hint = fmt::format("write {} without quotes", node.text);
    }
    return refusal;
}

std::optional<Refusal> read_number(const Node& node, Message& owner, const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    const auto type = field->cpp_type();
    const bool is_signed =
        type == FieldDescriptor::CPPTYPE_INT32 || type == FieldDescriptor::CPPTYPE_INT64;
    const bool is_long =
        type == FieldDescriptor::CPPTYPE_INT64 || type == FieldDescriptor::CPPTYPE_UINT64;
    std::int64_t highest = is_long     ? std::numeric_limits<std::int64_t>::max()
                           : is_signed ? std::numeric_limits<std::int32_t>::max()
                                       : std::numeric_limits<std::uint32_t>::max();
    std::int64_t lowest = !is_signed ? 0
                          : is_long  ? std::numeric_limits<std::int64_t>::min()
                                     : std::numeric_limits<std::int32_t>::min();
    if (setting.has_min()) lowest = std::max(lowest, static_cast<std::int64_t>(setting.min()));
    if (setting.has_max() && setting.max() < 9e18) {
        highest = std::min(highest, static_cast<std::int64_t>(setting.max()));
    }
    if (setting.has_names()) {
        // Only what has a name everywhere: other names differ from host to host.
        const auto named = NameTables().find(setting.names(), node.text);
        if (named && *named >= lowest && *named <= highest) {
            set_integer(owner, field, *named);
            return std::nullopt;
        }
    }
    if (type == FieldDescriptor::CPPTYPE_UINT64 && !setting.has_min() && !setting.has_max()) {
        auto natural = read_natural(node, std::numeric_limits<std::uint64_t>::max());
        if (!natural.value) return std::move(natural.refusal);
        set_integer(owner, field, static_cast<std::int64_t>(*natural.value));
        return std::nullopt;
    }
    auto number = read_integer(node, lowest, highest);
    if (!number.value) return std::move(number.refusal);
    set_integer(owner, field, *number.value);
    return std::nullopt;
}

std::optional<Refusal> read_time(const Node& node, Message& owner, const FieldDescriptor* field) {
    const TimeUnits units = time_units(field);
    auto read = read_duration(node.text, unit_name(units));
    if (!read.value) return std::move(read.refusal);
    const std::uint64_t time = *read.value;
    std::string problem = outside(static_cast<double>(time) / static_cast<double>(units.written_us),
                                  setting_of(field), node.text, time_text, units);
    if (!problem.empty()) return Refusal{std::move(problem), {}};
    if (time % units.step_us != 0) {
        return Refusal{
            fmt::format("{} is finer than steps of {}", node.text, duration_text(units.step_us)),
            {}};
    }
    const std::uint64_t stored = time / units.stored_us;
    const auto type = field->cpp_type();
    if (type != FieldDescriptor::CPPTYPE_UINT64 && type != FieldDescriptor::CPPTYPE_INT64 &&
        stored > std::numeric_limits<std::int32_t>::max()) {
        return Refusal{fmt::format("{} is too long", node.text), {}};
    }
    set_integer(owner, field, static_cast<std::int64_t>(stored));
    return std::nullopt;
}

std::optional<Refusal> read_octets(const Node& node, Message& owner, const FieldDescriptor* field) {
    auto read = read_size(node.text);
    if (!read.value) return std::move(read.refusal);
    std::string problem = outside(static_cast<double>(*read.value), setting_of(field), node.text,
                                  size_limit_text, {});
    const bool too_large = field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32 &&
                           *read.value > std::numeric_limits<std::uint32_t>::max();
    if (too_large && problem.empty()) problem = fmt::format("{} is too much", node.text);
    if (!problem.empty()) return Refusal{std::move(problem), {}};
    set_integer(owner, field, static_cast<std::int64_t>(*read.value));
    return std::nullopt;
}

std::optional<Refusal> read_word(const Node& node, Message& owner, const FieldDescriptor* field) {
    const EnumDescriptor* type = field->enum_type();
    const auto* reflection = owner.GetReflection();
    std::string hint;
    for (int i = 0; i < type->value_count(); ++i) {
        const EnumValueDescriptor* value = type->value(i);
        const std::string word = word_of(value);
        if (word.empty()) continue;
        if (word == node.text) {
            if (field->is_repeated())
                reflection->AddEnum(&owner, field, value);
            else
                reflection->SetEnum(&owner, field, value);
            return std::nullopt;
        }
        const auto& texts = value->options().GetExtension(v1::word).text();
        const bool is_keepalived = std::ranges::find(texts, node.text) != texts.end();
        if (is_keepalived || lower(node.text) == word) hint = fmt::format("write {}", word);
    }
    const std::vector<std::string> words = words_of(type);
    if (hint.empty()) {
        if (const auto near = core::closest(node.text, words)) {
            hint = fmt::format("did you mean \"{}\"?", *near);
        }
    }
    return Refusal{fmt::format("\"{}\" is none of {}", node.text, core::join(words, ", ")), hint};
}

std::optional<Refusal> read_network(const Node& node, Message& owner,
                                    const FieldDescriptor* field) {
    const ReadPrefix read = read_prefix(node.text);
    if (!read.prefix || !read.problem.empty()) {
        return Refusal{fmt::format("\"{}\" is not a network", node.text),
                       "write ADDRESS/LENGTH, an address or default"};
    }
    set_text(owner, field, read.prefix->octets());
    return std::nullopt;
}

std::optional<Refusal> read_address(const Node& node, Message& owner,
                                    const FieldDescriptor* field) {
    if (setting_of(field).syntax() == v1::PREFIX) return read_network(node, owner, field);
    const auto address = core::Address::from_text(node.text);
    if (!address) {
        Refusal refusal{fmt::format("\"{}\" is not an address", node.text), {}};
        if (node.text.find('/') != std::string::npos) refusal.hint = "no prefix length stands here";
        return refusal;
    }
    set_text(owner, field, address->octets());
    return std::nullopt;
}

}  // namespace

TimeUnits time_units(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    TimeUnits units;
    if (setting.syntax() == v1::MILLISECONDS || setting.unit() == "ms") {
        units.written_us = 1000;
    } else if (setting.unit() == "us") {
        units.written_us = 1;
    }
    const std::string& name = field->name();
    units.stored_us = name.ends_with("_us") ? 1 : name.ends_with("_ms") ? 1000 : kSecond;
    if (setting.has_decimals()) {
        units.step_us = units.written_us;
        for (unsigned i = 0; i < setting.decimals() && units.step_us >= 10; ++i)
            units.step_us /= 10;
    }
    units.step_us = std::max(units.step_us, units.stored_us);
    return units;
}

ScalarType type_of(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    const std::string& name = field->name();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_BOOL:
            return ScalarType::boolean;
        case FieldDescriptor::CPPTYPE_ENUM:
            return ScalarType::word;
        case FieldDescriptor::CPPTYPE_STRING:
            return field->type() == FieldDescriptor::TYPE_BYTES && !setting.secret()
                       ? ScalarType::address
                       : ScalarType::text;
        default:
            break;
    }
    const bool is_time = setting.syntax() == v1::SECONDS || setting.syntax() == v1::MILLISECONDS ||
                         name.ends_with("_us") || name.ends_with("_ms") || name.ends_with("_s");
    if (is_time) return ScalarType::duration;
    return setting.unit() == "bytes" ? ScalarType::size : ScalarType::integer;
}

std::string word_of(const EnumValueDescriptor* value) {
    const v1::Word& word = value->options().GetExtension(v1::word);
    if (word.has_yaml()) return word.yaml();
    return word.text_size() > 0 ? lower(word.text(0)) : std::string();
}

std::vector<std::string> words_of(const EnumDescriptor* type) {
    std::vector<std::string> words;
    for (int i = 0; i < type->value_count(); ++i) {
        std::string word = word_of(type->value(i));
        const bool is_new = std::ranges::find(words, word) == words.end();
        if (!word.empty() && is_new) words.push_back(std::move(word));
    }
    return words;
}

std::optional<Refusal> read_scalar(const Node& node, Message& owner, const FieldDescriptor* field) {
    switch (type_of(field)) {
        case ScalarType::boolean:
            return read_boolean(node, owner, field);
        case ScalarType::integer:
            return read_number(node, owner, field);
        case ScalarType::duration:
            return read_time(node, owner, field);
        case ScalarType::size:
            return read_octets(node, owner, field);
        case ScalarType::word:
            return read_word(node, owner, field);
        case ScalarType::address:
            return read_address(node, owner, field);
        case ScalarType::text:
            break;
    }
    set_text(owner, field, node.text);
    return std::nullopt;
}

bool is_password(const FieldDescriptor* field) {
    static const FieldDescriptor* const kPassword =
        v1::Authentication::descriptor()->FindFieldByName("password");
    return field == kPassword;
}

Node write_scalar(const Message& owner, const FieldDescriptor* field, int index) {
    const auto* reflection = owner.GetReflection();
    const bool many = field->is_repeated();
    switch (type_of(field)) {
        case ScalarType::boolean: {
            const bool value = many ? reflection->GetRepeatedBool(owner, field, index)
                                    : reflection->GetBool(owner, field);
            const v1::Setting& setting = setting_of(field);
            if (setting.words_size() == 2) return Node::plain(setting.words(value ? 1 : 0));
            return Node::boolean(value != setting.inverted());
        }
        case ScalarType::integer: {
            const std::int64_t number = integer_of(owner, field, index);
            const v1::Setting& setting = setting_of(field);
            if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
                return Node::plain(fmt::format("{}", static_cast<std::uint64_t>(number)));
            }
            if (!setting.has_names()) return Node::plain(fmt::format("{}", number));
            return Node::plain(
                NameTables::text_of(setting.names(), static_cast<std::uint32_t>(number)));
        }
        case ScalarType::duration: {
            const auto stored = static_cast<std::uint64_t>(integer_of(owner, field, index));
            return Node::plain(duration_text(stored * time_units(field).stored_us));
        }
        case ScalarType::size:
            return Node::plain(
                size_text(static_cast<std::uint64_t>(integer_of(owner, field, index))));
        case ScalarType::word:
            return Node::plain(word_of(many ? reflection->GetRepeatedEnum(owner, field, index)
                                            : reflection->GetEnum(owner, field)));
        default:
            break;
    }
    std::string text = many ? reflection->GetRepeatedString(owner, field, index)
                            : reflection->GetString(owner, field);
    if (is_password(field) && text.size() > kLongestPassword) text.resize(kLongestPassword);
    if (type_of(field) == ScalarType::text) return Node::string(std::move(text));
    if (setting_of(field).syntax() == v1::PREFIX) {
        const auto prefix = Prefix::from_octets(text);
        return Node::plain(prefix ? prefix->text() : std::string());
    }
    return Node::plain(address_text(text));
}

}  // namespace holdfast::config::yaml
