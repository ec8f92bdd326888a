#pragma once

#include <string>
#include <vector>

namespace holdfast::ctl {

/// Aligned columns for people: a header line (unless `legend` is off), two blanks between columns,
/// no boxes, no trailing blanks.
class Table {
  public:
    explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] std::string text(bool legend) const;
    [[nodiscard]] bool empty() const { return rows_.empty(); }

  private:
    std::vector<std::string> header_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace holdfast::ctl
