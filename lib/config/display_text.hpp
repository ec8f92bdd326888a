#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

/// One character as a terminal shows it: `text` is safe to print, and takes `width` columns there.
struct Cell {
    std::string text;
    std::size_t width = 0;
    std::size_t octet = 0;  // where it begins in the line
};

/// The characters of a line: tabs are blanks up to the next multiple of 8, control characters are
/// spelt out (`\x1b`), what is no UTF-8 is U+FFFD, Chinese characters are two columns wide and
/// combining ones none.
[[nodiscard]] std::vector<Cell> cells_of(std::string_view line);

/// The text with control characters spelt out: what a file holds must not drive a terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace holdfast::config
