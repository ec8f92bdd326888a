#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/diagnostics.hpp"
#include "lib/config/known_keywords.hpp"
#include "lib/config/lexer.hpp"
#include "lib/config/preprocessor.hpp"

namespace holdfast::config {

/// One statement, or one line of a block of data, with what stands in its braces. Its texts live
/// until the statement of the top level that it belongs to is dealt with.
struct Node {
    std::string_view keyword;             // the first word of a line of data
    Words words;                          // behind the keyword
    std::string_view rest;                // the raw text behind the keyword, quotes and all
    Place place;                          // of the keyword
    const KnownKeyword* known = nullptr;  // nothing for lines of data
    ArenaList<Node> children;

    /// Place of the nth word behind the keyword, or of the keyword if there are fewer.
    [[nodiscard]] Place place_of(std::size_t word) const {
        Place at = place;
        if (word < words.size()) at.at.column = words[word].column;
        return at;
    }
    /// The nth word behind the keyword, empty if there are fewer.
    [[nodiscard]] std::string_view word(std::size_t n) const {
        return n < words.size() ? words[n].text : std::string_view{};
    }
};

/// Splits logical lines at braces.
class Statements {
  public:
    enum class Kind : std::uint8_t { words, open, close, end };
    struct Event {
        Kind kind = Kind::end;
        std::string_view text;     // of words
        std::uint32_t column = 1;  // of text[0]
        Place place;
        bool rewritten = false;
    };

    explicit Statements(Preprocessor& lines) : lines_(lines) {}
    Event next();
    /// Takes an event back; at most one.
    void put_back(const Event& event);
    /// True when nothing of a line is left that was begun.
    [[nodiscard]] bool at_line_end() const { return !have_line_ && !have_event_; }
    Preprocessor& lines() { return lines_; }
    Arena& arena() { return lines_.arena(); }

  private:
    Preprocessor& lines_;
    LogicalLine line_;
    std::size_t at_ = 0;
    bool have_line_ = false;
    bool have_event_ = false;
    Event put_back_;
};

/// Builds the tree of blocks and hands every statement of the top level to `sink` as it ends, so
/// that only one of them is in memory. Unknown keywords and brace mistakes are treated as
/// keepalived treats them: an unknown block's content is read as part of the block around it, whose
/// end is then the unknown block's brace; a missing opening brace is read as if it were there.
class BlockReader {
  public:
    using Sink = std::function<void(Node&)>;
    BlockReader(Preprocessor& lines, Reporter& report, Sink sink)
        : statements_(lines), report_(report), sink_(std::move(sink)) {}
    void run();

  private:
    Statements::Event next();
    void read_keywords(BlockNumber block, Node* parent);
    /// True when the statement is kept as a child.
    bool read_statement(BlockNumber block, const Statements::Event& event, Node* parent);
    void read_data(Node& block);
    void read_block(Node& block);
    void unexpected_brace(BlockNumber block, const Statements::Event& event, bool at_top);
    void unknown(BlockNumber block, const Node& node);
    bool add_child(Node& parent, const Node& child);
    [[nodiscard]] bool inside_unknown_block() const;

    Statements statements_;
    Reporter& report_;
    Sink sink_;
    const KnownKeyword* const random_seed_ = find_keyword("global_defs", "random_seed");
    const KnownKeyword* const include_check_ = find_keyword("global_defs", "include_check");
    std::uint64_t depth_ = 0;                     // of braces as written
    std::optional<std::uint64_t> unknown_block_;  // depth of the outermost one we are in
    bool last_was_unknown_ = false;
    std::vector<Place> open_braces_;
    std::string missing_brace_;  // the last block without its opening brace, for a hint
    std::size_t nodes_ = 0;      // of this statement of the top level, by weight
};

}  // namespace holdfast::config
