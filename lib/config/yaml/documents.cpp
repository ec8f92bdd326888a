#include "lib/config/yaml/documents.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/config/yaml/merge.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

namespace {

constexpr std::string_view kVersion = "1";
/// The first significant line stands in here.
constexpr std::size_t kLookedAt = 64UL * 1024;

std::size_t count_of(const Node& node) {
    std::size_t count = 1;
    for (const Node& item : node.items) count += count_of(item);
    for (const Entry& entry : node.entries) count += count_of(entry.value);
    return count;
}

bool is_key(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '"' || c == '\'';
}

/// `key:`, followed by a blank or nothing.
bool begins_with_key(std::string_view line) {
    const auto end = std::ranges::find_if_not(line, is_key);
    const auto size = static_cast<std::size_t>(end - line.begin());
    if (size == 0 || size == line.size() || line[size] != ':') return false;
    return size + 1 == line.size() || line[size + 1] == ' ' || line[size + 1] == '\t';
}

}  // namespace

bool looks_like_yaml(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = core::trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#') continue;
        const bool marker = line == "---" || line.starts_with("--- ") || line.starts_with("%YAML");
        return marker || begins_with_key(line);
    }
    return false;
}

bool is_yaml(const LoadRequest& request, FileAccess& files) {
    const std::vector<std::string> paths = files.glob(request.file);
    if (paths.empty()) return false;
    const core::Result<std::string> text = files.read_start(paths.front(), kLookedAt);
    return text && looks_like_yaml(*text);
}

std::optional<Node> Documents::read() {
    const auto mains = reader_.read_main(request_.file, request_.all_include_checks);
    for (const LoadedFile* main : mains) take(*main, true);
    if (!mains.empty()) {
        const LoadedFile& main = *mains.front();
        const Place whole{{main.trail, 0, 0}, {}};
        const auto parts =
            reader_.read_included("conf.d/*.yaml", {.unreadable = true}, main, whole);
        for (const LoadedFile* part : parts) take(*part, false);
    }
    if (broken_ || mains.empty()) return std::nullopt;
    return std::move(root_);
}

void Documents::error(const Mark& at, std::string_view class_name, std::string text,
                      std::string hint) {
    report_.error(Complaint::general, class_name, at.place(), std::move(text)).hint =
        std::move(hint);
}

void Documents::take(const LoadedFile& file, bool is_main) {
    if (!taken_.insert(file.trail->path).second) return;
    const Source& source =
        *sources_.emplace_back(std::make_unique<Source>(file.trail, file.bytes, report_));
    Limits limits;
    limits.nodes = std::min<std::size_t>(limits.nodes, request_.max_lines) - nodes_;
    auto root = source.readable() ? parse(source, limits, report_) : std::nullopt;
    if (!root) {
        broken_ = true;
        return;
    }
    nodes_ = std::min(nodes_ + count_of(*root), limits.nodes + nodes_);
    if (!root->is_map() && !root->is_null()) {
        error(root->mark, "wrong_type", "a configuration is a map of settings");
        broken_ = true;
        return;
    }
    if (!check_version(*root, source, is_main)) return;
    Node includes;
    if (Entry* include = root->find("include")) includes = std::move(include->value);
    root->erase("include");
    merge(root_, *root, Clash::refuse, {}, report_);
    take_includes(includes, file);
}

bool Documents::check_version(Node& root, const Source& source, bool is_main) {
    const Entry* version = root.find("version");
    if (version == nullptr) {
        if (!is_main) return true;
        error({&source, 1, 1}, "no_version", "a configuration in YAML begins with its version",
              "write version: 1");
        broken_ = true;
        return false;
    }
    if (version->value.text != kVersion || version->value.quoted) {
        error(version->value.mark.line != 0 ? version->value.mark : version->mark, "bad_version",
              fmt::format("version {} is not known here", version->value.text), "write version: 1");
        broken_ = true;
        return false;
    }
    root.erase("version");
    return true;
}

void Documents::take_includes(const Node& list, const LoadedFile& from) {
    if (list.is_null()) return;
    if (!list.is_list()) {
        error(list.mark, "wrong_type", "include wants a list of file names and patterns",
              list.is_scalar() ? fmt::format("write [{}]", list.text) : std::string());
        return;
    }
    for (const Node& pattern : list.items) {
        if (!pattern.is_scalar()) {
            error(pattern.mark, "wrong_type", "include wants names of files");
            continue;
        }
        const auto parts = reader_.read_included(
            pattern.text, {.unreadable = true, .missing = true}, from, pattern.mark.place());
        if (parts.empty() && pattern.text.find_first_of("*?[") != std::string::npos) {
            report_.warning("include_missing", pattern.mark.place(),
                            fmt::format("include: nothing fits {}", pattern.text));
        }
        for (const LoadedFile* part : parts) take(*part, false);
    }
}

}  // namespace holdfast::config::yaml
