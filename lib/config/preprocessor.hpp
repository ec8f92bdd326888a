#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "lib/config/diagnostics.hpp"
#include "lib/config/lexer.hpp"
#include "lib/config/load.hpp"
#include "lib/config/source.hpp"

namespace holdfast::config {

/// A line after comments, conditions, definitions, sequences, parameters and includes are done
/// with, without blanks at its ends. While nothing was replaced (`rewritten` false), text[i] stood
/// in column first_column + i. The text is part of the file or lies in the arena.
struct LogicalLine {
    std::string_view text;
    Place place;
    std::uint32_t first_column = 1;
    std::uint8_t marks = 0;  // lexer.hpp; what may stand in the text
    bool rewritten = false;
};

/// What `~SEQ(...)` or `~LST(...)` at the start of a line asks for: the text once for each round,
/// with the names set anew.
struct Repetition {
    std::vector<std::string> names;
    std::vector<std::vector<std::string>> tuples;  // of ~LST
    std::int64_t next = 0;                         // of ~SEQ
    std::int64_t step = 0;
    std::int64_t last = 0;
    bool hexadecimal = false;
    std::string text;
};
/// Nothing when the line is no such statement or is wrong; then `problem` says why.
[[nodiscard]] std::optional<Repetition> parse_repetition(std::string_view line,
                                                         std::string& problem);
[[nodiscard]] bool starts_repetition(std::string_view line);

/// End of the parameter's name that starts at `from`; `from` itself when none does.
[[nodiscard]] std::size_t name_end(std::string_view text, std::size_t from);

/// What a dollar sign refers to.
struct Reference {
    std::string_view name;  // empty: to nothing
    std::size_t behind = 0;
    bool ends_line = false;  // nothing but blanks follows
};

/// keepalived's preprocessor: turns files into logical lines, one at a time.
class Preprocessor {
  public:
    /// All three must outlive it; the lines' places are valid as long as it lives, their texts
    /// until the arena is reset.
    Preprocessor(const LoadRequest& request, FileAccess& files, Reporter& report);

    /// False at the end of the last file.
    bool next(LogicalLine& line);
    /// What stands behind a brace, from the octet `from` that is no blank, is a line of its own:
    /// false when it is one for the preprocessor and nothing of it is left.
    bool settle_rest(LogicalLine& line, std::size_t from);
    Arena& arena() { return arena_; }
    /// `include_check` with these words: for the includes that follow in the file being read, and
    /// in those that it includes.
    void change_include_checks(const Words& words);
    /// `random_seed`: what ${_RANDOM} gives from the next line on depends on this number alone.
    void seed_random(std::string_view number);

  private:
    struct FileFrame {
        const LoadedFile* file = nullptr;
        std::size_t offset = 0;
        std::uint32_t line = 0;
        IncludeChecks checks;  // of every include statement in it
    };
    struct TextFrame {  // the further lines of a multi-line parameter
        std::shared_ptr<const std::vector<std::string>> lines;
        std::size_t next = 0;
        Place place;
    };
    struct RepetitionFrame {
        Repetition repetition;
        Place place;
    };
    using Frame = std::variant<FileFrame, TextFrame, RepetitionFrame>;
    using Lines = std::shared_ptr<const std::vector<std::string>>;

    bool raw_line(LogicalLine& line);
    bool raw_line_of(FileFrame& frame, LogicalLine& line);
    bool raw_line_of(TextFrame& frame, LogicalLine& line);
    bool raw_line_of(RepetitionFrame& frame, LogicalLine& line);
    void take_text(LogicalLine& line, std::string_view text, const Place& place);
    void define(std::string_view name, std::string_view value);
    bool take_definition(const LogicalLine& line);
    bool take_include(const LogicalLine& line);
    bool take_repetition(const LogicalLine& line);
    bool apply_condition(LogicalLine& line) const;
    bool passes_statements(LogicalLine& line);
    void open_files(const LoadedFiles& files, const IncludeChecks& checks);
    bool settle(LogicalLine& line);
    /// False when nothing was replaced.
    bool expand(LogicalLine& line);
    bool expand_numbers(std::string& text, const Place& place);
    std::string replaced(std::string_view text, const Place& place, bool& changed, Lines& rest);
    std::optional<std::string> value_of(const Reference& reference, const Place& place,
                                        Lines& rest);
    [[nodiscard]] bool within_bounds(std::string_view text) const;
    std::optional<std::string> standard_value(std::string_view name, const Place& place);
    std::string random_number(std::string_view bounds, const Place& place);
    [[nodiscard]] FileFrame* current_frame();
    [[nodiscard]] const LoadedFile* current_file();

    static constexpr std::uint64_t kOctetsOfExpansion = 64;  // the time that one takes, as octets

    const LoadRequest& request_;
    Reporter& report_;
    FileReader reader_;
    const LoadedFile* last_opened_ = nullptr;
    Arena arena_;
    std::vector<Frame> frames_;
    std::unordered_map<std::string, Lines> definitions_;
    std::uint64_t random_state_;
    std::uint64_t made_lines_ = 0;  // by sequences and parameters
    std::uint64_t all_octets_ = 0;
    std::size_t line_octets_ = 0;  // made by the parameters of this line
    unsigned expansions_ = 0;      // in this line
};

}  // namespace holdfast::config
