// Parameters: what `$NAME` and `${NAME}` stand for.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/config/preprocessor.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxExpandedLine = 64UL * 1024;
constexpr unsigned kMaxExpansions = 10'000;                // in one line
constexpr std::size_t kMaxLineOctets = 4UL * 1024 * 1024;  // made on the way to one line

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_char(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}
/// `$NAME` or `${NAME}` at a dollar sign; without a name when it is neither.
Reference reference_at(std::string_view text, std::size_t dollar) {
    const bool braced = dollar + 1 < text.size() && text[dollar + 1] == '{';
    const std::size_t start = dollar + (braced ? 2 : 1);
    // No name holds one of these; to look further would take the time of the whole line.
    const std::size_t end = braced ? text.find_first_of("{}$", start) : name_end(text, start);
    const bool ends_well = braced ? end != std::string_view::npos && text[end] == '}'
                                  : end > start && (end == text.size() || is_blank(text[end]) ||
                                                    text[end] == ')' || text[end] == ',');
    if (!ends_well) return {};
    const std::size_t behind = braced ? end + 1 : end;
    return {text.substr(start, end - start), behind, without_blanks(text.substr(behind)).empty()};
}

}  // namespace

std::size_t name_end(std::string_view text, std::size_t from) {
    if (from >= text.size() || !is_name_start(text[from])) return from;
    while (from < text.size() && is_name_char(text[from])) ++from;
    return from;
}

std::optional<std::string> Preprocessor::standard_value(std::string_view name, const Place& place) {
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
    return random_number(core::trim(name.substr(7)), place);
}

std::string Preprocessor::random_number(std::string_view bounds, const Place& place) {
    const auto complain = [&](std::string text) {
        report_.error(Complaint::general, "bad_random", place,
                      fmt::format("${{_RANDOM {}}}: {}", bounds, std::move(text)));
    };
    std::array<std::uint32_t, 2> limits = {0, 32767};
    std::size_t given = 0;
    for (const std::string_view word : core::split(bounds, ' ')) {
        if (word.empty()) continue;
        const auto number = core::parse_number<std::uint32_t>(word);
        if (!number || given == limits.size()) {
            complain(fmt::format("'{}' is ignored; it takes two numbers at most", word));
        } else {
            limits.at(given++) = *number;
        }
    }
    const auto [low, high] = limits;
    if (high < low) complain(fmt::format("{} is less than {}, which is used", high, low));
    // Seeded by random_seed, else by the configuration id: other hosts draw other numbers, a reload
    // draws the same.
    random_state_ = random_state_ * 6364136223846793005U + 1442695040888963407U;
    if (high <= low) return fmt::format("{}", low);
    const std::uint64_t span = std::uint64_t{high} - low + 1;
    return fmt::format("{}", low + (random_state_ >> 33) % span);
}

/// The text that stands for a reference, and the further lines of its parameter; nothing when the
/// reference stays as it is.
std::optional<std::string> Preprocessor::value_of(const Reference& reference, const Place& place,
                                                  Lines& rest) {
    if (reference.name.empty()) return std::nullopt;
    const auto known = definitions_.find(std::string(reference.name));
    if (known == definitions_.end()) return standard_value(reference.name, place);
    const Lines& lines = known->second;
    if (lines->size() > 1) {
        if (!reference.ends_line) return std::nullopt;
        rest = lines;
    }
    return lines->front();
}

bool Preprocessor::within_bounds(std::string_view text) const {
    return text.size() <= kMaxExpandedLine && line_octets_ <= kMaxLineOctets &&
           expansions_ <= kMaxExpansions;
}

/// The text with every reference replaced once. It ends early when it grows out of bounds.
std::string Preprocessor::replaced(std::string_view text, const Place& place, bool& changed,
                                   Lines& rest) {
    std::string out;
    std::size_t at = 0;
    const unsigned before = expansions_;
    while (at < text.size() && out.size() <= kMaxExpandedLine) {
        const std::size_t dollar = std::min(text.find('$', at), text.size());
        out.append(text, at, dollar - at);
        at = dollar + 1;
        if (dollar >= text.size()) break;
        const Reference reference = reference_at(text, dollar);
        Lines more;
        const auto value = value_of(reference, place, more);
        if (!value) {
            out += '$';
            continue;
        }
        ++expansions_;
        if (more) rest = more;
        out += *value;
        at = reference.behind;
    }
    changed = expansions_ != before;
    if (changed) line_octets_ += out.size();
    all_octets_ += out.size() + std::uint64_t{expansions_ - before} * kOctetsOfExpansion;
    return out;
}

bool Preprocessor::expand(LogicalLine& line) {
    bool changed = false;
    Lines rest;
    const std::string text = replaced(line.text, line.place, changed, rest);
    if (!changed) return false;
    if (!within_bounds(text)) {
        const bool too_long = text.size() > kMaxExpandedLine;
        report_.error(Complaint::general, too_long ? "line_too_long" : "too_many_expansions",
                      line.place,
                      too_long ? fmt::format("the parameters of this line expand to more than {} "
                                             "octets; it is ignored",
                                             kMaxExpandedLine)
                               : "the parameters of this line expand without end; it is ignored");
        line.text = {};
        return true;
    }
    line.text = without_comment(arena_.copy(text), arena_);
    line.marks = marks_of(line.text);
    line.rewritten = true;
    if (rest) frames_.emplace_back(TextFrame{rest, 1, line.place});
    return true;
}

}  // namespace holdfast::config
