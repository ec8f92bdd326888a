// The table of compatibility: from each keyword of keepalived to its field, and from that to YAML.
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "lib/config/known_keywords.hpp"
#include "lib/config/model_index.hpp"
#include "lib/config/yaml/describe.hpp"
#include "lib/config/yaml/hints.hpp"
#include "lib/config/yaml/manual.hpp"
#include "lib/config/yaml/shape.hpp"
#include "lib/core/text.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

constexpr std::size_t kDeepest = 4;

constexpr std::string_view kHead =
    "# keepalived's keywords\n\n"
    "Every keyword of keepalived 2.4.3, where it may stand, and what becomes of it here. *Carried "
    "out* "
    "means that it does what it does there; *accepted* means that it is read, checked and kept, "
    "and that one "
    "warning names it. The last columns say where the same setting stands in [YAML](../yaml.md), "
    "its range and "
    "its default, in YAML's units.\n\n"
    "This page is made from the descriptors of the model; `HOLDFAST_REWRITE=1` with the unit tests "
    "of the "
    "configuration writes it anew.\n";

bool has_word(const v1::Setting& setting, std::string_view word) {
    const auto in = [&](const auto& words) {
        return std::ranges::find(words, word) != words.end();
    };
    return setting.keyword() == word || in(setting.alias()) || in(setting.deprecated()) ||
           in(setting.renamed());
}

/// The way to the field with this keyword, through messages that have no keyword of their own.
Path search(const Descriptor* message, std::string_view word, std::size_t depth) {
    for (int i = 0; i < message->field_count(); ++i) {
        if (has_word(setting_of(message->field(i)), word)) return {message->field(i)};
    }
    for (int i = 0; depth > 0 && i < message->field_count(); ++i) {
        const FieldDescriptor* field = message->field(i);
        if (field->message_type() == nullptr || setting_of(field).has_keyword()) continue;
        Path found = search(field->message_type(), word, depth - 1);
        if (found.empty()) continue;
        found.insert(found.begin(), field);
        return found;
    }
    return {};
}

/// What a keyword of a block leads to: its message, then those without a keyword that hold it.
struct Step {
    const FieldDescriptor* field = nullptr;
    std::vector<const Descriptor*> messages;
};
Step step_into(const std::vector<const Descriptor*>& messages, std::string_view word) {
    for (const Descriptor* message : messages) {
        const Path path = search(message, word, kDeepest);
        if (path.empty()) continue;
        Step step{path.back(), {}};
        for (auto at = path.rbegin(); at != path.rend(); ++at) {
            if ((*at)->message_type() != nullptr) step.messages.push_back((*at)->message_type());
        }
        return step;
    }
    return {};
}

const FieldDescriptor* field_of(std::string_view block, std::string_view word) {
    Step at{nullptr, {v1::Config::descriptor()}};
    if (!block.empty()) {
        for (const std::string_view part : core::split(block, '/')) {
            at = step_into(at.messages, part);
        }
    }
    return step_into(at.messages, word).field;
}

/// Where a field stands in YAML, and its key there.
struct Standing {
    std::string path;
    const Key* key = nullptr;
};
using Standings = std::multimap<const FieldDescriptor*, Standing>;

Standings all_standings() {
    Standings all;
    for_each_key(Shape::of_model().root(), {}, [&](const std::string& path, const Key& key) {
        if (key.from_file) return;
        for (const FieldDescriptor* field : key.sets) all.emplace(field, Standing{path, &key});
        if (!key.made.empty()) all.emplace(key.made.back(), Standing{path, &key});
    });
    return all;
}

/// Of several places the one that fits the block best: the kind of a check stands in its path.
const Standing* best(const Standings& all, const FieldDescriptor* field, std::string_view block) {
    const std::size_t slash = block.rfind('/');
    const std::string_view inner =
        slash == std::string_view::npos ? block : block.substr(slash + 1);
    std::string kind(inner.substr(0, inner.find('_')));
    std::ranges::transform(kind, kind.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto [first, last] = all.equal_range(field);
    if (first == last) return nullptr;
    for (auto at = first; at != last; ++at) {
        if (at->second.path.find("." + kind + ".") != std::string::npos) return &at->second;
    }
    return &first->second;
}

std::string cell(std::string text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out.empty() ? " " : out;
}

std::string row(const KnownKeyword& known, const Standings& all) {
    const FieldDescriptor* field = field_of(known.block, known.keyword);
    if (field == nullptr) return fmt::format("| `{}` | accepted | | | |\n", known.keyword);
    const v1::Setting& setting = setting_of(field);
    const Standing* standing = best(all, field, known.block);
    const bool is_value = field->message_type() == nullptr;
    return fmt::format(
        "| `{}` | {} | {} | {} | {} |\n", known.keyword,
        setting.accepted_only() ? "accepted" : "carried out",
        standing != nullptr ? "`" + standing->path + "`" : std::string(" "),
        cell(is_value ? range_text(field) : std::string()),
        cell(standing != nullptr ? default_text_of(*standing->key) : setting.default_text()));
}

}  // namespace

std::string make_keyword_table() {
    const Standings all = all_standings();
    std::string out(kHead);
    for (std::size_t i = 0; i < kKnownBlockCount; ++i) {
        const KnownBlock& block = kKnownBlocks[i];
        out += fmt::format("\n## {}\n\n", block.path.empty() ? "top of the file" : block.path);
        out += "| keyword | | YAML | range | default |\n|---|---|---|---|---|\n";
        for (std::size_t n = 0; n < block.count; ++n) {
            out += row(kKnownKeywords[block.first + n], all);
        }
    }
    return out;
}

}  // namespace holdfast::config::yaml
