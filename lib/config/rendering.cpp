#include "lib/config/rendering.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "lib/config/display_text.hpp"
#include "lib/config/secret_words.hpp"

namespace holdfast::config {

namespace {

// In columns of a terminal.
constexpr std::size_t kShownOfALine = 100;
constexpr std::size_t kShownBeforeTheCaret = 50;
constexpr std::string_view kCut = "...";
// Octets of a text or a hint, which may quote what stands in the file.
constexpr std::size_t kLongestText = 1000;

bool is_blank(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\r';
}

/// What is underlined of a line when the finding does not say it: the word or the quoted text
/// there.
std::size_t word_length(std::string_view text) {
    if (text.empty()) return 0;
    if (text.front() == '"' || text.front() == '\'') {
        const std::size_t end = text.find(text.front(), 1);
        return end == std::string_view::npos ? text.size() : end + 1;
    }
    if (text.front() == '{' || text.front() == '}') return 1;
    std::size_t end = 0;
    for (; end < text.size() && !is_blank(text[end]); ++end) {
        if (std::string_view("{}#!,]").find(text[end]) != std::string_view::npos) break;
        const bool ends_key = end + 1 == text.size() || is_blank(text[end + 1]);
        if (text[end] == ':' && ends_key) break;
    }
    return end;
}

std::size_t width_before(const std::vector<Cell>& cells, std::size_t octet) {
    std::size_t width = 0;
    for (const Cell& cell : cells) {
        if (cell.octet >= octet) break;
        width += cell.width;
    }
    return width;
}

/// A piece of a line in columns.
struct Columns {
    std::size_t first = 0;
    std::size_t end = 0;
};

std::string text_of(const std::vector<Cell>& cells, Columns piece) {
    std::string text;
    std::size_t column = 0;
    for (const Cell& cell : cells) {
        if (column >= piece.first && column + cell.width <= piece.end) text += cell.text;
        column += cell.width;
    }
    return text;
}

/// What is underlined, at least one column; of a line that the finding does not point into nothing.
Columns underlined(const Diagnostic& found, std::string_view line, const std::vector<Cell>& cells) {
    if (found.position.column <= found.source_start) return {};
    const std::size_t octet =
        std::min<std::size_t>(found.position.column - found.source_start - 1, line.size());
    const std::size_t length = found.length != 0
                                   ? std::min<std::size_t>(found.length, line.size() - octet)
                                   : word_length(line.substr(octet));
    const std::size_t caret = width_before(cells, octet);
    return {caret, std::max(width_before(cells, octet + length), caret + 1)};
}

/// The source line and the line below it, both cut to what fits.
struct Excerpt {
    std::string line;
    std::string mark;
};

Excerpt excerpt_of(const Diagnostic& found) {
    const std::string harmless = without_secrets(found.source_line);
    std::string_view line = harmless;
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    const std::vector<Cell> cells = cells_of(line);
    const std::size_t width = width_before(cells, line.size());
    const Columns mark = underlined(found, line, cells);
    Columns shown{0, width};
    if (width > kShownOfALine) {
        if (mark.first > kShownBeforeTheCaret) shown.first = mark.first - kShownBeforeTheCaret;
        shown.end = std::min(width, shown.first + kShownOfALine);
    }
    const std::string_view before = shown.first > 0 || found.source_start > 0 ? kCut : "";
    const std::string_view behind = shown.end < width || found.cut ? kCut : "";
    Excerpt excerpt{fmt::format("{}{}{}", before, text_of(cells, shown), behind), {}};
    if (mark.end == 0) return excerpt;
    excerpt.mark.assign(before.size() + mark.first - shown.first, ' ');
    excerpt.mark += '^';
    const std::size_t end = std::max(std::min(mark.end, shown.end), mark.first + 1);
    excerpt.mark.append(end - mark.first - 1, '~');
    return excerpt;
}

std::string shown(std::string_view text) {
    if (text.size() <= kLongestText) return printable(text);
    return printable(text.substr(0, kLongestText)).append(kCut);
}

std::string number_of(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::size_t files_in(const std::vector<Diagnostic>& diagnostics) {
    std::set<std::string_view> files;
    for (const Diagnostic& found : diagnostics) {
        if (found.position.file != nullptr) files.insert(found.position.file->path);
    }
    return files.size();
}

/// Which findings are shown: what stops the configuration first, then the rest while there is room.
std::vector<bool> choose(const std::vector<Diagnostic>& diagnostics, std::size_t at_most) {
    std::vector<bool> chosen(diagnostics.size(), false);
    std::size_t left = at_most == 0 ? diagnostics.size() : at_most;
    for (const Severity severity :
         {Severity::fatal, Severity::error, Severity::warning, Severity::note}) {
        for (std::size_t i = 0; i < diagnostics.size() && left > 0; ++i) {
            if (diagnostics[i].severity != severity) continue;
            chosen[i] = true;
            --left;
        }
    }
    return chosen;
}

/// No configuration was there: the exit status of keepalived's test, which is silent about that,
/// would say the opposite.
bool is_missing(const std::vector<Diagnostic>& diagnostics) {
    return std::ranges::any_of(diagnostics, [](const Diagnostic& found) {
        return found.severity == Severity::fatal && found.class_name == "no_configuration";
    });
}

std::string rest_text(const Counts& rest, const std::string& how) {
    return fmt::format("and {} more: {}{}\n", rest.total(), counts_text(rest),
                       how.empty() ? "" : "; " + how);
}

}  // namespace

std::string place_text(const Position& at) {
    if (at.file == nullptr) return "configuration";
    const std::string path = printable(at.file->path);
    if (at.line == 0) return path;
    if (at.column == 0) return fmt::format("{}:{}", path, at.line);
    return fmt::format("{}:{}:{}", path, at.line, at.column);
}

std::string render(const Diagnostic& diagnostic) {
    const Position& at = diagnostic.position;
    std::string out = fmt::format("{}: {}: {}\n", place_text(at), to_text(diagnostic.severity),
                                  shown(diagnostic.text));
    const std::string hint = shown(diagnostic.hint);
    if (at.line > 0 && !diagnostic.source_line.empty()) {
        const Excerpt shown = excerpt_of(diagnostic);
        const std::string number = fmt::format("{:>5}", at.line);
        out += fmt::format("{} | {}\n", number, shown.line);
        if (!shown.mark.empty() || !hint.empty()) {
            out += fmt::format("{:>{}} | {}{}{}\n", "", number.size(), shown.mark,
                               shown.mark.empty() || hint.empty() ? "" : " ", hint);
        }
    } else if (!hint.empty()) {
        out += fmt::format("  {}\n", hint);
    }
    const FileTrail* file = at.file;
    while (file != nullptr && file->included_at.file != nullptr) {
        out += fmt::format("  included from {}\n", place_text(file->included_at));
        file = file->included_at.file;
    }
    return out;
}

std::string counts_text(const Counts& counts) {
    std::string text;
    const auto add = [&](std::size_t count, std::string_view what) {
        if (count == 0) return;
        if (!text.empty()) text += ", ";
        // "fatal" is no noun.
        text += what == "fatal" ? fmt::format("{} fatal", count) : number_of(count, what);
    };
    add(counts.fatal, "fatal");
    add(counts.errors, "error");
    add(counts.warnings, "warning");
    add(counts.notes, "note");
    return text;
}

std::string render_report(const std::vector<Diagnostic>& diagnostics, const Counts& counts,
                          const ReportStyle& style) {
    if (counts.total() == 0) return {};
    std::string out;
    Counts rest = counts;
    const std::vector<bool> chosen = choose(diagnostics, style.at_most);
    for (std::size_t i = 0; i < diagnostics.size(); ++i) {
        if (!chosen[i]) continue;
        out += render(diagnostics[i]);
        rest.take_away(diagnostics[i].severity);
    }
    if (rest.total() > 0) out += rest_text(rest, style.rest);
    out += counts_text(counts);
    if (const std::size_t files = files_in(diagnostics); files > 1) {
        out += fmt::format(" in {} files", files);
    }
    if (style.keepalived_status >= 0 && !is_missing(diagnostics)) {
        out += fmt::format("; keepalived would exit with {}", style.keepalived_status);
        // Of a missing file, say: its -t is silent about what it does not start with.
        if (style.keepalived_status == 0 && counts.fatal > 0) out += " all the same";
    }
    return out + "\n";
}

}  // namespace holdfast::config
