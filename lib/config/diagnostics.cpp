#include "lib/config/diagnostics.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace holdfast::config {

namespace {

// Octets of a line that are kept before and behind the position; no line of keepalived is longer.
constexpr std::size_t kKeptOfALine = 1024;

// Of those that are kept, for errors and losses alone: thousands of notes do not crowd them out.
constexpr std::size_t kKeptForErrors = 1000;

/// Something is left out because its file, its script or its name is missing or may not be used.
bool is_loss(std::string_view class_name) {
    constexpr std::string_view kLosses[] = {
        "include_missing", "file_unreadable", "file_unusable",  "empty_configuration",
        "script_disabled", "unknown_user",    "unknown_member", "unknown_instance"};
    return std::ranges::find(kLosses, class_name) != std::end(kLosses) ||
           class_name.starts_with("undefined_");
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

std::size_t& Counts::of(Severity severity) {
    switch (severity) {
        case Severity::fatal:
            return fatal;
        case Severity::error:
            return errors;
        case Severity::warning:
            return warnings;
        case Severity::note:
            break;
    }
    return notes;
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

std::string Reporter::object() const {
    std::string all = object_;
    for (const ObjectWords& words : inner_objects_) {
        for (const std::string_view word : {words.kind, words.name, words.more}) {
            if (word.empty()) continue;
            if (!all.empty()) all += ' ';
            all += word;
        }
    }
    return all;
}

bool refuses_reload(const Diagnostic& found) {
    if (found.severity <= Severity::error) return true;
    if (found.severity == Severity::note) return false;
    return is_loss(found.class_name);
}

Diagnostic& Reporter::add(Severity severity, Complaint complaint, std::string_view class_name,
                          const Place& place, std::string text) {
    if (filter_ && filter_(class_name, object(), place.at)) {
        dropped_ = Diagnostic();
        return dropped_;
    }
    counts_.add(severity);
    const std::uint32_t bit = 1U << static_cast<unsigned>(complaint);
    const bool first_of_class = (classes_seen_ & bit) == 0 || severity == Severity::fatal;
    classes_seen_ |= bit;
    const bool grave = severity <= Severity::error || is_loss(class_name);
    const std::size_t most = grave ? kKeptAtMost : kKeptAtMost - kKeptForErrors;
    const bool keep = kept_.size() < most || (first_of_class && kept_.size() < 2 * kKeptAtMost);
    if (!keep) {
        // Its details are nobody's concern; what is put into it must not grow.
        dropped_ = Diagnostic();
        return dropped_;
    }
    Diagnostic& made = kept_.emplace_back();
    made.severity = severity;
    made.complaint = complaint;
    made.position = place.at;
    const std::size_t column = std::min<std::size_t>(place.at.column, place.line.size());
    const std::size_t start = column > kKeptOfALine ? column - kKeptOfALine : 0;
    const std::size_t end = std::min(place.line.size(), column + kKeptOfALine);
    made.source_line = std::string(place.line.substr(start, end - start));
    made.source_start = static_cast<std::uint32_t>(start);
    made.cut = end < place.line.size();
    made.text = std::move(text);
    made.class_name = class_name;
    made.object = object();
    made.files = files_;
    return made;
}

}  // namespace holdfast::config
