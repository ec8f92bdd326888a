#include "lib/config/blocks.hpp"

#include <utility>

#include <fmt/format.h>

#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

/// Open braces are remembered up to this depth, for messages.
constexpr std::size_t kRememberedBraces = 64;

Node make_node(const Statements::Event& event, const std::string& path) {
    Node node;
    Words words = split_words(event.text, event.column);
    node.place = event.place;
    node.path = path;
    if (words.list.empty()) return node;
    node.keyword = std::move(words.list.front().text);
    const std::size_t keyword_at = words.list.front().column - event.column;
    const std::size_t quotes = words.list.front().quoted ? 2 : 0;
    node.rest =
        core::trim(std::string_view(event.text).substr(keyword_at + node.keyword.size() + quotes));
    node.words.assign(std::make_move_iterator(words.list.begin() + 1),
                      std::make_move_iterator(words.list.end()));
    if (event.rewritten) {
        // Columns of a rewritten line mean nothing to the reader of the file.
        for (Word& word : node.words) word.column = event.place.at.column;
    } else {
        node.place.at.column = words.list.front().column;
    }
    return node;
}

std::string block_name(const std::string& path) {
    return path.empty() ? "the top level" : path.substr(path.rfind('/') + 1);
}

std::string did_you_mean(const std::string& path, const std::string& keyword) {
    std::vector<std::string> candidates;
    for (const KnownKeyword& known : keywords_of(path)) candidates.emplace_back(known.keyword);
    if (const auto near = core::closest(keyword, candidates)) {
        return fmt::format("did you mean {}?", *near);
    }
    if (const std::string_view elsewhere = block_that_knows(keyword); !elsewhere.empty()) {
        return fmt::format("{} belongs into {}", keyword, elsewhere);
    }
    return {};
}

bool takes_words(const KnownKeyword& known) {
    return known.keyword == "virtual_server_group";
}

}  // namespace

Place Node::place_of(std::size_t word) const {
    Place at = place;
    if (word < words.size()) at.at.column = words[word].column;
    return at;
}

void Statements::put_back(Event event) {
    put_back_ = std::move(event);
    have_event_ = true;
}

Statements::Event Statements::next() {
    if (have_event_) {
        have_event_ = false;
        return std::move(put_back_);
    }
    Event event;
    while (true) {
        if (!have_line_) {
            if (!lines_.next(line_)) return event;
            have_line_ = true;
            at_ = 0;
        }
        const std::string_view text = line_.text;
        const std::size_t start = text.find_first_not_of(" \t", at_);
        if (start == std::string_view::npos) {
            have_line_ = false;
            continue;
        }
        event.place = line_.place;
        event.rewritten = line_.rewritten;
        event.column = static_cast<std::uint32_t>(start) + 1;
        if (!line_.rewritten) event.place.at.column = event.column;
        if (text[start] == '{' || text[start] == '}') {
            event.kind = text[start] == '{' ? Kind::open : Kind::close;
            at_ = start + 1;
            return event;
        }
        const std::size_t end = std::min(find_brace(text, start), text.size());
        event.kind = Kind::words;
        event.text = text.substr(start, end - start);
        at_ = end;
        return event;
    }
}

Statements::Event BlockReader::next() {
    Statements::Event event = statements_.next();
    if (event.kind == Statements::Kind::open) {
        ++depth_;
        if (open_braces_.size() < kRememberedBraces) open_braces_.push_back(event.place);
    } else if (event.kind == Statements::Kind::close) {
        if (depth_ == 0) {
            auto& error = report_.error(Complaint::braces, "extra_brace", event.place,
                                        "this '}' closes no block");
            if (!missing_brace_.empty()) {
                error.hint = fmt::format("it is left over from {}", missing_brace_);
                missing_brace_.clear();
            }
        } else {
            if (open_braces_.size() == depth_) open_braces_.pop_back();
            --depth_;
        }
    }
    return event;
}

bool BlockReader::inside_unknown_block() const {
    return !unknown_blocks_.empty() && depth_ >= unknown_blocks_.back();
}

void BlockReader::run() {
    read_keywords("", nullptr);
    if (depth_ > 0) {
        Place place;
        if (!open_braces_.empty()) place = open_braces_.back();
        report_
            .error(Complaint::braces, "missing_brace", place,
                   fmt::format("{} '}}' missing at the end of the configuration", depth_))
            .hint = "the last block that is still open begins here";
    }
}

void BlockReader::unknown(const std::string& path, const Node& node) {
    last_was_unknown_ = true;
    // The content of an unknown block follows from it; one complaint is enough.
    if (inside_unknown_block()) return;
    auto& error =
        report_.error(Complaint::unknown_keyword, "unknown_keyword", node.place,
                      fmt::format("unknown keyword '{}' in {}", node.keyword, block_name(path)));
    error.hint = did_you_mean(path, node.keyword);
    error.object = fmt::format("{} {}", block_name(path), node.keyword);
}

void BlockReader::read_keywords(const std::string& path, Node* parent) {
    while (true) {
        const Statements::Event event = next();
        switch (event.kind) {
            case Statements::Kind::end:
                return;
            case Statements::Kind::open:
                if (last_was_unknown_) unknown_blocks_.push_back(depth_);
                report_
                    .error(Complaint::braces, "unexpected_brace", event.place,
                           fmt::format(
                               "no '{{' belongs here; keepalived ignores it and reads on in {}",
                               block_name(path)))
                    .hint = parent != nullptr
                                ? fmt::format("the next '}}' will close {}", block_name(path))
                                : std::string();
                break;
            case Statements::Kind::close:
                while (!unknown_blocks_.empty() && unknown_blocks_.back() > depth_) {
                    unknown_blocks_.pop_back();
                }
                if (parent != nullptr) return;
                break;
            case Statements::Kind::words:
                last_was_unknown_ = false;
                read_statement(path, event, parent);
                break;
        }
    }
}

void BlockReader::read_statement(const std::string& path, const Statements::Event& event,
                                 Node* parent) {
    Node node = make_node(event, path);
    if (node.keyword.empty() && node.words.empty()) return;
    node.known = find_keyword(path, node.keyword);
    if (node.known == nullptr) {
        unknown(path, node);
        return;
    }
    if (node.known->kind != KeywordKind::statement) read_block(node);
    if (parent != nullptr) {
        parent->children.push_back(std::move(node));
    } else {
        sink_(node);
    }
}

void BlockReader::read_block(Node& block) {
    const bool data = block.known->kind == KeywordKind::value_block;
    Statements::Event event = next();
    if (event.kind != Statements::Kind::open) {
        // A block of data without its brace takes what follows silently; so do we, but say so.
        const std::string text =
            fmt::format("'{{' is missing behind {}; read as if it were there", block.keyword);
        if (data) {
            report_.warning("missing_open_brace", block.place, text);
        } else {
            report_.error(Complaint::braces, "missing_open_brace", block.place, text);
            missing_brace_ = fmt::format("{} in line {}, whose '{{' is missing", block.keyword,
                                         block.place.at.line);
        }
        if (event.kind == Statements::Kind::end) return;
        if (event.kind == Statements::Kind::close) {
            // It closes this block; next() has counted it already.
            return;
        }
        statements_.put_back(std::move(event));
    }
    if (data && !block.words.empty() && !takes_words(*block.known)) {
        report_.error(Complaint::general, "extra_words", block.place_of(0),
                      fmt::format("no words belong between {} and its '{{'", block.keyword));
    }
    if (data) {
        read_data(block);
    } else {
        read_keywords(path_below(block.path, block.keyword), &block);
    }
}

void BlockReader::read_data(Node& block) {
    const std::string path = path_below(block.path, block.keyword);
    while (true) {
        Statements::Event event = next();
        switch (event.kind) {
            case Statements::Kind::end:
            case Statements::Kind::close:
                return;
            case Statements::Kind::open:
                event.text = "{";
                block.children.push_back(make_node(event, path));
                break;
            case Statements::Kind::words:
                block.children.push_back(make_node(event, path));
                break;
        }
    }
}

}  // namespace holdfast::config
