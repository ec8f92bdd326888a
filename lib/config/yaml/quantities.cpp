#include "lib/config/yaml/quantities.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr std::array kTimes = {
    Unit{"us", 1},           Unit{"ms", 1000},          Unit{"s", kSecond},
    Unit{"m", 60 * kSecond}, Unit{"h", 3600 * kSecond}, Unit{"d", 86'400 * kSecond}};
constexpr std::array kSizes = {Unit{"B", 1},
                               Unit{"kB", 1000},
                               Unit{"KiB", 1024},
                               Unit{"MB", 1'000'000},
                               Unit{"MiB", 1024UL * 1024},
                               Unit{"GB", 1'000'000'000},
                               Unit{"GiB", 1024UL * 1024 * 1024}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// "1.5" times factor, exactly; nothing when it is no number, too large, or no whole number then.
std::optional<std::uint64_t> scaled(std::string_view number, std::uint64_t factor) {
    const std::size_t point = number.find('.');
    const std::string_view whole = number.substr(0, point);
    const auto units = core::parse_number<std::uint64_t>(whole);
    if (!units || *units > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
    std::uint64_t value = *units * factor;
    if (point == std::string_view::npos) return value;
    const std::string_view rest = number.substr(point + 1);
    if (!all_digits(rest)) return std::nullopt;
    for (const char digit : rest) {
        if (digit != '0' && (factor == 0 || factor % 10 != 0)) return std::nullopt;
        factor /= 10;
        value += static_cast<std::uint64_t>(digit - '0') * factor;
    }
    return value;
}

/// The sum of NUMBER UNIT pairs; nothing when a piece is none.
template <std::size_t Count>
std::optional<std::uint64_t> sum_of(std::string_view text, const std::array<Unit, Count>& units) {
    std::uint64_t sum = 0;
    while (!text.empty()) {
        const auto is_number = [](char c) { return is_digit(c) || c == '.'; };
        const auto number_end = std::ranges::find_if_not(text, is_number);
        const auto unit_end = std::find_if(number_end, text.end(), is_digit);
        const auto number_size = static_cast<std::size_t>(number_end - text.begin());
        const auto unit_size = static_cast<std::size_t>(unit_end - number_end);
        const std::string_view name = text.substr(number_size, unit_size);
        const auto unit = std::ranges::find(units, name, &Unit::name);
        if (unit == units.end()) return std::nullopt;
        const auto value = scaled(text.substr(0, number_size), unit->factor);
        if (!value || *value > std::numeric_limits<std::int64_t>::max() - sum) return std::nullopt;
        sum += *value;
        text.remove_prefix(number_size + unit_size);
    }
    return sum;
}

/// What keeps the node from being a number in base 10.
std::optional<Refusal> no_number(const Node& node) {
    const std::string_view text = node.text;
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    if (!all_digits(digits)) {
        Refusal refusal{fmt::format("\"{}\" is not a number", text), {}};
        if (digits.starts_with("0x") || digits.starts_with("0o")) {
            refusal.hint = "numbers are written in base 10";
        }
        return refusal;
    }
    if (node.quoted) {
        return Refusal{fmt::format("\"{}\" is a text, not a number", text),
                       fmt::format("write {} without quotes", text)};
    }
    if (digits.size() > 1 && digits.front() == '0') {
        return Refusal{
            fmt::format("{} begins with a zero, which YAML readers take for base 8", text),
            "write it without the zero"};
    }
    return std::nullopt;
}

template <class Number>
ReadValue<Number> number_between(const Node& node, Number min, Number max) {
    if (auto refusal = no_number(node)) return {std::nullopt, std::move(*refusal)};
    const auto value = core::parse_number<Number>(node.text);
    if (value && *value >= min && *value <= max) return {value, {}};
    return {std::nullopt, {fmt::format("{} is not between {} and {}", node.text, min, max), {}}};
}

}  // namespace

std::string number_text(double value) {
    return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

ReadValue<std::uint64_t> read_duration(std::string_view text, std::string_view unit) {
    if (!text.empty() && all_digits(text)) {
        return {std::nullopt,
                {fmt::format("{} has no unit", text), fmt::format("write {}{}", text, unit)}};
    }
    if (const auto time = text.empty() ? std::nullopt : sum_of(text, kTimes)) return {time, {}};
    Refusal refusal{fmt::format("\"{}\" is no duration", text), "250ms, 3s, 5m and 1h30m are"};
    if (scaled(text, kSecond)) {
        refusal = {fmt::format("{} has no unit", text), fmt::format("write {}{}", text, unit)};
    }
    return {std::nullopt, std::move(refusal)};
}

std::string duration_text(std::uint64_t microseconds) {
    if (microseconds == 0) return "0s";
    for (std::size_t i = kTimes.size(); i-- > 0;) {
        if (microseconds % kTimes[i].factor == 0) {
            return fmt::format("{}{}", microseconds / kTimes[i].factor, kTimes[i].name);
        }
    }
    return {};
}

ReadValue<std::uint64_t> read_size(std::string_view text) {
    if (all_digits(text)) {
        return {std::nullopt,
                {fmt::format("{} has no unit", text), fmt::format("write {}B", text)}};
    }
    if (const auto size = text.empty() ? std::nullopt : sum_of(text, kSizes)) return {size, {}};
    return {std::nullopt, {fmt::format("\"{}\" is no size", text), "512B, 64KiB and 1MB are"}};
}

std::string size_text(std::uint64_t octets) {
    for (const std::string_view name : {"GiB", "MiB", "KiB"}) {
        const std::uint64_t factor = std::ranges::find(kSizes, name, &Unit::name)->factor;
        if (octets != 0 && octets % factor == 0) return fmt::format("{}{}", octets / factor, name);
    }
    return fmt::format("{}B", octets);
}

ReadValue<std::int64_t> read_integer(const Node& node, std::int64_t min, std::int64_t max) {
    return number_between(node, min, max);
}

ReadValue<std::uint64_t> read_natural(const Node& node, std::uint64_t max) {
    return number_between<std::uint64_t>(node, 0, max);
}

}  // namespace holdfast::config::yaml
