#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace holdfast::config {

/// Messages whose settings stand in one block.
using Parts = std::span<const google::protobuf::Message* const>;
struct LegacyPlan;  // of legacy_writer.cpp

namespace v1 {
class Script;
}

/// One line of a text with what stands in its braces.
struct LegacyNode {
    std::string keyword;  // as it is written; in a block of data the first word of a line
    std::string rest;     // the words behind it, as they are written
    bool is_block = false;
    const google::protobuf::Message* holder = nullptr;  // whose setting it is
    const google::protobuf::Message* object = nullptr;  // of a block: what its settings belong to
    std::vector<LegacyNode> children;
    std::vector<std::string> above;  // lines of comment, without their sign
    std::string behind;              // a comment on the same line
};

/// The text of one node of the top level.
[[nodiscard]] std::string legacy_text_of(const LegacyNode& node);

/// Builds a text of keepalived's language, statement by statement, so that our lexer and
/// keepalived's read every word back as it was given. What the language has no way to say is left
/// out and stands in `problems()`.
class LegacyText {
  public:
    using Sink = std::function<void(const LegacyNode&)>;

    LegacyText() = default;
    /// Hands every node of the top level to `sink` as it ends instead of keeping its text.
    explicit LegacyText(Sink sink) : sink_(std::move(sink)) {}

    /// A whole line. A word is text or a number; words are quoted where they need it.
    template <class... Words>
    void statement(std::string_view keyword, const Words&... words) {
        statement_of(keyword, {as_word(words)...});
    }
    void statement_of(std::string_view keyword, const std::vector<std::string>& words);

    /// A line whose quoting is the caller's.
    void raw(std::string_view line);

    /// keyword, user and group behind the command in one word: notify_master, quorum_up ...
    void command(std::string_view keyword, const v1::Script& script);
    /// The whole rest of the line is the command: `script` of vrrp_script, misc_path.
    void command_line(std::string_view keyword, const v1::Script& script);

    /// `keyword words {`; what follows stands in the block until close().
    template <class... Words>
    void open(std::string_view keyword, const Words&... words) {
        open_block(keyword, {as_word(words)...});
    }
    void open_block(std::string_view keyword, const std::vector<std::string>& words);
    void close();

    /// Says what cannot be said in keepalived.conf about the block that is open.
    void problem(std::string_view text);
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string take() { return std::move(text_); }

    /// Whose settings follow; the first of a block says what the block is. Returns whose they were.
    const google::protobuf::Message* set_holder(const google::protobuf::Message* holder);

    /// What write_settings() writes in a block of this path, found out once.
    const LegacyPlan& plan_of(std::string_view path, Parts parts);

  private:
    static std::string as_word(std::string_view text) { return std::string(text); }
    template <std::integral Number>
    static std::string as_word(Number number) {
        return std::to_string(number);
    }

    void put(std::string keyword, std::string rest, bool is_block = false);
    void end_node();

    Sink sink_;
    std::string text_;
    std::vector<LegacyNode> open_;  // outermost first
    const google::protobuf::Message* holder_ = nullptr;
    std::vector<std::string> problems_;
    std::unordered_map<std::string, std::shared_ptr<const LegacyPlan>> plans_;
};

/// A word as it must be written; empty when the language cannot say it (a line break, a double
/// quote, a NUL, the name of a standard parameter such as ${_PWD}).
[[nodiscard]] std::string legacy_word(std::string_view word);

/// `us` in units of `unit_us` microseconds with as few decimals as needed: "1", "0.25".
[[nodiscard]] std::string decimal_text(std::uint64_t us, std::uint64_t unit_us = 1'000'000);

}  // namespace holdfast::config
