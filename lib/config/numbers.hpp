#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/address.hpp"

namespace holdfast::config {

/// A number as keepalived reads it. `problem` is empty when all is well. With trailing garbage
/// ("10x") the problem is said and the value is there as well: most keywords use it at run time.
template <class Value>
struct ReadNumber {
    std::optional<Value> value;
    std::string problem;
};

/// Base 10, optional sign, within [min, max].
[[nodiscard]] ReadNumber<std::int64_t> read_integer(std::string_view text, std::int64_t min,
                                                    std::int64_t max);

/// A decimal number of `unit_us` microseconds each, at most `decimals` digits after the point (more
/// are rounded, with a problem), within [min, max] units. The result is in microseconds.
[[nodiscard]] ReadNumber<std::uint64_t> read_decimal(std::string_view text, std::uint64_t unit_us,
                                                     unsigned decimals, double min, double max);

/// An address; text from the first `-` or `/` on is not looked at, as keepalived does it.
[[nodiscard]] std::optional<core::Address> read_address_prefix(std::string_view text);

/// true, on, yes; false, off, no; nothing for other words.
[[nodiscard]] std::optional<bool> read_bool(std::string_view text);

}  // namespace holdfast::config
