#include "lib/config/diagnostics.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace holdfast::config {

namespace {

constexpr std::size_t kKeptAtMost = 5000;
constexpr std::size_t kShownOfALine = 200;

std::string place_text(const Position& at) {
    if (!at.file) return "configuration";
    if (at.line == 0) return at.file->path;
    if (at.column == 0) return fmt::format("{}:{}", at.file->path, at.line);
    return fmt::format("{}:{}:{}", at.file->path, at.line, at.column);
}

/// The blanks that put the caret below the column; tabs stay tabs so that both lines move alike.
std::string indent_to(std::string_view line, std::uint32_t column) {
    std::string indent;
    for (std::uint32_t i = 0; i + 1 < column && i < line.size(); ++i) {
        const auto octet = static_cast<unsigned char>(line[i]);
        if (octet == '\t') indent += '\t';
        // The octets of a UTF-8 character behind its first take no column on the screen.
        else if ((octet & 0xc0U) != 0x80U)
            indent += ' ';
    }
    return indent;
}

int status_of(Complaint complaint) {
    if (complaint == Complaint::none) return 0;
    if (complaint <= Complaint::fatal) return 4;
    if (complaint < Complaint::security) return 5;
    return 6;
}

}  // namespace

std::string_view to_text(Severity severity) {
    switch (severity) {
        case Severity::fatal:
            return "fatal";
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::note:
            return "note";
    }
    return "note";
}

std::string render(const Diagnostic& diagnostic) {
    const Position& at = diagnostic.position;
    std::string out =
        fmt::format("{}: {}: {}\n", place_text(at), to_text(diagnostic.severity), diagnostic.text);
    if (at.line > 0 && !diagnostic.source_line.empty()) {
        const std::string line = diagnostic.source_line.substr(0, kShownOfALine);
        out += fmt::format("  {}\n", line);
        if (at.column > 0 && at.column <= line.size() + 1) {
            out += fmt::format("  {}^\n", indent_to(line, at.column));
        }
    }
    if (!diagnostic.hint.empty()) out += fmt::format("  hint: {}\n", diagnostic.hint);
    const FileTrail* file = at.file.get();
    while (file != nullptr && file->included_at.file) {
        out += fmt::format("  included from {}\n", place_text(file->included_at));
        file = file->included_at.file.get();
    }
    return out;
}

int test_status(const std::vector<Diagnostic>& diagnostics) {
    int status = 0;
    bool ended = false;
    for (const Diagnostic& diagnostic : diagnostics) {
        status = std::max(status, status_of(diagnostic.complaint));
        if (diagnostic.complaint == Complaint::include) return 6;
        ended = ended || diagnostic.ends_at_once;
    }
    return ended ? 2 : status;
}

Diagnostic& Reporter::add(Severity severity, Complaint complaint, std::string_view class_name,
                          const Place& place, std::string text) {
    has_fatal_ = has_fatal_ || severity == Severity::fatal;
    const std::uint32_t bit = 1U << static_cast<unsigned>(complaint);
    const bool first_of_class = (classes_seen_ & bit) == 0 || severity == Severity::fatal;
    classes_seen_ |= bit;
    const bool keep =
        kept_.size() < kKeptAtMost || (first_of_class && kept_.size() < 2 * kKeptAtMost);
    Diagnostic& made = keep ? kept_.emplace_back() : dropped_;
    made.severity = severity;
    made.complaint = complaint;
    made.position = place.at;
    made.source_line = std::string(place.line.substr(0, kShownOfALine));
    made.text = std::move(text);
    made.class_name = class_name;
    made.object = object_;
    return made;
}

}  // namespace holdfast::config
