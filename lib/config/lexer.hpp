#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/arena.hpp"

namespace holdfast::config {

/// Which octets that mean something stand in a line.
namespace mark {
constexpr std::uint8_t kQuote = 1;    // "
constexpr std::uint8_t kComment = 2;  // # !
constexpr std::uint8_t kEscape = 4;   // backslash
constexpr std::uint8_t kDollar = 8;
constexpr std::uint8_t kBrace = 16;  // { }
constexpr std::uint8_t kNul = 32;
}  // namespace mark
[[nodiscard]] std::uint8_t marks_of(std::string_view line);

/// Space, tab, form feed, vertical tab; a carriage return inside of a line is one as well.
[[nodiscard]] constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}
/// Without blanks at both ends.
[[nodiscard]] inline std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// A word of a line, which lives as long as the line. `column` counts from 1 in the line it was
/// read from.
struct Word {
    std::string_view text;
    std::uint32_t column = 0;
    bool quoted = false;
};
using Words = ArenaList<Word>;

/// Where the comment begins: at `#` or `!` outside of double quotes; npos if there is none. A
/// backslash protects what follows it, so that `\"` ends no quote.
[[nodiscard]] std::size_t comment_start(std::string_view line);

/// Cuts the comment off. `\#` and `\!` outside of double quotes stand for the characters
/// themselves, any other backslash stays. One that ends the line stays behind the comment as well,
/// without the blanks before it. The result is a part of `line`, or a text in the arena that is no
/// longer.
[[nodiscard]] std::string_view without_comment(std::string_view line, Arena& arena);

/// True when the number of double quotes is odd.
[[nodiscard]] bool has_open_quote(std::string_view text);

/// Blank-separated; a double-quoted part is a word of its own and may hold blanks, braces, `#`,
/// `!`. What follows a quote that is not closed is dropped.
[[nodiscard]] Words split_words(std::string_view text, std::uint32_t first_column, Arena& arena);

/// First position of an unquoted `{` or `}` at or after `from`; npos if none.
[[nodiscard]] std::size_t find_brace(std::string_view text, std::size_t from);

/// Words of a script line: both kinds of quotes join what they hold, a backslash protects the next
/// character and stays for to_arguments. Nothing when a quote or an escape is left open.
[[nodiscard]] std::optional<std::vector<std::string>> split_script_words(std::string_view text);

struct Argument {
    std::string text;
    bool bare = true;  // no part of it was quoted or escaped
};
/// The command word split into what will be executed, with quotes and escapes (\t, \x41, \101,
/// \cX).
[[nodiscard]] std::optional<std::vector<Argument>> to_arguments(std::string_view command);

}  // namespace holdfast::config
