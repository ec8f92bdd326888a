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

/// A user or group behind a command, where single quotes mean something and a backslash keeps
/// itself; empty when it cannot be said.
std::string account_word(std::string_view name) {
    if (name.find('\\') != std::string_view::npos) return {};
    const std::string word = legacy_word(name);
    const bool bare = !word.empty() && word.front() != '"';
    return bare && name.find('\'') != std::string_view::npos ? fmt::format("\"{}\"", name) : word;
}

void append(const LegacyNode& node, std::size_t depth, std::string& text) {
    for (const std::string& comment : node.above) {
        text.append(kIndent * depth, ' ');
        text += comment.empty() ? "#\n" : "# " + comment + "\n";
    }
    text.append(kIndent * depth, ' ');
    text += node.keyword;
    if (!node.rest.empty()) {
        text += ' ';
        text += node.rest;
    }
    if (node.is_block) text += " {";
    if (!node.behind.empty()) text += "  # " + node.behind;
    text += '\n';
    if (!node.is_block) return;
    for (const LegacyNode& child : node.children) append(child, depth + 1, text);
    text.append(kIndent * depth, ' ');
    text += "}\n";
}

}  // namespace

std::string legacy_word(std::string_view word) {
    const bool impossible = word.find_first_of("\"\n") != std::string_view::npos ||
                            word.find('\0') != std::string_view::npos ||
                            names_standard_parameter(word);
    if (impossible) return {};
    return needs_quotes(word) ? fmt::format("\"{}\"", word) : std::string(word);
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

std::string legacy_text_of(const LegacyNode& node) {
    std::string text;
    append(node, 0, text);
    return text;
}

const google::protobuf::Message* LegacyText::set_holder(const google::protobuf::Message* holder) {
    if (!open_.empty() && open_.back().object == nullptr && open_.back().children.empty()) {
        open_.back().object = holder;
    }
    return std::exchange(holder_, holder);
}

void LegacyText::put(std::string keyword, std::string rest, bool is_block) {
    const std::size_t length = kIndent * open_.size() + keyword.size() + 1 + rest.size();
    if (length > kLongestLine) {
        problem(fmt::format("a line of {} octets is longer than keepalived reads ({})", length,
                            kLongestLine));
    }
    open_.push_back({std::move(keyword), std::move(rest), is_block, holder_, nullptr, {}, {}, {}});
    if (!is_block) end_node();
}

void LegacyText::end_node() {
    LegacyNode node = std::move(open_.back());
    open_.pop_back();
    if (!open_.empty()) {
        open_.back().children.push_back(std::move(node));
    } else if (sink_) {
        sink_(node);
    } else {
        if (node.is_block && !text_.empty()) text_ += '\n';
        append(node, 0, text_);
    }
}

void LegacyText::problem(std::string_view text) {
    std::string where;
    for (const LegacyNode& block : open_) {
        where += fmt::format("{}{}", where.empty() ? "" : " ", block.keyword);
        if (!block.rest.empty()) where += " " + block.rest;
    }
    problems_.push_back(where.empty() ? std::string(text) : fmt::format("{}: {}", where, text));
}

void LegacyText::statement_of(std::string_view keyword, const std::vector<std::string>& words) {
    std::string first = first_word(keyword);
    bool sayable = !first.empty();
    std::string rest;
    for (const std::string& word : words) {
        const std::string written = legacy_word(word);
        sayable = sayable && !written.empty();
        if (!rest.empty()) rest += ' ';
        rest += written;
    }
    if (sayable) {
        put(std::move(first), std::move(rest));
    } else {
        problem(
            fmt::format("{} cannot be written: a word of it holds a double quote, a line break "
                        "or a standard parameter",
                        keyword));
    }
}

void LegacyText::raw(std::string_view line) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    put(std::string(line.substr(0, end)), std::string(core::trim(line.substr(end))));
}

void LegacyText::command(std::string_view keyword, const v1::Script& script) {
    std::string rest = command_word(script);
    const bool has_group = script.has_user() && script.has_group();
    const std::string user = script.has_user() ? account_word(script.user()) : std::string();
    const std::string group = has_group ? account_word(script.group()) : std::string();
    if ((script.has_user() && user.empty()) || (has_group && group.empty())) {
        problem(fmt::format("the user or group of {} cannot be written", keyword));
    } else {
        if (script.has_user()) rest += ' ' + user;
        if (has_group) rest += ' ' + group;
    }
    put(std::string(keyword), std::move(rest));
}

void LegacyText::command_line(std::string_view keyword, const v1::Script& script) {
    put(std::string(keyword), command_word(script));
}

void LegacyText::open_block(std::string_view keyword, const std::vector<std::string>& words) {
    std::string rest;
    for (const std::string& word : words) {
        std::string written = legacy_word(word);
        if (written.empty()) {
            problem(fmt::format("the name '{}' of a {} cannot be written", word, keyword));
            written = "\"\"";
        }
        if (!rest.empty()) rest += ' ';
        rest += written;
    }
    put(std::string(keyword), std::move(rest), true);
}

void LegacyText::close() {
    end_node();
}

}  // namespace holdfast::config
