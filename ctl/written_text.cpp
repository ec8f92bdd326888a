#include "ctl/written_text.hpp"

#include <cstdint>
#include <utility>

#include "lib/config/display_text.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/yaml/writer.hpp"
#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

/// Texts that are no UTF-8 come from keepalived.conf.
std::string json_text(const std::string& text) {
    return config::yaml::is_sayable(text) ? text : config::printable(text);
}

/// Numbers and truth are what they look like, unless they are texts.
Json json_of_scalar(const config::yaml::Node& value) {
    if (value.quoted) return json_text(value.text);
    if (value.text == "true" || value.text == "false") return value.text == "true";
    if (const auto natural = core::parse_number<std::uint64_t>(value.text)) return *natural;
    if (const auto number = core::parse_number<std::int64_t>(value.text)) return *number;
    return json_text(value.text);
}

Json json_of(const config::yaml::Node& value) {
    if (value.is_scalar()) return json_of_scalar(value);
    if (value.is_list()) {
        Json::Array entries;
        for (const config::yaml::Node& item : value.items) entries.push_back(json_of(item));
        return entries;
    }
    if (!value.is_map()) return {};
    Json::Object members;
    for (const config::yaml::Entry& entry : value.entries) {
        members.emplace_back(json_text(entry.key), json_of(entry.value));
    }
    return members;
}

Json json_of(const std::vector<config::yaml::Line>& map);

Json json_of(const config::yaml::Line& line) {
    if (line.kind == config::yaml::Line::Kind::value) return json_of(line.value);
    if (line.kind == config::yaml::Line::Kind::map) return json_of(line.children);
    Json::Array entries;
    for (const config::yaml::Line& entry : line.children) entries.push_back(json_of(entry));
    return entries;
}

Json json_of(const std::vector<config::yaml::Line>& map) {
    Json::Object members;
    for (const config::yaml::Line& line : map) {
        members.emplace_back(json_text(line.key), json_of(line));
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
    return json_of(config::yaml::write(written.config).lines);
}

}  // namespace holdfast::ctl
