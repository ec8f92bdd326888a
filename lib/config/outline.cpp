#include "lib/config/outline.hpp"

#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/known_keywords.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/model_index.hpp"
#include "proto/config.pb.h"

namespace holdfast::config {

using google::protobuf::Descriptor;

namespace {

void collect_secrets(const Descriptor* message, std::unordered_set<std::string_view>& secrets,
                     std::unordered_set<const Descriptor*>& seen) {
    if (!seen.insert(message).second) return;
    for (int i = 0; i < message->field_count(); ++i) {
        const auto* field = message->field(i);
        if (setting_of(field).secret()) secrets.insert(setting_of(field).keyword());
        if (field->message_type() != nullptr) collect_secrets(field->message_type(), secrets, seen);
    }
}

std::unordered_set<std::string_view> all_secrets() {
    std::unordered_set<std::string_view> secrets;
    std::unordered_set<const Descriptor*> seen;
    collect_secrets(v1::Config::descriptor(), secrets, seen);
    return secrets;
}

std::string said(const LegacyNode& node) {
    return node.rest.empty() ? node.keyword : node.keyword + " " + node.rest;
}

OutlineNode outline_of(const LegacyNode& node, std::string_view path, bool in_data) {
    OutlineNode out;
    const KnownKeyword* known = in_data ? nullptr : find_keyword(path, node.keyword);
    out.holder = node.holder;
    out.object = node.object;
    out.is_leaf = !node.is_block;
    if (known != nullptr) out.keyword = known->keyword;
    if (in_data) {
        out.value = said(node);
        out.key = node.keyword;
        return out;
    }
    const bool has_header = node.is_block && !node.rest.empty();
    out.is_object = node.is_block && (path.empty() || has_header);
    out.name = has_header ? said(node) : node.keyword;
    out.key = out.name;
    out.secret = is_secret(node.keyword);
    if (!node.is_block) {
        out.value = node.rest;
        return out;
    }
    const bool data = known != nullptr && known->kind == KeywordKind::value_block;
    const std::string below = path_below(path, node.keyword);
    for (const LegacyNode& child : node.children) {
        out.children.push_back(outline_of(child, below, data));
    }
    return out;
}

}  // namespace

bool is_secret(std::string_view keyword) {
    static const std::unordered_set<std::string_view> kSecrets = all_secrets();
    return kSecrets.contains(keyword);
}

std::vector<OutlineNode> outline(const v1::Config& config, Language) {
    std::vector<OutlineNode> nodes;
    LegacyText out([&](const LegacyNode& node) { nodes.push_back(outline_of(node, "", false)); });
    write_legacy(config, out);
    return nodes;
}

}  // namespace holdfast::config
