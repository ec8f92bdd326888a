#include "lib/config/blocks.hpp"

#include <utility>

#include <fmt/format.h>

#include "lib/config/near_names.hpp"

namespace holdfast::config {

namespace {

/// Open braces are remembered up to this depth, for messages.
constexpr std::size_t kRememberedBraces = 64;

/// More statements than this in one block of the top level are refused: they are in memory
/// together. One with many or long words counts as several.
constexpr std::size_t kMaxNodes = 500'000;

std::size_t weight_of(const Node& node) {
    const std::size_t text = node.keyword.size() + node.rest.size();
    return 1 + (node.words.size() * sizeof(Word) + text) / sizeof(Node);
}

Node make_node(const Statements::Event& event, Arena& arena) {
    Node node;
    node.place = event.place;
    Words words = split_words(event.text, event.column, arena);
    if (words.empty()) return node;
    const Word& first = words.front();
    node.keyword = first.text;
    const char* const behind = first.text.data() + first.text.size() + (first.quoted ? 1 : 0);
    const char* const end = event.text.data() + event.text.size();
    node.rest = without_blanks({behind, static_cast<std::size_t>(end - behind)});
    if (event.rewritten) {
        // Columns of a rewritten line mean nothing to the reader of the file.
        for (Word& word : words) word.column = event.place.at.column;
    } else {
        node.place.at.column = first.column;
    }
    node.words = words.rest();
    return node;
}

std::string_view block_name(BlockNumber block) {
    const std::string_view path = kKnownBlocks[block].path;
    return path.empty() ? "the top level" : path.substr(path.rfind('/') + 1);
}

std::string hint_of(BlockNumber block, std::string_view keyword) {
    if (keyword.starts_with("\xef\xbb\xbf")) {
        return "the file begins with a byte order mark; save it without one";
    }
    if (keyword.starts_with("//")) return "a comment begins with # or !";
    std::vector<std::string> candidates;
    for (const KnownKeyword& known : keywords_of(block)) candidates.emplace_back(known.keyword);
    if (std::string near = did_you_mean(keyword, candidates); !near.empty()) return near;
    if (const std::string_view elsewhere = block_that_knows(keyword); !elsewhere.empty()) {
        return fmt::format("{} belongs into {}", keyword, elsewhere);
    }
    return {};
}

bool takes_words(const KnownKeyword& known) {
    return known.keyword == "virtual_server_group";
}

}  // namespace

void Statements::put_back(const Event& event) {
    put_back_ = event;
    have_event_ = true;
}

Statements::Event Statements::next() {
    if (have_event_) {
        have_event_ = false;
        return put_back_;
    }
    Event event;
    while (true) {
        if (!have_line_) {
            if (!lines_.next(line_)) return event;
            have_line_ = true;
            at_ = 0;
        }
        while (at_ < line_.text.size() && is_blank(line_.text[at_])) ++at_;
        have_line_ = at_ < line_.text.size();
        if (have_line_ && at_ == 0) break;
        if (!have_line_) continue;
        have_line_ = lines_.settle_rest(line_, at_);
        at_ = 0;
    }
    const std::string_view text = line_.text;
    event.place = line_.place;
    event.rewritten = line_.rewritten;
    event.column = line_.first_column + static_cast<std::uint32_t>(at_);
    if (!line_.rewritten) event.place.at.column = event.column;
    if (text[at_] == '{' || text[at_] == '}') {
        event.kind = text[at_] == '{' ? Kind::open : Kind::close;
        event.text = text.substr(at_, 1);
        ++at_;
    } else {
        const bool plain = (line_.marks & mark::kBrace) == 0;
        const std::size_t end = plain ? text.size() : std::min(find_brace(text, at_), text.size());
        event.kind = Kind::words;
        event.text = text.substr(at_, end - at_);
        at_ = end;
    }
    have_line_ = at_ < text.size();
    return event;
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
    return unknown_block_ && depth_ >= *unknown_block_;
}

void BlockReader::run() {
    read_keywords(kTopLevel, nullptr);
    if (depth_ > 0) {
        Place place;
        if (!open_braces_.empty()) place = open_braces_.back();
        report_
            .error(Complaint::braces, "missing_brace", place,
                   fmt::format("{} '}}' missing at the end of the configuration", depth_))
            .hint = "the last block that is still open begins here";
    }
}

void BlockReader::unknown(BlockNumber block, const Node& node) {
    last_was_unknown_ = true;
    // The content of an unknown block follows from it; one complaint is enough.
    if (inside_unknown_block()) return;
    const bool hint = report_.keeps();
    auto& error =
        report_.error(Complaint::unknown_keyword, "unknown_keyword", node.place,
                      fmt::format("unknown keyword '{}' in {}", node.keyword, block_name(block)));
    if (!hint) return;
    error.hint = hint_of(block, node.keyword);
    error.object = fmt::format("{} {}", block_name(block), node.keyword);
}

void BlockReader::unexpected_brace(BlockNumber block, const Statements::Event& event, bool at_top) {
    if (last_was_unknown_ && !unknown_block_) unknown_block_ = depth_;
    auto& error =
        report_.error(Complaint::braces, "unexpected_brace", event.place,
                      fmt::format("no '{{' belongs here; keepalived ignores it and reads on in {}",
                                  block_name(block)));
    if (!at_top) error.hint = fmt::format("the next '}}' will close {}", block_name(block));
}

void BlockReader::read_keywords(BlockNumber block, Node* parent) {
    Arena& arena = statements_.arena();
    while (true) {
        if (parent == nullptr && statements_.at_line_end()) {
            arena.reset();
            nodes_ = 0;
        }
        const Arena::Mark before = arena.mark();
        bool kept = false;
        const Statements::Event event = next();
        switch (event.kind) {
            case Statements::Kind::end:
                return;
            case Statements::Kind::open:
                unexpected_brace(block, event, parent == nullptr);
                break;
            case Statements::Kind::close:
                if (unknown_block_ > depth_) unknown_block_.reset();
                if (parent != nullptr) return;
                break;
            case Statements::Kind::words:
                last_was_unknown_ = false;
                kept = read_statement(block, event, parent);
                break;
        }
        if (!kept && statements_.at_line_end()) arena.rewind(before);
    }
}

bool BlockReader::read_statement(BlockNumber block, const Statements::Event& event, Node* parent) {
    Node node = make_node(event, statements_.arena());
    node.known = find_keyword(block, node.keyword);
    if (node.known == nullptr) {
        // A quote that is not closed may have taken the whole line.
        if (node.keyword.data() != nullptr) unknown(block, node);
        return false;
    }
    if (node.known->kind != KeywordKind::statement) read_block(node);
    // It counts for the very next line, long before it is bound.
    if (node.known == include_check_) statements_.lines().change_include_checks(node.words);
    if (node.known == random_seed_) statements_.lines().seed_random(node.word(0));
    if (parent != nullptr) return add_child(*parent, node);
    sink_(node);
    return false;
}

bool BlockReader::add_child(Node& parent, const Node& child) {
    const bool was_full = nodes_ > kMaxNodes;
    nodes_ += weight_of(child);
    if (nodes_ <= kMaxNodes) {
        parent.children.push_back(statements_.arena(), child);
        return true;
    }
    if (!was_full) {
        report_.fatal(
            Complaint::general, "block_too_long", child.place,
            fmt::format("a block may hold {} statements; the others are ignored", kMaxNodes));
    }
    return false;
}

void BlockReader::read_block(Node& block) {
    const bool data = block.known->kind == KeywordKind::value_block;
    const Statements::Event event = next();
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
        statements_.put_back(event);
    }
    if (data && !block.words.empty() && !takes_words(*block.known)) {
        report_.error(Complaint::general, "extra_words", block.place_of(0),
                      fmt::format("no words belong between {} and its '{{'", block.keyword));
    }
    if (data) {
        read_data(block);
    } else {
        read_keywords(block.known->opens, &block);
    }
}

void BlockReader::read_data(Node& block) {
    Arena& arena = statements_.arena();
    while (true) {
        const Arena::Mark before = arena.mark();
        const Statements::Event event = next();
        if (event.kind == Statements::Kind::end || event.kind == Statements::Kind::close) return;
        const bool kept = add_child(block, make_node(event, arena));
        if (!kept && statements_.at_line_end()) arena.rewind(before);
    }
}

}  // namespace holdfast::config
