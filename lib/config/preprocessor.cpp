#include "lib/config/preprocessor.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/lexer.hpp"
#include "lib/core/ids.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxLine = 1022;
constexpr std::size_t kMaxExpandedLine = 64UL * 1024;
constexpr unsigned kMaxExpansions = 10'000;  // in one line
constexpr unsigned kMaxExpansionDepth = 20;
// What the parameters of a line, and of all lines, may make on their way to the result.
constexpr std::size_t kMaxLineOctets = 4UL * 1024 * 1024;
constexpr std::uint64_t kMaxAllOctets = 1UL * 1024 * 1024 * 1024;
constexpr std::uint64_t kOctetsOfExpansion = 64;  // the time that one takes, as octets
constexpr std::size_t kMaxFrames = 1000;
constexpr IncludeChecks kAllChecks{true, true, true, true};

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_char(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}
/// End of the name that starts at `from`.
std::size_t name_end(std::string_view text, std::size_t from) {
    if (from >= text.size() || !is_name_start(text[from])) return from;
    while (from < text.size() && is_name_char(text[from])) ++from;
    return from;
}

/// `$NAME` or `${NAME}` at a dollar sign; without a name when it is neither.
Reference reference_at(std::string_view text, std::size_t dollar) {
    const bool braced = dollar + 1 < text.size() && text[dollar + 1] == '{';
    const std::size_t start = dollar + (braced ? 2 : 1);
    const std::size_t end = braced ? text.find('}', start) : name_end(text, start);
    const bool ends_well =
        braced ? end != std::string_view::npos
               : end > start && (end == text.size() || is_blank(text[end]) || text[end] == ')');
    if (!ends_well) return {};
    const std::size_t behind = braced ? end + 1 : end;
    return {text.substr(start, end - start), behind, without_blanks(text.substr(behind)).empty()};
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
    const std::size_t end = std::min(bytes.find('\n', frame.offset), bytes.size());
    std::string_view text = bytes.substr(frame.offset, end - frame.offset);
    const bool continued = frame.offset > 0 && bytes[frame.offset - 1] != '\n';
    if (!continued) ++frame.line;
    line.place = {{frame.file->trail, frame.line, 1}, text};
    line.first_column = 1;
    line.rewritten = false;
    frame.offset = end + 1;
    while (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (text.size() > kMaxLine) {
        report_.error(Complaint::general, "line_too_long", line.place,
                      fmt::format("a line may have {} octets; its first {} are ignored", kMaxLine,
                                  kMaxLine + 1));
        frame.offset -=
            end + 1 - (static_cast<std::size_t>(text.data() - bytes.data()) + kMaxLine + 1);
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
        const bool too_much = frames_.size() > kMaxFrames || all_octets_ > kMaxAllOctets;
        if (++lines_ > request_.max_lines || too_much) {
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
    if (id.empty() || (id == request_.config_id) == (from == 2)) return false;
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
        }
        if (!goes_on) break;
        // A line of blanks or with a comment alone is nothing; one without any octet is the end.
        bool nothing = true;
        while (nothing && raw_line(more)) {
            kept = std::string(without_blanks(without_comment(more.text, arena_)));
            nothing = kept.empty() && !more.text.empty();
        }
        if (nothing) break;
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
    bool changed = false;
    Lines rest;
    const std::string pattern = expanded(core::trim(text.substr(end)), 0, line, changed, rest);
    open_files(reader_.read_included(pattern, *checks | inherited, *frame->file, line.place),
               inherited);
    return true;
}

bool Preprocessor::take_repetition(const LogicalLine& line) {
    const std::string_view text = line.text;
    if (!starts_repetition(text)) return false;
    std::string problem;
    if (auto repetition = parse_repetition(text, problem)) {
        frames_.emplace_back(RepetitionFrame{std::move(*repetition), line.place});
    } else {
        report_.error(Complaint::general, "bad_sequence", line.place,
                      fmt::format("{} {}; the line is ignored", text.substr(0, 4), problem));
    }
    return true;
}

std::optional<std::string> Preprocessor::standard_value(std::string_view name) {
    if (name == "_INSTANCE") return request_.config_id;
    if (name == "_HASH") return "#";
    if (name == "_BANG") return "!";
    if (name == "_PWD") {
        const LoadedFile* file = current_file();
        return file != nullptr ? file->folder : request_.working_folder;
    }
    if (name.starts_with("_ENV ")) {
        const std::string variable(core::trim(name.substr(5)));
        return request_.host != nullptr ? request_.host->environment(variable) : std::string();
    }
    if (name != "_RANDOM" && !name.starts_with("_RANDOM ")) return std::nullopt;
    std::uint32_t low = 0;
    std::uint32_t high = 32767;
    unsigned position = 0;
    for (const std::string_view word : core::split(core::trim(name.substr(7)), ' ')) {
        if (const auto number = core::parse_number<std::uint32_t>(word)) {
            (position++ == 0 ? low : high) = *number;
        }
    }
    // Seeded by random_seed, else by the configuration id: other hosts draw other numbers, a reload
    // draws the same.
    random_state_ = random_state_ * 6364136223846793005U + 1442695040888963407U;
    if (high <= low) return fmt::format("{}", low);
    const std::uint64_t span = std::uint64_t{high} - low + 1;
    return fmt::format("{}", low + (random_state_ >> 33) % span);
}

/// The text that stands for a reference, and the further lines of its parameter; nothing when the
/// reference stays as it is.
std::optional<std::string> Preprocessor::value_of(const Reference& reference, unsigned depth,
                                                  bool& is_parameter, Lines& rest) {
    if (reference.name.empty()) return std::nullopt;
    const auto known = definitions_.find(std::string(reference.name));
    is_parameter = known != definitions_.end();
    if (!is_parameter) return standard_value(reference.name);
    const Lines& lines = known->second;
    if (lines->size() > 1) {
        if (depth > 0 || !reference.ends_line) return std::nullopt;
        rest = lines;
    }
    return lines->front();
}

bool Preprocessor::may_expand() {
    return ++expansions_ <= kMaxExpansions && line_octets_ <= kMaxLineOctets;
}

std::string Preprocessor::expanded(std::string_view text, unsigned depth, const LogicalLine& line,
                                   bool& changed, Lines& rest) {
    std::string out;
    std::size_t at = 0;
    while (true) {
        const std::size_t dollar = std::min(text.find('$', at), text.size());
        out.append(text, at, dollar - at);
        if (dollar >= text.size()) break;
        const Reference reference = reference_at(text, dollar);
        bool is_parameter = false;
        Lines more;
        const auto value = value_of(reference, depth, is_parameter, more);
        if (!value || !may_expand()) {
            out += '$';
            at = dollar + 1;
            continue;
        }
        changed = true;
        if (more) rest = more;
        if (depth < kMaxExpansionDepth && out.size() + value->size() < kMaxExpandedLine) {
            Lines ignored;
            out += is_parameter ? expanded(*value, depth + 1, line, changed, ignored) : *value;
        }
        at = reference.behind;
        if (out.size() > kMaxExpandedLine) {
            report_.error(Complaint::general, "line_too_long", line.place,
                          fmt::format("the parameters of this line expand to more than {} octets",
                                      kMaxExpandedLine));
            out.resize(kMaxExpandedLine);
            break;
        }
    }
    line_octets_ += out.size();
    return out;
}

bool Preprocessor::expand(LogicalLine& line) {
    bool changed = false;
    Lines rest;
    expansions_ = 0;
    line_octets_ = 0;
    const std::string text = expanded(line.text, 0, line, changed, rest);
    all_octets_ += line_octets_ + std::uint64_t{expansions_} * kOctetsOfExpansion;
    if (!changed) return false;
    if (expansions_ > kMaxExpansions || line_octets_ > kMaxLineOctets) {
        report_.error(Complaint::general, "too_many_expansions", line.place,
                      "the parameters of this line expand without end");
    }
    line.text = without_comment(arena_.copy(text), arena_);
    line.marks = marks_of(line.text);
    line.rewritten = true;
    trim_line(line);
    if (rest) frames_.emplace_back(TextFrame{rest, 1, line.place});
    return true;
}

/// Includes, conditions, definitions and repetitions in their order; false when one of them took
/// the line.
bool Preprocessor::passes_statements(LogicalLine& line) {
    switch (line.text.front()) {
        case 'i':
            return !take_include(line);
        case '@':
            if (!apply_condition(line)) return false;
            // What the condition governs may be one of the following, not a condition or include.
            return !take_definition(line) && !take_repetition(line);
        case '$':
            return !take_definition(line);
        case '~':
            return !take_repetition(line);
        default:
            return true;
    }
}

bool Preprocessor::next(LogicalLine& line) {
    for (const Arena::Mark before = arena_.mark(); raw_line(line); arena_.rewind(before)) {
        if ((line.marks & (mark::kComment | mark::kEscape)) != 0) {
            line.text = without_comment(line.text, arena_);
        }
        trim_line(line);
        if (line.text.empty() || !passes_statements(line)) continue;
        // What a parameter put at the start of the line counts as if it had been written there.
        if ((line.marks & mark::kDollar) != 0 && expand(line) &&
            (line.text.empty() || !passes_statements(line))) {
            continue;
        }
        if (line.text.front() == 'i' && take_include(line)) continue;
        if ((line.marks & mark::kQuote) != 0 && has_open_quote(line.text)) {
            report_.error(Complaint::quotes, "open_quote", line.place,
                          "a double quote is not closed; what follows it is ignored");
        }
        return true;
    }
    return false;
}

}  // namespace holdfast::config
