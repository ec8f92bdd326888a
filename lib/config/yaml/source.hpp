#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/diagnostics.hpp"

namespace holdfast::config::yaml {

/// A file as it was read: UTF-8 without byte order mark, lines that end in \n. It stays where it is
/// while anything refers to it, and so do the octets it was made of.
class Source {
  public:
    /// Complains about octets that no YAML text has (NUL, broken UTF-8, a tab that indents); what
    /// can be read nevertheless is read.
    Source(const FileTrail* trail, std::string_view bytes, Reporter& report);

    [[nodiscard]] const FileTrail* trail() const { return trail_; }
    [[nodiscard]] std::string_view text() const { return text_; }
    /// The line without its end; empty for a number that no line has. Lines count from 1.
    [[nodiscard]] std::string_view line(std::uint32_t number) const;
    [[nodiscard]] Place place(std::uint32_t line, std::uint32_t column) const;
    /// False when the text is not worth parsing.
    [[nodiscard]] bool readable() const { return readable_; }
    /// The folder that relative names in this file start from.
    [[nodiscard]] std::string folder() const;

  private:
    void normalise();
    void check(Reporter& report);
    void complain(Reporter& report, std::size_t offset, std::string text);

    const FileTrail* trail_;
    std::string_view text_;
    std::string changed_;  // the text, when it is not as it was read
    std::vector<std::size_t> starts_;
    bool readable_ = true;
};

/// A place in a source; a node that was made up has none.
struct Mark {
    const Source* source = nullptr;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    [[nodiscard]] Place place() const {
        return source != nullptr ? source->place(line, column) : Place{};
    }
    friend auto operator<=>(const Mark&, const Mark&) = default;
};

}  // namespace holdfast::config::yaml
