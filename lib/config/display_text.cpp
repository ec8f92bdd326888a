#include "lib/config/display_text.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "lib/core/utf8.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kTab = 8;

struct Range {
    char32_t first;
    char32_t last;
};
// Unicode's East Asian Width W and F, in the blocks that people write.
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf},
                           {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                           {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                           {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kWithoutWidth[] = {
    {0x300, 0x36f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};

bool lies_in(char32_t character, const Range* first, const Range* last) {
    return std::any_of(first, last, [&](const Range& range) {
        return character >= range.first && character <= range.last;
    });
}

std::size_t width_of(char32_t character) {
    if (character < 0x300) return 1;
    if (lies_in(character, std::begin(kWithoutWidth), std::end(kWithoutWidth))) return 0;
    return lies_in(character, std::begin(kWide), std::end(kWide)) ? 2 : 1;
}

Cell cell_of(const core::Utf8Character& character, std::string_view octets, std::size_t column) {
    if (!character.valid) return {std::string(core::kReplacementCharacter), 1, 0};
    if (character.value == '\t') {
        const std::size_t width = kTab - column % kTab;
        return {std::string(width, ' '), width, 0};
    }
    if (core::is_control(character.value)) {
        std::string text = fmt::format("\\x{:02x}", static_cast<unsigned>(character.value));
        const std::size_t width = text.size();
        return {std::move(text), width, 0};
    }
    return {std::string(octets), width_of(character.value), 0};
}

}  // namespace

std::vector<Cell> cells_of(std::string_view line) {
    std::vector<Cell> cells;
    std::size_t column = 0;
    for (std::size_t at = 0; at < line.size();) {
        const core::Utf8Character character = core::first_character(line.substr(at));
        Cell cell = cell_of(character, line.substr(at, character.octets), column);
        cell.octet = at;
        column += cell.width;
        at += character.octets;
        cells.push_back(std::move(cell));
    }
    return cells;
}

std::string printable(std::string_view text) {
    const auto harmless = [](char letter) { return letter >= ' ' && letter < '\x7f'; };
    if (std::all_of(text.begin(), text.end(), harmless)) return std::string(text);
    std::string out;
    for (const Cell& cell : cells_of(text)) out += cell.text;
    return out;
}

}  // namespace holdfast::config
