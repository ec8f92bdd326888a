#include "lib/config/legacy_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/config/source.hpp"
#include "lib/core/address.hpp"
#include "lib/core/text.hpp"
#include "proto/config/script.pb.h"

namespace holdfast::config {

namespace {

/// keepalived cuts longer lines in two.
constexpr std::size_t kLongestLine = 1022;
constexpr std::size_t kIndent = 4;

bool is_control_or_blank(char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

/// ${_PWD} and the like are replaced wherever they stand, and nothing protects the `$`.
bool names_standard_parameter(std::string_view word) {
    static constexpr std::array<std::string_view, 6> kNames = {"_PWD", "_INSTANCE", "_RANDOM",
                                                               "_ENV", "_HASH",     "_BANG"};
    for (std::size_t at = word.find('$'); at != std::string_view::npos;
         at = word.find('$', at + 1)) {
        std::string_view name = word.substr(at + 1);
        if (name.starts_with('{')) name.remove_prefix(1);
        if (std::ranges::any_of(kNames, [&](auto known) { return name.starts_with(known); })) {
            return true;
        }
    }
    return false;
}

bool needs_quotes(std::string_view word) {
    return word.empty() || std::ranges::any_of(word, [](char c) {
               return is_control_or_blank(c) || c == '{' || c == '}' || c == '#' || c == '!';
           });
}

/// What the preprocessor would take for a statement of its own at the start of a line.
bool starts_like_a_directive(std::string_view word) {
    return word.starts_with('@') || word.starts_with('~') || word.starts_with('$') ||
           include_checks_of(word) != nullptr;
}

/// The first word of a line, which may be data: `@x` would be a condition.
std::string first_word(std::string_view word) {
    std::string written = legacy_word(word);
    if (!written.empty() && written.front() != '"' && starts_like_a_directive(word)) {
        written = fmt::format("\"{}\"", word);
    }
    return written;
}

bool is_plain_in_command(char c) {
    static constexpr std::string_view kOthers = "_@%+=:,./-<>*?~^&|;()[]#!";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '$' ||
           kOthers.find(c) != std::string_view::npos;
}

/// Words that make the loader run the command through a shell unless they are quoted.
bool looks_like_shell(std::string_view argument) {
    return argument == "&&" || argument == "||" || argument == "|" || argument == ";" ||
           argument == "[[";
}

/// An argument inside of the double quotes around a command: a double quote and line breaks become
/// escapes, everything else that means something stands between single quotes.
std::string quoted_argument(std::string_view argument) {
    const bool plain =
        !argument.empty() && !looks_like_shell(argument) && !names_standard_parameter(argument);
    if (plain && std::ranges::all_of(argument, is_plain_in_command)) return std::string(argument);
    std::string text = "'";
    for (const char c : argument) {
        if (c == '\\' || c == '\'') {
            text += '\\';
            text += c;
        } else if (c == '"' || c == '$' || (is_control_or_blank(c) && c != ' ')) {
            text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            text += c;
        }
    }
    return text + "'";
}

/// The command of a script as one word in double quotes, or without where it needs none.
std::string command_word(const v1::Script& script) {
    std::string text;
    for (const std::string& argument : script.argv()) {
        if (!text.empty()) text += ' ';
        text += quoted_argument(argument);
    }
    const bool bare = script.argv_size() == 1 && !needs_quotes(text) &&
                      text.find_first_of("'\\") == std::string::npos;
    return bare ? text : fmt::format("\"{}\"", text);
}

}  // namespace

std::string legacy_word(std::string_view word) {
    const bool impossible = word.find_first_of("\"\n") != std::string_view::npos ||
                            word.find('\0') != std::string_view::npos ||
                            names_standard_parameter(word);
    if (impossible) return {};
    return needs_quotes(word) ? fmt::format("\"{}\"", word) : std::string(word);
}

std::string address_text(std::string_view octets) {
    const auto address = core::Address::from_bytes(octets);
    return address ? address->text() : std::string();
}

std::string decimal_text(std::uint64_t us, std::uint64_t unit_us) {
    std::string text = std::to_string(us / unit_us);
    std::uint64_t rest = us % unit_us;
    if (rest == 0) return text;
    text += '.';
    for (std::uint64_t place = unit_us / 10; rest > 0 && place > 0; place /= 10) {
        text += static_cast<char>('0' + rest / place);
        rest %= place;
    }
    return text;
}

void LegacyText::put_line(std::string_view line) {
    const std::size_t indent = kIndent * open_.size();
    if (indent + line.size() > kLongestLine) {
        problem(fmt::format("a line of {} octets is longer than keepalived reads ({})",
                            indent + line.size(), kLongestLine));
    }
    text_.append(indent, ' ');
    text_ += line;
    text_ += '\n';
}

void LegacyText::problem(std::string_view text) {
    problems_.push_back(open_.empty() ? std::string(text)
                                      : fmt::format("{}: {}", core::join(open_, " "), text));
}

void LegacyText::statement_of(std::string_view keyword, const std::vector<std::string>& words) {
    std::string line = first_word(keyword);
    bool sayable = !line.empty();
    for (const std::string& word : words) {
        const std::string written = legacy_word(word);
        sayable = sayable && !written.empty();
        line += ' ';
        line += written;
    }
    if (sayable) {
        put_line(line);
    } else {
        problem(
            fmt::format("{} cannot be written: a word of it holds a double quote, a line break "
                        "or a standard parameter",
                        keyword));
    }
}

void LegacyText::raw(std::string_view line) {
    put_line(line);
}

void LegacyText::command(std::string_view keyword, const v1::Script& script) {
    std::string line = fmt::format("{} {}", keyword, command_word(script));
    if (script.has_user()) line += ' ' + legacy_word(script.user());
    if (script.has_user() && script.has_group()) line += ' ' + legacy_word(script.group());
    put_line(line);
}

void LegacyText::command_line(std::string_view keyword, const v1::Script& script) {
    put_line(fmt::format("{} {}", keyword, command_word(script)));
}

void LegacyText::open_block(std::string_view keyword, const std::vector<std::string>& words) {
    std::string header(keyword);
    for (const std::string& word : words) {
        std::string written = legacy_word(word);
        if (written.empty()) {
            problem(fmt::format("the name '{}' of a {} cannot be written", word, keyword));
            written = "\"\"";
        }
        header += ' ';
        header += written;
    }
    if (open_.empty() && !text_.empty()) text_ += '\n';
    put_line(header + " {");
    open_.push_back(std::move(header));
}

void LegacyText::close() {
    open_.pop_back();
    put_line("}");
}

}  // namespace holdfast::config
