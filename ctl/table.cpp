#include "ctl/table.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast::ctl {

std::string Table::text(bool legend) const {
    std::vector<std::size_t> widths(header_.size());
    const auto widen = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    };
    if (legend) widen(header_);
    std::ranges::for_each(rows_, widen);

    std::string out;
    const auto print = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += fmt::format("{:<{}}  ", row[i], i < widths.size() ? widths[i] : 0);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    if (legend) print(header_);
    std::ranges::for_each(rows_, print);
    return out;
}

}  // namespace holdfast::ctl
