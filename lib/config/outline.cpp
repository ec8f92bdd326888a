#include "lib/config/outline.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/known_keywords.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/secret_words.hpp"
#include "lib/config/yaml/writer.hpp"
#include "proto/config.pb.h"

namespace holdfast::config {

namespace {

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

/// Turns the lines of a YAML text into the same kind of tree.
class YamlOutline {
  public:
    /// `groups` are the keys between the object around it and the line: "vrrp.instances".
    static OutlineNode of(const yaml::Line& line, const std::string& groups) {
        OutlineNode out;
        out.name = out.key = line.key;
        out.holder = line.owner != nullptr ? line.owner : line.holder;
        out.object = line.object;
        out.keyword = line.keyword;
        out.secret = line.secret;
        const std::string path = groups.empty() ? line.key : groups + "." + line.key;
        if (line.kind == yaml::Line::Kind::value) {
            add_value(line, out);
            return out;
        }
        out.is_leaf = false;
        for (const yaml::Line& child : line.children) {
            out.children.push_back(line.named                            ? object(child, path)
                                   : line.kind == yaml::Line::Kind::list ? item(child, path)
                                                                         : of(child, path));
        }
        return out;
    }

  private:
    static void add_value(const yaml::Line& line, OutlineNode& out) {
        if (!line.value.is_list()) {
            out.value = yaml::inline_text(line.value);
            return;
        }
        out.is_leaf = false;
        for (const yaml::Node& value : line.value.items) {
            OutlineNode entry;
            entry.key = entry.value = yaml::inline_text(value);
            entry.holder = out.holder;
            entry.keyword = out.keyword;
            entry.secret = out.secret;
            out.children.push_back(std::move(entry));
        }
    }

    static OutlineNode object(const yaml::Line& line, const std::string& path) {
        OutlineNode out = inside(line);
        out.name = path + "." + line.key;
        out.key = line.key;
        out.is_object = true;
        return out;
    }

    /// The settings of an object start a path of their own.
    static OutlineNode inside(const yaml::Line& line) {
        OutlineNode out;
        out.object = line.object;
        out.is_leaf = false;
        for (const yaml::Line& child : line.children) out.children.push_back(of(child, {}));
        return out;
    }

    /// What identifies an entry of a list: its short form, or its first value.
    static std::string identity(const yaml::Line& line) {
        if (line.kind == yaml::Line::Kind::value) return yaml::inline_text(line.value);
        return line.children.empty() ? std::string() : identity(line.children.front());
    }

    static OutlineNode item(const yaml::Line& line, const std::string& path) {
        const bool is_server =
            line.object != nullptr && line.object->GetDescriptor() == v1::RealServer::descriptor();
        if (is_server) {
            OutlineNode out = inside(line);
            out.key = identity(line);
            out.name = path + "[" + out.key + "]";
            out.is_object = true;
            return out;
        }
        const auto is_value = [](const yaml::Line& child) {
            return child.kind == yaml::Line::Kind::value;
        };
        if (line.kind == yaml::Line::Kind::value || std::ranges::all_of(line.children, is_value)) {
            OutlineNode out;
            out.holder = line.object;
            out.value = entry_text(line);
            out.key = identity(line);
            return out;
        }
        OutlineNode out = inside(line);
        const bool is_kind = line.children.size() == 1;
        if (is_kind) return std::move(out.children.front());
        out.key = identity(line);
        out.name = "[" + out.key + "]";
        return out;
    }

    static std::string entry_text(const yaml::Line& line) {
        if (line.kind == yaml::Line::Kind::value) return yaml::inline_text(line.value);
        std::string text;
        for (const yaml::Line& child : line.children) {
            const std::string_view separator = text.empty() ? "{" : ", ";
            text += fmt::format("{}{}: {}", separator, child.key,
                                child.secret ? "..." : yaml::inline_text(child.value));
        }
        return text + "}";
    }
};

}  // namespace

std::vector<OutlineNode> outline(const v1::Config& config, Language language) {
    std::vector<OutlineNode> nodes;
    if (language == Language::yaml) {
        for (const yaml::Line& line : yaml::write(config).lines) {
            nodes.push_back(YamlOutline::of(line, {}));
        }
        return nodes;
    }
    LegacyText out([&](const LegacyNode& node) { nodes.push_back(outline_of(node, "", false)); });
    write_legacy(config, out);
    return nodes;
}

}  // namespace holdfast::config
