#include "lib/config/preprocessor.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/lexer.hpp"
#include "lib/core/ids.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxLine = 1022;
constexpr std::size_t kMaxDefinitions = 200'000;
// What the parameters of all lines may make on their way to the result.
constexpr std::uint64_t kMaxAllOctets = 1UL * 1024 * 1024 * 1024;
constexpr std::size_t kMaxFrames = 1000;
constexpr IncludeChecks kAllChecks{true, true, true, true};

/// A line that begins so may be one for the preprocessor.
bool may_be_statement(char first) {
    return first == '@' || first == '$' || first == '~' || first == 'i';
}

/// Where the line that starts at `from` ends. Only so far is it looked for that a file without
/// lines takes time in proportion to its size; carriage returns at the end do not count as its
/// length.
std::size_t line_end(std::string_view bytes, std::size_t from) {
    constexpr std::size_t kWindow = 16 * kMaxLine;
    const std::size_t behind = std::min(bytes.size(), from + kWindow);
    return std::min(bytes.substr(0, behind).find('\n', from), behind);
}

/// Takes blanks off both ends; what remains keeps its columns.
void trim_line(LogicalLine& line) {
    std::size_t blanks = 0;
    while (blanks < line.text.size() && is_blank(line.text[blanks])) ++blanks;
    line.text.remove_prefix(blanks);
    while (!line.text.empty() && is_blank(line.text.back())) line.text.remove_suffix(1);
    if (line.rewritten) return;
    line.first_column += static_cast<std::uint32_t>(blanks);
    line.place.at.column = line.first_column;
}

}  // namespace

Preprocessor::Preprocessor(const LoadRequest& request, FileAccess& files, Reporter& report)
    : request_(request),
      report_(report),
      reader_(files, report),
      random_state_(core::object_id("random", request.config_id).value) {
    open_files(reader_.read_main(request.file, request.all_include_checks),
               request.all_include_checks ? kAllChecks : IncludeChecks{});
}

void Preprocessor::open_files(const LoadedFiles& files, const IncludeChecks& checks) {
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
        last_opened_ = *file;
        frames_.emplace_back(FileFrame{.file = *file, .checks = checks});
    }
}

Preprocessor::FileFrame* Preprocessor::current_frame() {
    for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
        if (auto* file = std::get_if<FileFrame>(&*frame)) return file;
    }
    return nullptr;
}

const LoadedFile* Preprocessor::current_file() {
    const FileFrame* frame = current_frame();
    return frame != nullptr ? frame->file : last_opened_;
}

void Preprocessor::change_include_checks(const Words& words) {
    FileFrame* frame = current_frame();
    if (frame == nullptr || request_.all_include_checks) return;
    frame->checks = changed_checks(frame->checks, words);
}

void Preprocessor::seed_random(std::string_view number) {
    if (const auto seed = core::parse_number<std::uint32_t>(number)) random_state_ = *seed;
}

bool Preprocessor::raw_line_of(FileFrame& frame, LogicalLine& line) {
    const std::string_view bytes = frame.file->bytes;
    if (frame.offset >= bytes.size()) return false;
    const std::size_t end = line_end(bytes, frame.offset);
    std::string_view text = bytes.substr(frame.offset, end - frame.offset);
    const bool continued = frame.offset > 0 && bytes[frame.offset - 1] != '\n';
    if (!continued) ++frame.line;
    line.place = {{frame.file->trail, frame.line, 1}, text};
    line.first_column = 1;
    line.rewritten = false;
    frame.offset = end < bytes.size() && bytes[end] == '\n' ? end + 1 : end;
    while (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (text.size() > kMaxLine) {
        report_.error(Complaint::general, "line_too_long", line.place,
                      fmt::format("a line may have {} octets; its first {} are ignored", kMaxLine,
                                  kMaxLine + 1));
        frame.offset = static_cast<std::size_t>(text.data() - bytes.data()) + kMaxLine + 1;
        text = {};
    }
    line.marks = marks_of(text);
    if ((line.marks & mark::kNul) != 0) {
        report_.error(Complaint::general, "nul_octet", line.place,
                      "the line holds a NUL octet and is ignored");
        text = {};
    }
    line.text = text;
    return true;
}

void Preprocessor::take_text(LogicalLine& line, std::string_view text, const Place& place) {
    line.text = arena_.copy(text);
    line.place = place;
    line.first_column = place.at.column;
    line.marks = marks_of(text);
    line.rewritten = true;
}

bool Preprocessor::raw_line_of(TextFrame& frame, LogicalLine& line) {
    if (frame.next >= frame.lines->size()) return false;
    take_text(line, (*frame.lines)[frame.next++], frame.place);
    return true;
}

bool Preprocessor::raw_line_of(RepetitionFrame& frame, LogicalLine& line) {
    Repetition& repetition = frame.repetition;
    if (!repetition.tuples.empty()) {
        const auto round = static_cast<std::size_t>(repetition.next);
        if (round >= repetition.tuples.size()) return false;
        for (std::size_t i = 0; i < repetition.names.size(); ++i) {
            define(repetition.names[i], repetition.tuples[round][i]);
        }
        ++repetition.next;
    } else {
        const bool over = repetition.step > 0 ? repetition.next > repetition.last
                                              : repetition.next < repetition.last;
        if (over || repetition.step == 0) return false;
        define(repetition.names.front(), repetition.hexadecimal
                                             ? fmt::format("{:x}", repetition.next)
                                             : fmt::format("{}", repetition.next));
        // The last round must not step over the end of the numbers.
        if (__builtin_add_overflow(repetition.next, repetition.step, &repetition.next)) {
            repetition.step = 0;
        }
    }
    take_text(line, repetition.text, frame.place);
    return true;
}

bool Preprocessor::raw_line(LogicalLine& line) {
    while (!frames_.empty()) {
        if (!std::holds_alternative<FileFrame>(frames_.back())) ++made_lines_;
        const bool too_much = frames_.size() > kMaxFrames || all_octets_ > kMaxAllOctets ||
                              definitions_.size() > kMaxDefinitions;
        if (made_lines_ > request_.max_lines || too_much) {
            report_.fatal(Complaint::general, "too_many_lines", line.place,
                          "parameters and sequences expand without end");
            frames_.clear();
            return false;
        }
        const bool got =
            std::visit([&](auto& frame) { return raw_line_of(frame, line); }, frames_.back());
        if (got) return true;
        frames_.pop_back();
    }
    return false;
}

void Preprocessor::define(std::string_view name, std::string_view value) {
    definitions_[std::string(name)] =
        std::make_shared<const std::vector<std::string>>(1, std::string(value));
}

bool Preprocessor::apply_condition(LogicalLine& line) const {
    if (line.text.empty() || line.text.front() != '@') return true;
    const std::size_t from = line.text.starts_with("@^") ? 2 : 1;
    const std::size_t end = std::min(line.text.find_first_of(" \t", from), line.text.size());
    const std::string_view id = line.text.substr(from, end - from);
    if (id.empty() ? from == 1 : (id == request_.config_id) == (from == 2)) return false;
    line.text.remove_prefix(end);
    line.first_column += static_cast<std::uint32_t>(line.rewritten ? 0 : end);
    trim_line(line);
    return !line.text.empty();
}

bool Preprocessor::take_definition(const LogicalLine& line) {
    const std::string_view text = line.text;
    if (text.empty() || text.front() != '$') return false;
    const std::size_t end = name_end(text, 1);
    if (end == 1 || end >= text.size() || text[end] != '=') return false;
    const std::string name(text.substr(1, end - 1));
    std::string_view value = core::trim(text.substr(end + 1));
    if (!value.ends_with('\\')) {
        define(name, value);
        return true;
    }
    auto lines = std::make_shared<std::vector<std::string>>();
    std::string kept(value);
    LogicalLine more;
    while (true) {
        const bool goes_on = kept.ends_with('\\');
        if (goes_on) kept.pop_back();
        if (const std::string_view trimmed = core::trim(kept); !trimmed.empty()) {
            lines->emplace_back(trimmed);
            all_octets_ += trimmed.size() + kOctetsOfExpansion;
        }
        if (!goes_on || !raw_line(more)) break;
        kept = std::string(without_blanks(without_comment(more.text, arena_)));
    }
    if (lines->empty()) lines->emplace_back();
    definitions_[name] = std::move(lines);
    return true;
}

bool Preprocessor::take_include(const LogicalLine& line) {
    const std::string_view text = line.text;
    if (!text.starts_with("include")) return false;
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const IncludeChecks* checks = include_checks_of(text.substr(0, end));
    if (checks == nullptr || end == text.size()) return false;
    const FileFrame* frame = current_frame();
    if (frame == nullptr) return true;
    const IncludeChecks inherited = frame->checks;
    const std::string pattern(core::trim(text.substr(end)));
    open_files(reader_.read_included(pattern, *checks | inherited, *frame->file, line.place),
               inherited);
    return true;
}

bool Preprocessor::take_repetition(const LogicalLine& line) {
    std::string text(line.text);
    if (!starts_repetition(text)) return false;
    std::string problem;
    if (text.starts_with("~SEQ") && !expand_numbers(text, line.place)) {
        problem = "has parameters that expand without end";
    } else if (auto repetition = parse_repetition(text, problem)) {
        frames_.emplace_back(RepetitionFrame{std::move(*repetition), line.place});
        return true;
    }
    report_.error(Complaint::general, "bad_sequence", line.place,
                  fmt::format("{} {}; the line is ignored", text.substr(0, 4), problem));
    return true;
}

/// Parameters between the parentheses of ~SEQ; those behind them wait for their round.
bool Preprocessor::expand_numbers(std::string& text, const Place& place) {
    std::size_t end = text.find(')');
    bool changed = true;
    while (changed && end != std::string::npos) {
        changed = false;
        Lines rest;
        std::string head = replaced(text.substr(0, end), place, changed, rest);
        if (rest || !within_bounds(head)) return false;
        if (!changed) break;
        text.replace(0, end, head);
        end = text.find(')');
    }
    return true;
}

/// Conditions, definitions and repetitions in their order; false when one of them took
/// the line.
bool Preprocessor::passes_statements(LogicalLine& line) {
    switch (line.text.front()) {
        case '@':
            if (!apply_condition(line)) return false;
            // What the condition governs may be one of the following, not a condition.
            return !take_definition(line) && !take_repetition(line);
        case '$':
            return !take_definition(line);
        case '~':
            return !take_repetition(line);
        default:
            return true;
    }
}

/// False when the preprocessor keeps the line. What a parameter puts at the start of a line counts
/// as if it had been written there, so all begins anew when one was replaced.
bool Preprocessor::settle(LogicalLine& line) {
    expansions_ = 0;
    line_octets_ = 0;
    do {
        trim_line(line);
        if (line.text.empty() || !passes_statements(line)) return false;
    } while ((line.marks & mark::kDollar) != 0 && expand(line));
    return line.text.front() != 'i' || !take_include(line);
}

bool Preprocessor::settle_rest(LogicalLine& line, std::size_t from) {
    const bool settled = !may_be_statement(line.text[from]) && (line.marks & mark::kDollar) == 0;
    line.first_column += static_cast<std::uint32_t>(line.rewritten ? 0 : from);
    line.text.remove_prefix(from);
    return settled || settle(line);
}

bool Preprocessor::next(LogicalLine& line) {
    for (const Arena::Mark before = arena_.mark(); raw_line(line); arena_.rewind(before)) {
        if ((line.marks & (mark::kComment | mark::kEscape)) != 0) {
            line.text = without_comment(line.text, arena_);
        }
        if (!settle(line)) continue;
        if ((line.marks & mark::kQuote) != 0 && has_open_quote(line.text)) {
            report_.error(Complaint::quotes, "open_quote", line.place,
                          "a double quote is not closed; what follows it is ignored");
        }
        return true;
    }
    return false;
}

}  // namespace holdfast::config
