#include "lib/config/secret_words.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <unordered_set>

#include "lib/config/model_index.hpp"
#include "proto/config.pb.h"

namespace holdfast::config {

using google::protobuf::Descriptor;

namespace {

/// What secrets are called: by their keywords, and by their keys in YAML.
struct Names {
    std::unordered_set<std::string_view> keywords;
    std::unordered_set<std::string_view> keys;
};

/// `above` is the keyword that the message is written with: a field without one stands behind it.
void collect(const Descriptor* message, std::string_view above, Names& names,
             std::unordered_set<const Descriptor*>& seen) {
    if (!seen.insert(message).second) return;
    for (int i = 0; i < message->field_count(); ++i) {
        const auto* field = message->field(i);
        const v1::Setting& setting = setting_of(field);
        const std::string_view keyword = setting.keyword().empty() ? above : setting.keyword();
        if (setting.secret()) {
            names.keywords.insert(keyword);
            const std::string_view key = setting.yaml();
            names.keys.insert(key.substr(key.rfind('.') + 1));
        }
        if (field->message_type() != nullptr) collect(field->message_type(), keyword, names, seen);
    }
}

const Names& secrets() {
    static const Names kNames = [] {
        Names names;
        std::unordered_set<const Descriptor*> seen;
        collect(v1::Config::descriptor(), {}, names, seen);
        return names;
    }();
    return kNames;
}

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// The name of a credential is no secret.
bool is_reference(std::string_view value) {
    if (value.front() == '"' || value.front() == '\'') value.remove_prefix(1);
    return value.starts_with("${credential:");
}

/// Where the value that begins at `start` ends: at its closing quote, in braces or brackets at the
/// next comma or bracket, else at the end of the line.
std::size_t end_of_value(std::string_view line, std::size_t start) {
    const char quote = line[start];
    if (quote == '"' || quote == '\'') {
        const std::size_t end = line.find(quote, start + 1);
        return end == std::string_view::npos ? line.size() : end + 1;
    }
    const bool flow = line.substr(0, start).find('{') != std::string_view::npos;
    return std::min(flow ? line.find_first_of(",}", start) : line.size(), line.size());
}

}  // namespace

bool is_secret(std::string_view keyword) {
    return secrets().keywords.contains(keyword);
}

std::string without_secrets(std::string_view line) {
    std::string out(line);
    for (std::size_t at = 0; at < line.size();) {
        if (!is_word(line[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < line.size() && is_word(line[end])) ++end;
        const std::string_view word = line.substr(at, end - at);
        at = end;
        if (end < line.size() && (line[end] == '"' || line[end] == '\'')) ++end;
        const bool is_key = end < line.size() && line[end] == ':' && secrets().keys.contains(word);
        const bool is_statement = end < line.size() && is_blank(line[end]) && is_secret(word);
        if (!is_key && !is_statement) continue;
        const std::size_t start = line.find_first_not_of(" \t", end + 1);
        if (start == std::string_view::npos) break;
        at = end_of_value(line, start);
        if (is_reference(line.substr(start))) continue;
        for (std::size_t i = start; i < at; ++i) {
            if (!is_blank(out[i])) out[i] = '*';
        }
    }
    return out;
}

}  // namespace holdfast::config
