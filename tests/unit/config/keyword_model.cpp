// From a keyword to its field in the model, and from a field to its text.
#include <google/protobuf/text_format.h>

#include <algorithm>

#include "lib/config/model_index.hpp"
#include "lib/core/address.hpp"
#include "lib/core/text.hpp"
#include "proto/config.pb.h"
#include "tests/unit/config/keyword_samples.hpp"

namespace holdfast::config::testing {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Path = std::vector<const FieldDescriptor*>;

constexpr std::size_t kDeepest = 4;

/// A message in whose block a keyword may stand, and the way to it.
struct Target {
    const Descriptor* message;
    Path path;
};

bool names(const v1::Setting& setting, std::string_view keyword) {
    return setting.keyword() == keyword ||
           std::ranges::find(setting.alias(), keyword) != setting.alias().end();
}

bool is_old_name(const v1::Setting& setting, std::string_view keyword) {
    return std::ranges::find(setting.deprecated(), keyword) != setting.deprecated().end() ||
           std::ranges::find(setting.renamed(), keyword) != setting.renamed().end();
}

/// The field with this keyword, or one in a message that has no keyword of its own.
std::optional<Path> search(const Descriptor* message, std::string_view keyword, std::size_t depth) {
    for (int i = 0; i < message->field_count(); ++i) {
        const v1::Setting& setting = setting_of(message->field(i));
        if (names(setting, keyword) || is_old_name(setting, keyword))
            return Path{message->field(i)};
    }
    if (depth == 0) return std::nullopt;
    for (int i = 0; i < message->field_count(); ++i) {
        const FieldDescriptor* field = message->field(i);
        if (field->message_type() == nullptr || setting_of(field).has_keyword()) continue;
        if (auto found = search(field->message_type(), keyword, depth - 1)) {
            found->insert(found->begin(), field);
            return found;
        }
    }
    return std::nullopt;
}

std::optional<Path> search(const std::vector<Target>& targets, std::string_view keyword) {
    for (const Target& target : targets) {
        if (const auto found = search(target.message, keyword, kDeepest)) {
            Path path = target.path;
            path.insert(path.end(), found->begin(), found->end());
            return path;
        }
    }
    return std::nullopt;
}

/// What a block's keywords may lead into: its message, then the messages without a keyword that
/// hold it (a TcpCheck stands in a Check).
std::vector<Target> targets_below(const Path& path) {
    std::vector<Target> targets;
    Path way = path;
    while (!way.empty() && way.back()->message_type() != nullptr) {
        targets.push_back({way.back()->message_type(), way});
        way.pop_back();
        if (way.empty() || setting_of(way.back()).has_keyword()) break;
    }
    return targets;
}

std::vector<Target> targets_of(std::string_view block) {
    std::vector<Target> targets = {{v1::Config::descriptor(), {}}};
    if (block == "(top)") return targets;
    for (const std::string_view part : core::split(block, '/')) {
        const auto path = search(targets, part);
        if (!path) return {};
        targets = targets_below(*path);
    }
    return targets;
}

std::string text_of(const Message& message, const FieldDescriptor* field, int index) {
    const auto* reflection = message.GetReflection();
    const bool repeated = field->is_repeated();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        const std::string value = repeated ? reflection->GetRepeatedString(message, field, index)
                                           : reflection->GetString(message, field);
        if (field->type() != FieldDescriptor::TYPE_BYTES) return value;
        if (const auto address = core::Address::from_bytes(std::string_view(value))) {
            return address->text();
        }
        if (std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; })) return value;
    }
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    std::string text;
    printer.PrintFieldValueToString(message, field, repeated ? index : -1, &text);
    return std::string(core::trim(text));
}

/// The last message on the way, without the path's last field; null when something is unset.
const Message* holder_of(const Message& from, const Path& path, std::size_t steps) {
    const Message* at = &from;
    for (std::size_t i = 0; i < steps; ++i) {
        const auto* reflection = at->GetReflection();
        if (path[i]->is_repeated()) {
            const int size = reflection->FieldSize(*at, path[i]);
            if (size == 0) return nullptr;
            at = &reflection->GetRepeatedMessage(*at, path[i], size - 1);
        } else {
            if (!reflection->HasField(*at, path[i])) return nullptr;
            at = &reflection->GetMessage(*at, path[i]);
        }
    }
    return at;
}

std::string last_value(const Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    if (!field->is_repeated()) {
        return reflection->HasField(message, field) ? text_of(message, field, -1) : "";
    }
    const int size = reflection->FieldSize(message, field);
    return size == 0 ? "" : text_of(message, field, size - 1);
}

/// PATH from here on; nothing when it names no field of this message.
std::optional<std::string> value_below(const Message& from, std::string_view path) {
    const auto* reflection = from.GetReflection();
    const std::size_t dot = path.find('.');
    std::string_view part = path.substr(0, dot);
    const bool count = part.ends_with('#');
    std::optional<int> index;
    if (count) part.remove_suffix(1);
    if (const std::size_t open = part.find('['); open != std::string_view::npos) {
        index = core::parse_number<int>(part.substr(open + 1, part.size() - open - 2));
        part = part.substr(0, open);
    }
    const auto* field = from.GetDescriptor()->FindFieldByName(std::string(part));
    if (field == nullptr) return std::nullopt;
    const int size = field->is_repeated() ? reflection->FieldSize(from, field)
                                          : (reflection->HasField(from, field) ? 1 : 0);
    if (count) return std::to_string(size);
    const int chosen = index.value_or(size - 1);
    if (chosen < 0 || chosen >= size) return std::string();
    if (dot == std::string_view::npos) return text_of(from, field, chosen);
    if (field->message_type() == nullptr) return std::nullopt;
    return value_below(field->is_repeated() ? reflection->GetRepeatedMessage(from, field, chosen)
                                            : reflection->GetMessage(from, field),
                       path.substr(dot + 1));
}

}  // namespace

std::optional<FieldOfKeyword> field_of(std::string_view block, std::string_view keyword) {
    const auto path = search(targets_of(block), keyword);
    if (!path) return std::nullopt;
    const v1::Setting& setting = setting_of(path->back());
    return FieldOfKeyword{*path, &setting, is_old_name(setting, keyword)};
}

std::optional<FieldOfKeyword> field_of(const KeywordRow& row) {
    if (row.keyword != "(entry)") return field_of(row.block, row.keyword);
    // A line of data belongs to the field of its block; ENCAP is a part of such a line.
    std::string_view block = row.block;
    if (block.ends_with("/ENCAP")) block.remove_suffix(std::string_view("/ENCAP").size());
    const std::size_t slash = block.rfind('/');
    if (slash == std::string_view::npos) return field_of("(top)", block);
    return field_of(block.substr(0, slash), block.substr(slash + 1));
}

std::string value_at(const Message& config, const FieldOfKeyword& field) {
    const Message* holder = holder_of(config, field.path, field.path.size() - 1);
    return holder == nullptr ? std::string() : last_value(*holder, field.path.back());
}

std::string value_at(const Message& config, const std::string& block, std::string_view path) {
    bool known = false;
    // A line of data may be a message, or values in the message of the block around it.
    const std::size_t slash = block.rfind('/');
    for (const std::string& from :
         {block, slash == std::string::npos ? std::string("(top)") : block.substr(0, slash)}) {
        for (const Target& target : targets_of(from)) {
            const Message* message = holder_of(config, target.path, target.path.size());
            if (message == nullptr) continue;
            known = true;
            if (const auto value = value_below(*message, path)) return *value;
        }
    }
    return known ? "(no such field)" : "";
}

}  // namespace holdfast::config::testing
