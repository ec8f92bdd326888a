#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

/// A word of a line. `column` counts from 1 in the line it was read from.
struct Word {
    std::string text;
    std::uint32_t column = 0;
    bool quoted = false;
};

/// Cuts the comment off: `#` and `!` outside of double quotes begin one, `\#` and `\!` stand for
/// the characters themselves. Octets before the comment keep their places unless escaped.
[[nodiscard]] std::string without_comment(std::string_view line);

/// True when the number of double quotes is odd.
[[nodiscard]] bool has_open_quote(std::string_view text);

struct Words {
    std::vector<Word> list;
    bool open_quote = false;  // the text after the last quote was dropped
};
/// Blank-separated; a double-quoted part is a word of its own and may hold blanks, braces, `#`,
/// `!`.
[[nodiscard]] Words split_words(std::string_view text, std::uint32_t first_column);

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
