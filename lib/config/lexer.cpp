#include "lib/config/lexer.hpp"

#include <algorithm>
#include <array>

namespace holdfast::config {

namespace {

constexpr std::array<std::uint8_t, 256> make_marks() {
    std::array<std::uint8_t, 256> marks{};
    marks['"'] = mark::kQuote;
    marks['#'] = marks['!'] = mark::kComment;
    marks['\\'] = mark::kEscape;
    marks['$'] = mark::kDollar;
    marks['{'] = marks['}'] = mark::kBrace;
    marks['\0'] = mark::kNul;
    return marks;
}
constexpr auto kMarks = make_marks();

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Reads the escape whose backslash stands at text[at]; leaves `at` behind it.
char read_escape(std::string_view text, std::size_t& at) {
    static constexpr std::string_view kLetters = "abEefnrtv";
    static constexpr std::string_view kMeanings = "\a\b\x1b\x1b\f\n\r\t\v";
    const char c = text[at + 1];
    at += 2;
    if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
        return kMeanings[letter];
    }
    if (c == 'x' && at < text.size() && hex_value(text[at]) >= 0) {
        int value = 0;
        for (int digits = 0; digits < 2 && at < text.size() && hex_value(text[at]) >= 0; ++digits) {
            value = value * 16 + hex_value(text[at++]);
        }
        return static_cast<char>(value);
    }
    if (c == 'c' && at < text.size()) return static_cast<char>(text[at++] & 0x1f);
    if (is_octal(c)) {
        int value = c - '0';
        for (int digits = 1; digits < 3 && at < text.size() && is_octal(text[at]); ++digits) {
            value = value * 8 + (text[at++] - '0');
        }
        return static_cast<char>(value);
    }
    return c;
}

/// True when the text ends in a backslash that no other one protects.
bool ends_in_escape(std::string_view text) {
    const std::size_t last = text.find_last_not_of('\\');
    const std::size_t before = last == std::string_view::npos ? 0 : last + 1;
    return (text.size() - before) % 2 != 0;
}

/// `\#` and `\!` outside of double quotes without the backslash.
std::string unescaped(std::string_view text) {
    std::string plain;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '"') quoted = !quoted;
        if (c == '\\' && i + 1 < text.size()) {
            const char next = text[++i];
            if (quoted || (next != '#' && next != '!')) plain += c;
            c = next;
        }
        plain += c;
    }
    return plain;
}

}  // namespace

std::uint8_t marks_of(std::string_view line) {
    std::uint8_t found = 0;
    for (const char c : line) {
        found = static_cast<std::uint8_t>(found | kMarks[static_cast<unsigned char>(c)]);
    }
    return found;
}

std::size_t comment_start(std::string_view line) {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\') ++i;
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '#' || c == '!')) return i;
    }
    return std::string_view::npos;
}

std::string_view without_comment(std::string_view line, Arena& arena) {
    const std::string_view text = line.substr(0, comment_start(line));
    const bool goes_on = ends_in_escape(line);
    if (!goes_on && text.find('\\') == std::string_view::npos) return text;
    std::string plain = unescaped(text.substr(0, goes_on ? line.size() - 1 : line.size()));
    if (goes_on) {
        while (!plain.empty() && is_blank(plain.back())) plain.pop_back();
        plain += '\\';
    }
    return arena.copy(plain);
}

bool has_open_quote(std::string_view text) {
    return std::ranges::count(text, '"') % 2 != 0;
}

Words split_words(std::string_view text, std::uint32_t first_column, Arena& arena) {
    Words words;
    std::size_t at = 0;
    while (true) {
        while (at < text.size() && is_blank(text[at])) ++at;
        if (at >= text.size()) return words;
        const std::size_t start = at;
        const std::uint32_t column = first_column + static_cast<std::uint32_t>(start);
        if (text[at] == '"') {
            const std::size_t end = text.find('"', at + 1);
            if (end == std::string_view::npos) return words;
            words.push_back(arena, {text.substr(start + 1, end - start - 1), column, true});
            at = end + 1;
            continue;
        }
        while (at < text.size() && !is_blank(text[at]) && text[at] != '"') ++at;
        words.push_back(arena, {text.substr(start, at - start), column, false});
    }
}

std::size_t find_brace(std::string_view text, std::size_t from) {
    bool quoted = false;
    for (std::size_t i = from; i < text.size(); ++i) {
        if (text[i] == '"') quoted = !quoted;
        if (!quoted && (text[i] == '{' || text[i] == '}')) return i;
    }
    return std::string_view::npos;
}

std::optional<std::vector<std::string>> split_script_words(std::string_view text) {
    std::vector<std::string> words;
    std::size_t at = 0;
    while (true) {
        while (at < text.size() && is_blank(text[at])) ++at;
        if (at >= text.size()) return words;
        std::string word;
        char quote = '\0';
        for (; at < text.size() && (quote != '\0' || !is_blank(text[at])); ++at) {
            const char c = text[at];
            if (c == '\\') {
                if (at + 1 >= text.size()) return std::nullopt;
                word += c;
                word += text[++at];
            } else if (quote == '\0' && (c == '"' || c == '\'')) {
                quote = c;
            } else if (quote != '\0' && c == quote) {
                quote = '\0';
            } else {
                word += c;
            }
        }
        if (quote != '\0') return std::nullopt;
        words.push_back(std::move(word));
    }
}

std::optional<std::vector<Argument>> to_arguments(std::string_view command) {
    std::vector<Argument> arguments;
    std::size_t at = 0;
    while (true) {
        while (at < command.size() && is_blank(command[at])) ++at;
        if (at >= command.size()) return arguments;
        Argument argument;
        char quote = '\0';
        while (at < command.size() && (quote != '\0' || !is_blank(command[at]))) {
            const char c = command[at];
            if (c == '\\') {
                if (at + 1 >= command.size()) return std::nullopt;
                argument.text += read_escape(command, at);
                argument.bare = false;
                continue;
            }
            ++at;
            if (quote == '\0' && (c == '"' || c == '\'')) {
                quote = c;
                argument.bare = false;
            } else if (quote != '\0' && c == quote) {
                quote = '\0';
            } else {
                argument.text += c;
            }
        }
        if (quote != '\0') return std::nullopt;
        arguments.push_back(std::move(argument));
    }
}

}  // namespace holdfast::config
