#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

/// Why a value is not taken, for a finding.
struct Refusal {
    std::string text;
    std::string hint;
};

template <class Value>
struct ReadValue {
    std::optional<Value> value;
    Refusal refusal;  // when there is none
};

/// "250ms", "3s", "1h30m", "0.5s", in microseconds. `unit` is what a bare number would have meant.
[[nodiscard]] ReadValue<std::uint64_t> read_duration(std::string_view text, std::string_view unit);
/// The shortest text of one number and one unit: "90s", "5m".
[[nodiscard]] std::string duration_text(std::uint64_t microseconds);

/// "512B", "64KiB", "1MB", in octets.
[[nodiscard]] ReadValue<std::uint64_t> read_size(std::string_view text);
[[nodiscard]] std::string size_text(std::uint64_t octets);

/// Base 10 without leading zeros; a quoted number is a text.
[[nodiscard]] ReadValue<std::int64_t> read_integer(const Node& node, std::int64_t min,
                                                   std::int64_t max);
/// The same for what needs all 64 bits.
[[nodiscard]] ReadValue<std::uint64_t> read_natural(const Node& node, std::uint64_t max);

/// A number as people write it in ranges: 3, 0.01.
[[nodiscard]] std::string number_text(double value);

}  // namespace holdfast::config::yaml
