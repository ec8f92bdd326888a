#include "lib/config/yaml/describe.hpp"

#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "lib/config/yaml/shape.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

using google::protobuf::FieldDescriptor;

namespace {

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A number of a setting's unit as YAML writes it.
std::string in_units(const FieldDescriptor* field, double value) {
    switch (type_of(field)) {
        case ScalarType::duration: {
            const double us = value * static_cast<double>(time_units(field).written_us);
            return duration_text(static_cast<std::uint64_t>(std::llround(us)));
        }
        case ScalarType::size:
            return size_text(static_cast<std::uint64_t>(value));
        default:
            return number_text(value);
    }
}

std::string scalar_text(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    switch (type_of(field)) {
        case ScalarType::boolean:
            return setting.words_size() == 2
                       ? fmt::format("{} or {}", setting.words(0), setting.words(1))
                       : std::string("true or false");
        case ScalarType::integer:
            return setting.has_names() ? "number or name" : "number";
        case ScalarType::duration:
            return "duration";
        case ScalarType::size:
            return "size";
        case ScalarType::word:
            return "one of " + core::join(words_of(field->enum_type()), ", ");
        case ScalarType::address:
            return setting.syntax() == v1::PREFIX ? "network" : "address";
        case ScalarType::text:
            break;
    }
    return "text";
}

std::string entry_text(const FieldDescriptor* field) {
    if (field->message_type() == nullptr) return scalar_text(field);
    if (const ValueForm* form = find_value_form(field->message_type())) {
        return std::string(form->type);
    }
    const ShortForm* form = find_short_form(field->message_type());
    return form != nullptr ? fmt::format("map, or its {}", form->key) : std::string("map");
}

std::string sentence(std::string text) {
    if (text.empty()) return text;
    if (text.front() >= 'a' && text.front() <= 'z') {
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    if (text.back() != '.') text += '.';
    return text;
}

}  // namespace

std::string doc_of(const Key& key) {
    if (key.form != nullptr) return sentence(std::string(key.form->doc));
    if (key.from_file) return "A file whose content, without its last newline, is the value.";
    if (!key.field.empty()) return sentence(key.setting().doc());
    if (!key.made.empty()) return sentence(setting_of(key.made.back()).doc());
    return {};
}

std::string keywords_of(const Key& key) {
    std::vector<std::string> words;
    for (const FieldDescriptor* field : key.sets) {
        if (setting_of(field).has_keyword()) words.push_back(setting_of(field).keyword());
    }
    if (words.empty() && !key.made.empty() && setting_of(key.made.back()).has_keyword()) {
        words.push_back(setting_of(key.made.back()).keyword());
    }
    return key.from_file ? std::string() : core::join(words, ", ");
}

std::string description_of(const Key& key) {
    std::string text = doc_of(key);
    const std::string other = default_text_of(key);
    if (!other.empty()) text += fmt::format("{}Default: {}.", text.empty() ? "" : " ", other);
    const std::string words = keywords_of(key);
    if (!words.empty()) text += fmt::format("{}keepalived: {}", text.empty() ? "" : " ", words);
    return text;
}

std::string range_text(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    if (setting.has_min() && setting.has_max()) {
        return fmt::format("{} to {}", in_units(field, setting.min()),
                           in_units(field, setting.max()));
    }
    if (setting.has_min()) return fmt::format("at least {}", in_units(field, setting.min()));
    if (setting.has_max()) return fmt::format("at most {}", in_units(field, setting.max()));
    return {};
}

std::string type_text(const Key& key) {
    if (key.form != nullptr) return std::string(key.form->type);
    if (key.from_file) return "file name";
    if (key.field.empty()) return "map";
    const FieldDescriptor* field = key.field.back();
    if (map_key_of(field) != nullptr) return "map by name";
    std::string text = entry_text(field);
    const std::string range = field->message_type() == nullptr ? range_text(field) : std::string();
    if (!range.empty()) text += ", " + range;
    return field->is_repeated() ? "list: " + text : text;
}

std::optional<Node> default_of(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    const std::string& text = setting.default_text();
    const auto number = number_of(text);
    switch (type_of(field)) {
        case ScalarType::boolean: {
            const bool on = text == "on" || text == "true";
            if (!on && text != "off" && text != "false") return std::nullopt;
            if (setting.words_size() == 2) return Node::string(setting.words(on ? 1 : 0));
            return Node::boolean(on != setting.inverted());
        }
        case ScalarType::integer:
            if (!number) return std::nullopt;
            return Node::plain(number_text(*number));
        case ScalarType::duration:
        case ScalarType::size:
            if (!number) return std::nullopt;
            return Node::string(in_units(field, *number));
        case ScalarType::word:
            for (int i = 0; i < field->enum_type()->value_count(); ++i) {
                const auto* value = field->enum_type()->value(i);
                const v1::Word& word = value->options().GetExtension(v1::word);
                for (const std::string& written : word.text()) {
                    if (written == text) return Node::string(word_of(value));
                }
                if (!text.empty() && word_of(value) == text) return Node::string(text);
            }
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

std::string default_text_of(const Key& key) {
    if (key.sets.empty() || key.from_file) return {};
    const FieldDescriptor* field = key.sets.front();
    if (field->message_type() == nullptr && !field->is_repeated()) {
        if (const auto value = default_of(field)) return value->text;
    }
    return setting_of(field).default_text();
}

}  // namespace holdfast::config::yaml
