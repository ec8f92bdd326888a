#include "lib/config/numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace holdfast::config {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Blanks within quotes: those in front of a number do no harm, those behind it are garbage.
std::string_view without_leading_blanks(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::string number_text(double value) {
    return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

}  // namespace

ReadNumber<std::int64_t> read_integer(std::string_view text, std::int64_t min, std::int64_t max) {
    std::string_view digits = without_leading_blanks(text);
    if (digits.starts_with("+") && !digits.starts_with("+-")) digits.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure == std::errc::invalid_argument) {
        return {std::nullopt, fmt::format("'{}' is not a number", text)};
    }
    if (failure != std::errc{} || value < min || value > max) {
        return {std::nullopt, fmt::format("{} is not between {} and {}", text, min, max)};
    }
    if (end != digits.data() + digits.size()) {
        return {value, fmt::format("'{}' is not a number", text)};
    }
    return {value, {}};
}

ReadNumber<std::uint64_t> read_decimal(std::string_view text, std::uint64_t unit_us,
                                       unsigned decimals, double min, double max) {
    std::string_view trimmed = without_leading_blanks(text);
    if (trimmed.starts_with('+')) trimmed.remove_prefix(1);
    std::size_t at = 0;
    while (at < trimmed.size() && is_digit(trimmed[at])) ++at;
    std::size_t end = at;
    if (end < trimmed.size() && trimmed[end] == '.') {
        ++end;
        while (end < trimmed.size() && is_digit(trimmed[end])) ++end;
    }
    if (std::uint64_t whole = 0; end == trimmed.size() && end == at && end > 0 && end < 12) {
        // Nearly all times are whole numbers.
        std::from_chars(trimmed.data(), trimmed.data() + end, whole);
        const auto units = static_cast<double>(whole);
        if (units >= min && units <= max) return {whole * unit_us, {}};
    }
    double value = 0;
    const auto [stop, failure] = std::from_chars(trimmed.data(), trimmed.data() + end, value);
    if (failure != std::errc{} || end == 0 || stop != trimmed.data() + end) {
        return {std::nullopt, fmt::format("'{}' is not a number", text)};
    }
    if (value < min || value > max) {
        return {std::nullopt, fmt::format("{} is not between {} and {}", text, number_text(min),
                                          number_text(max))};
    }
    const std::size_t places = end > at ? end - at - 1 : 0;
    const double scale = std::pow(10.0, decimals);
    const double rounded = std::round(value * scale) / scale;
    const auto us =
        static_cast<std::uint64_t>(std::llround(rounded * static_cast<double>(unit_us)));
    if (end != trimmed.size()) return {us, fmt::format("'{}' is not a number", text)};
    if (places > decimals) {
        return {us, fmt::format("{} has more than {} digits after the point", text, decimals)};
    }
    return {us, {}};
}

std::optional<core::Address> read_address_prefix(std::string_view text) {
    return core::Address::from_text(text.substr(0, text.find_first_of("-/")));
}

std::optional<bool> read_bool(std::string_view text) {
    if (text == "true" || text == "on" || text == "yes") return true;
    if (text == "false" || text == "off" || text == "no") return false;
    return std::nullopt;
}

}  // namespace holdfast::config
