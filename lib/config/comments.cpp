#include "lib/config/comments.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/config/known_keywords.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/lexer.hpp"
#include "lib/config/written.hpp"
#include "lib/config/yaml/documents.hpp"
#include "lib/config/yaml/emitter.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

/// Finds comments of YAML line by line; knows quotes that go over several lines, and block scalars.
class YamlScanner {
  public:
    std::size_t comment(std::string_view line) {
        const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
        if (in_block_) {
            if (indent == line.size() || indent > block_indent_) return std::string_view::npos;
            in_block_ = false;
        }
        std::size_t last = std::string_view::npos;  // octet that is no blank
        for (std::size_t i = 0; i < line.size(); ++i) {
            const char c = line[i];
            if (quote_ != '\0') {
                if (quote_ == '"' && c == '\\') {
                    ++i;
                } else if (c == quote_) {
                    quote_ = '\0';
                }
            } else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
                open_block(line.substr(0, i), indent);
                return i;
            } else if ((c == '"' || c == '\'') && begins_scalar(line, i, last)) {
                quote_ = c;
            }
            if (c != ' ' && c != '\t') last = i;
        }
        open_block(line, indent);
        return std::string_view::npos;
    }

  private:
    /// A quote opens a scalar only where a scalar may begin.
    static bool begins_scalar(std::string_view line, std::size_t at, std::size_t last) {
        if (last == std::string_view::npos) return true;
        const char before = line[last];
        return before == '[' || before == '{' || before == ',' ||
               ((before == ':' || before == '-') && last + 1 < at);
    }
    void open_block(std::string_view line, std::size_t indent) {
        std::string_view text = core::trim(line);
        while (!text.empty() && (text.back() == '-' || text.back() == '+' ||
                                 (text.back() >= '0' && text.back() <= '9'))) {
            text.remove_suffix(1);
        }
        if (text.size() < 2 || (text.back() != '|' && text.back() != '>')) return;
        const char before = text[text.size() - 2];
        in_block_ = before == ' ' && text.find(": ") != std::string_view::npos;
        block_indent_ = indent;
    }

    char quote_ = '\0';
    bool in_block_ = false;
    std::size_t block_indent_ = 0;
};

std::string comment_text(std::string_view text) {
    const std::size_t start = text.find_first_not_of("#!");
    return start == std::string_view::npos ? std::string()
                                           : std::string(core::trim(text.substr(start)));
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        lines.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace

std::vector<FoundComment> find_comments(std::string_view text, Language language) {
    std::vector<FoundComment> found;
    YamlScanner scanner;
    std::uint32_t number = 0;
    for (const std::string_view line : lines_of(text)) {
        ++number;
        const std::size_t at =
            language == Language::yaml ? scanner.comment(line) : comment_start(line);
        if (at == std::string_view::npos) continue;
        found.push_back(
            {number, core::trim(line.substr(0, at)).empty(), comment_text(line.substr(at))});
    }
    return found;
}

Comments::Comments(const Written& written, FileAccess& files) : origins_(written.origins) {
    const auto targets = targets_of(written);
    // A file may have been opened before it was read: to find out its language.
    std::set<std::string_view> done;
    for (const auto& [file, list] : targets) done.insert(file->path);
    for (const FileTrail& file : written.files->all()) {
        if (!targets.contains(&file) && !done.insert(file.path).second) continue;
        const auto text = files.read(file.path);
        if (!text) continue;
        const auto found = targets.find(&file);
        attach(file, *text, found != targets.end() ? found->second : std::vector<Target>{});
    }
}

std::map<const FileTrail*, std::vector<Comments::Target>> Comments::targets_of(
    const Written& written) {
    std::map<const FileTrail*, std::vector<Target>> targets;
    const auto add = [&](const Position& at, const Key& key) {
        if (at.file != nullptr) targets[at.file].push_back({at.line, at.column, key});
    };
    for (const auto& [object, origin] : written.origins.all()) {
        add(origin.block, {object, {}, 0});
        for (const Origin::Setting& setting : origin.settings) {
            add(setting.at, {object, setting.keyword, 0});
            // Entries that are blocks are objects.
            const Route* route = index_.find(object->GetDescriptor(), setting.keyword);
            const bool is_data = route != nullptr && (route->setting->syntax() == v1::LINE_BLOCK ||
                                                      route->setting->syntax() == v1::WORD_BLOCK);
            for (std::size_t i = 0; is_data && i < setting.entries.size(); ++i) {
                add(setting.entries[i], {object, setting.keyword, i + 1});
            }
        }
    }
    // Of what begins at one place an entry comes first, then an object: its keyword is empty.
    const auto order = [](const Target& target) {
        return std::tuple(target.line, target.column, target.key.entry == 0, target.key.keyword);
    };
    for (auto& [file, list] : targets) std::ranges::sort(list, {}, order);
    return targets;
}

void Comments::attach(const FileTrail& file, std::string_view text,
                      const std::vector<Target>& targets) {
    const auto comments =
        find_comments(text, yaml::looks_like_yaml(text) ? Language::yaml : Language::legacy);
    const auto lines = lines_of(text);
    std::vector<FoundComment> pending;
    bool at_start = comments_.empty() && lost_.empty() && file.included_at.file == nullptr;
    const auto lose = [&](std::vector<FoundComment>& all) {
        for (FoundComment& one : all) lost_.push_back({{&file, one.line, 1}, std::move(one.text)});
        all.clear();
    };
    auto comment = comments.begin();
    for (std::uint32_t number = 1; number <= lines.size(); ++number) {
        const bool has_comment = comment != comments.end() && comment->line == number;
        const FoundComment* here = has_comment ? &*comment++ : nullptr;
        if (here != nullptr && here->alone) {
            pending.push_back(*here);
            continue;
        }
        if (core::trim(lines[number - 1]).empty()) {
            if (at_start && header_.empty()) {
                for (FoundComment& one : pending) header_.push_back(std::move(one.text));
                pending.clear();
            }
            lose(pending);
            continue;
        }
        const bool first = std::exchange(at_start, false);
        const auto target = std::ranges::lower_bound(targets, number, {}, &Target::line);
        const bool belongs = target != targets.end() && target->line == number;
        // Above something that has no place of its own, such as global_defs.
        if (first && !belongs && header_.empty()) {
            for (FoundComment& one : pending) header_.push_back(std::move(one.text));
            pending.clear();
        }
        if (here != nullptr && !belongs) pending.push_back(*here);
        if (!belongs) lose(pending);
        if (pending.empty() && (here == nullptr || !belongs)) continue;
        Comment& made = comments_[target->key];
        made.at = {&file, number, 1};
        for (FoundComment& one : pending) made.above.push_back(std::move(one.text));
        pending.clear();
        if (here != nullptr) made.behind = here->text;
        if (first && header_.empty()) first_ = &made;
    }
    lose(pending);
}

Comment* Comments::find(const Message* holder, std::string_view keyword, std::size_t entry) {
    if (holder == nullptr) return nullptr;
    const auto found = comments_.find({holder, keyword, entry});
    return found != comments_.end() && !found->second.used ? &found->second : nullptr;
}

template <class Node>
bool Comments::give(Comment* comment, Node& node) {
    if (comment == nullptr) return false;
    comment->used = true;
    node.above.insert(node.above.end(), comment->above.begin(), comment->above.end());
    if (!comment->behind.empty()) {
        if (!node.behind.empty()) node.behind += "; ";
        node.behind += comment->behind;
    }
    return true;
}

bool Comments::has_entries(const Message* holder, std::string_view keyword,
                           std::size_t count) const {
    const Origin* origin = holder != nullptr ? origins_.find(holder) : nullptr;
    const Origin::Setting* setting = origin != nullptr ? origin->find(keyword) : nullptr;
    return setting != nullptr && setting->entries.size() == count;
}

void Comments::annotate(LegacyNode& node) {
    give(find(node.object, {}), node);
    std::string_view keyword = node.keyword;
    if (node.holder != nullptr) {
        if (const Route* route = index_.find(node.holder->GetDescriptor(), keyword)) {
            keyword = route->setting->keyword();
        }
        give(find(node.holder, keyword), node);
    }
    if (node.object != nullptr) {
        for (LegacyNode& child : node.children) annotate(child);
    } else if (has_entries(node.holder, keyword, node.children.size())) {
        std::size_t entry = 0;
        for (LegacyNode& child : node.children) give(find(node.holder, keyword, ++entry), child);
    }
}

void Comments::annotate_entries(yaml::Line& line) {
    for (const Message* holder : {line.owner, line.holder}) {
        const bool values = line.kind == yaml::Line::Kind::value;
        const std::size_t count = values ? line.value.items.size() : line.children.size();
        if (count == 0 || !has_entries(holder, line.keyword, count)) continue;
        for (std::size_t entry = 1; entry <= count; ++entry) {
            Comment* comment = find(holder, line.keyword, entry);
            if (comment == nullptr) continue;
            one_line_each(line);
            give(comment, line.children[entry - 1]);
        }
    }
}

/// Entries with comments stand on lines of their own.
void Comments::one_line_each(yaml::Line& list) {
    if (list.kind != yaml::Line::Kind::value) return;
    for (yaml::Node& item : list.value.items) {
        yaml::Line& child = list.children.emplace_back();
        child.in_list = true;
        child.value = std::move(item);
    }
    list.kind = yaml::Line::Kind::list;
}

void Comments::annotate(std::vector<yaml::Line>& lines) {
    for (yaml::Line& line : lines) {
        give(find(line.object, {}), line);
        if (!line.keyword.empty()) {
            give(find(line.owner, line.keyword), line);
            give(find(line.holder, line.keyword), line);
            const bool is_list = line.kind == yaml::Line::Kind::list || line.value.is_list();
            if (is_list) annotate_entries(line);
        }
        annotate(line.children);
        // Behind the dash of a list stands the first key of the entry.
        if (line.in_list && line.kind == yaml::Line::Kind::map && !line.children.empty() &&
            line.children.front().behind.empty() &&
            line.children.front().kind == yaml::Line::Kind::value) {
            std::swap(line.behind, line.children.front().behind);
        }
    }
}

std::vector<std::string> Comments::header() {
    if (header_.empty() && first_ != nullptr && !first_->used && first_->behind.empty()) {
        first_->used = true;
        header_ = first_->above;
    }
    return header_;
}

std::vector<Comments::Lost> Comments::lost() const {
    std::vector<Lost> all = lost_;
    for (const auto& [key, comment] : comments_) {
        if (comment.used) continue;
        for (const std::string& text : comment.above) all.push_back({comment.at, text});
        if (!comment.behind.empty()) all.push_back({comment.at, comment.behind});
    }
    const auto order = [](const Lost& lost) {
        return std::tuple(lost.at.file->path, lost.at.line);
    };
    std::ranges::sort(all, {}, order);
    return all;
}

}  // namespace holdfast::config
