#include "lib/config/yaml/emitter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "lib/core/utf8.hpp"

namespace holdfast::config::yaml {

namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kWidth = 90;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The code point at `at`, which moves behind it; nothing for broken UTF-8.
std::optional<char32_t> code_point(std::string_view text, std::size_t& at) {
    const core::Utf8Character character = core::first_character(text.substr(at));
    if (!character.valid) return std::nullopt;
    at += character.octets;
    return character.value;
}

/// What must be written as an escape: controls, and what readers take for the end of a line.
bool needs_escape(char32_t c) {
    return core::is_control(c) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           (c & 0xfffeU) == 0xfffe;
}

/// Words that some reader takes for no text: YAML 1.1 knows more of them than 1.2.
bool is_special_word(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    static constexpr std::array<std::string_view, 13> kWords = {
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<"};
    return std::ranges::find(kWords, lower) != kWords.end();
}

/// Anything that begins like a number may be one to some reader: 010, 1e3, 0x1f, 12:30, 1_000.
bool may_be_number(std::string_view text) {
    std::string_view rest = text;
    if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
    if (rest.starts_with('.')) rest.remove_prefix(1);
    if (rest.empty()) return true;
    if (is_digit(rest.front())) {
        static constexpr std::string_view kLetters = "0123456789abcdefABCDEFxXo_.:+-TtZz ";
        return rest.find_first_not_of(kLetters) == std::string_view::npos;
    }
    return rest == "inf" || rest == "Inf" || rest == "INF" || rest == "nan" || rest == "NaN" ||
           rest == "NAN";
}

/// True when the characters mean nothing to any reader wherever the scalar stands.
bool is_plain(std::string_view text) {
    static constexpr std::string_view kInside = "_-./+@%=~^()$;<>*?&!|\\";
    static constexpr std::string_view kFirst = "_/+.$^(;\\";
    const auto is_word = [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    if (text.empty() || text.back() == ' ' || text.starts_with("...")) return false;
    const char first = text.front();
    const bool sign = first == '-' && text.size() > 1 && is_word(text[1]);
    if (!is_word(first) && !sign && kFirst.find(first) == std::string_view::npos) return false;
    return std::ranges::all_of(text.substr(1), [&](char c) {
        return is_word(c) || c == ' ' || kInside.find(c) != std::string_view::npos;
    });
}

bool has_escapes(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto c = code_point(text, at);
        if (!c || needs_escape(*c)) return true;
    }
    return false;
}

std::string double_quoted(std::string_view text) {
    std::string out = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t from = at;
        const auto c = code_point(text, at);
        if (!c) break;
        if (*c == '"' || *c == '\\') {
            out += '\\';
            out += static_cast<char>(*c);
        } else if (*c == '\n' || *c == '\t') {
            out += *c == '\n' ? "\\n" : "\\t";
        } else if (needs_escape(*c)) {
            const auto value = static_cast<std::uint32_t>(*c);
            out +=
                value > 0xffff ? fmt::format("\\U{:08x}", value) : fmt::format("\\u{:04x}", value);
        } else {
            out += text.substr(from, at - from);
        }
    }
    return out + "\"";
}

/// A value that is not a text keeps its meaning without quotes.
std::string value_text(const Node& node) {
    if (node.is_null()) return "null";
    if (node.quoted) return scalar_text(node.text);
    const bool is_value = node.text == "true" || node.text == "false" || may_be_number(node.text);
    const bool plain = is_plain(node.text) && !has_escapes(node.text);
    if (is_value ? plain : plain && !is_special_word(node.text)) return node.text;
    return double_quoted(node.text);
}

/// A list of values or a map of values, in one line if it is short.
bool is_flat(const Node& node) {
    const auto is_value = [](const Node& inner) { return inner.is_scalar() || inner.is_null(); };
    if (node.is_list()) return std::ranges::all_of(node.items, is_value);
    return node.is_map() && std::ranges::all_of(node.entries, [&](const Entry& entry) {
               return is_value(entry.value);
           });
}

class Printer {
  public:
    void map(const std::vector<Line>& lines, std::size_t depth) {
        for (const Line& line : lines) entry(line, depth);
    }
    std::string take() { return std::move(text_); }

  private:
    void indent(std::size_t depth) { text_.append(kIndent * depth, ' '); }

    void comments(const Line& line, std::size_t depth) {
        for (const std::string& comment : line.above) {
            indent(depth);
            text_ += comment.empty() ? "#" : "# " + comment;
            text_ += '\n';
        }
    }
    void end_line(const Line& line) {
        if (!line.behind.empty()) text_ += "  # " + line.behind;
        text_ += '\n';
    }

    void entry(const Line& line, std::size_t depth) {
        comments(line, depth);
        indent(depth);
        head(line, depth);
    }

    /// The key, or the dash of a list, and what follows it.
    void head(const Line& line, std::size_t depth) {
        text_ += line.in_list ? "-" : scalar_text(line.key) + ":";
        switch (line.kind) {
            case Line::Kind::value:
                value(line, depth);
                break;
            case Line::Kind::list:
                end_line(line);
                map(line.children, depth + 1);
                break;
            case Line::Kind::map:
                if (line.children.empty()) {
                    text_ += " {}";
                    end_line(line);
                } else if (line.in_list) {
                    list_map(line, depth);
                } else {
                    end_line(line);
                    map(line.children, depth + 1);
                }
                break;
        }
    }

    /// `- key: value`, and the further keys below the first.
    void list_map(const Line& line, std::size_t depth) {
        if (!line.behind.empty() || !line.children.front().above.empty()) {
            end_line(line);
            map(line.children, depth + 1);
            return;
        }
        text_ += ' ';
        head(line.children.front(), depth + 1);
        for (std::size_t i = 1; i < line.children.size(); ++i) entry(line.children[i], depth + 1);
    }

    void value(const Line& line, std::size_t depth) {
        const std::size_t used = text_.size() - (text_.rfind('\n') + 1);
        if (line.value.is_scalar() || line.value.is_null() || is_flat(line.value)) {
            const std::string text = inline_text(line.value);
            const bool fits = !line.value.is_list() || used + text.size() < kWidth;
            if (fits) {
                text_ += ' ' + text;
                end_line(line);
                return;
            }
        }
        end_line(line);
        node(line.value, depth + 1);
    }

    void node(const Node& value, std::size_t depth) {
        for (const Entry& entry : value.entries) {
            indent(depth);
            text_ += scalar_text(entry.key) + ":";
            nested(entry.value, depth);
        }
        for (const Node& item : value.items) {
            indent(depth);
            text_ += '-';
            nested(item, depth);
        }
    }
    void nested(const Node& value, std::size_t depth) {
        if (value.is_scalar() || value.is_null() || is_flat(value)) {
            text_ += ' ' + inline_text(value) + '\n';
        } else {
            text_ += '\n';
            node(value, depth + 1);
        }
    }

    std::string text_;
};

}  // namespace

bool is_sayable(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (!code_point(text, at)) return false;
    }
    return true;
}

std::string scalar_text(std::string_view text) {
    const bool plain =
        is_plain(text) && !is_special_word(text) && !may_be_number(text) && !has_escapes(text);
    return plain ? std::string(text) : double_quoted(text);
}

std::string inline_text(const Node& node) {
    if (node.is_scalar() || node.is_null()) return value_text(node);
    std::string text;
    const auto add = [&](const std::string& part) {
        if (!text.empty()) text += ", ";
        text += part;
    };
    for (const Node& item : node.items) add(inline_text(item));
    for (const Entry& entry : node.entries) {
        add(scalar_text(entry.key) + ": " + inline_text(entry.value));
    }
    return node.is_list() ? "[" + text + "]" : "{" + text + "}";
}

std::string text_of(const std::vector<Line>& lines) {
    Printer printer;
    printer.map(lines, 0);
    return printer.take();
}

}  // namespace holdfast::config::yaml
