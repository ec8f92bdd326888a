// ~SEQ, ~SEQx and ~LST.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "lib/config/preprocessor.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

bool is_name(std::string_view text) {
    if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
    for (const char c : text) {
        const bool fits =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!fits) return false;
    }
    return true;
}

/// Splits at commas that stand in no braces.
std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> parts;
    std::size_t from = 0;
    int depth = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '{') ++depth;
        if (i < text.size() && text[i] == '}') --depth;
        if (i == text.size() || (text[i] == ',' && depth == 0)) {
            parts.push_back(core::trim(text.substr(from, i - from)));
            from = i + 1;
        }
    }
    return parts;
}

/// "{a, b}" -> a, b; anything else is a list of one.
std::vector<std::string> tuple_of(std::string_view text) {
    if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
        text = text.substr(1, text.size() - 2);
        std::vector<std::string> values;
        for (const std::string_view part : core::split(text, ',')) {
            values.emplace_back(core::trim(part));
        }
        return values;
    }
    return {std::string(text)};
}

bool has_blank(std::string_view value) {
    return value.find_first_of(" \t") != std::string_view::npos;
}

/// A number with C's prefixes.
std::optional<std::int64_t> c_number(std::string_view text) {
    const std::string terminated(text);
    char* end = nullptr;
    errno = 0;
    const std::int64_t value = std::strtoll(terminated.c_str(), &end, 0);
    if (errno != 0 || terminated.empty() || *end != '\0') return std::nullopt;
    return value;
}

bool fill_sequence(const std::vector<std::string_view>& words, Repetition& made,
                   std::string& problem) {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto number = c_number(words[i]);
        if (!number || (made.hexadecimal && *number < 0)) {
            problem = "wants whole numbers";
            return false;
        }
        numbers.push_back(*number);
    }
    if (numbers.empty() || numbers.size() > 3) {
        problem = "wants a name and one to three numbers";
        return false;
    }
    made.last = numbers.back();
    const bool only_last = numbers.size() == 1;
    made.next = only_last ? (made.last < 0 ? -1 : 1) : numbers.front();
    made.step = numbers.size() == 3 ? numbers[1] : (made.next > made.last ? -1 : 1);
    const bool wrong_way = made.step > 0 ? made.next > made.last : made.next < made.last;
    if (made.step == 0 || wrong_way) {
        problem = "never reaches its last number";
        return false;
    }
    return true;
}

bool fill_list(const std::vector<std::string_view>& words, Repetition& made, std::string& problem) {
    if (words.size() < 2) {
        problem = "wants at least one value";
        return false;
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::vector<std::string> tuple = tuple_of(words[i]);
        if (tuple.size() > made.names.size()) {
            problem = "has more values than names";
            return false;
        }
        if (std::ranges::any_of(tuple, has_blank)) {
            problem = "has a blank in a value";
            return false;
        }
        tuple.resize(made.names.size());
        made.tuples.push_back(std::move(tuple));
    }
    return true;
}

}  // namespace

bool starts_repetition(std::string_view line) {
    return line.starts_with("~SEQ") || line.starts_with("~LST");
}

std::optional<Repetition> parse_repetition(std::string_view line, std::string& problem) {
    Repetition made;
    const bool is_list = line.starts_with("~LST");
    std::size_t at = 4;
    if (!is_list && at < line.size() && line[at] == 'x') {
        made.hexadecimal = true;
        ++at;
    }
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
    const std::size_t end = line.find(')', at);
    if (at >= line.size() || line[at] != '(' || end == std::string_view::npos) {
        problem = "wants its values in parentheses";
        return std::nullopt;
    }
    const auto words = split_list(line.substr(at + 1, end - at - 1));
    made.text = std::string(core::trim(line.substr(end + 1)));
    made.names = is_list ? tuple_of(words.front()) : std::vector{std::string(words.front())};
    for (const std::string& name : made.names) {
        if (!is_name(name)) {
            problem = "wants a name first";
            return std::nullopt;
        }
    }
    const bool filled =
        is_list ? fill_list(words, made, problem) : fill_sequence(words, made, problem);
    if (!filled) return std::nullopt;
    return made;
}

}  // namespace holdfast::config
