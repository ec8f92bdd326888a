#include "ctl/written_text.hpp"

#include <algorithm>
#include <utility>

#include "lib/config/display_text.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/yaml/writer.hpp"

namespace holdfast::ctl {
namespace {

Json json_of(const std::vector<config::OutlineNode>& nodes);

Json json_of(const config::OutlineNode& node) {
    return node.is_leaf ? Json(config::printable(node.value)) : json_of(node.children);
}

/// Entries without names are a list.
Json json_of(const std::vector<config::OutlineNode>& nodes) {
    const bool is_list = !nodes.empty() && std::ranges::all_of(nodes, [](const auto& node) {
        return node.name.empty();
    });
    if (is_list) {
        Json::Array entries;
        for (const config::OutlineNode& node : nodes) entries.push_back(json_of(node));
        return entries;
    }
    Json::Object members;
    for (const config::OutlineNode& node : nodes) {
        members.emplace_back(config::printable(node.name), json_of(node));
    }
    return members;
}

}  // namespace

WrittenText written_text(const config::Written& written, config::Language language) {
    if (language == config::Language::yaml) {
        config::YamlOutput made = config::write_yaml(written.config);
        return {std::move(made.text), std::move(made.problems)};
    }
    config::LegacyOutput made = config::write_legacy(written.config);
    return {std::move(made.text), std::move(made.problems)};
}

Json written_json(const config::Written& written) {
    return json_of(config::outline(written.config, config::Language::yaml));
}

}  // namespace holdfast::ctl
