#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

/// fatal: keepalived does not start with it. error: keepalived starts, but its -t complains.
/// warning: ours, keepalived is silent. note: explains another one.
enum class Severity : std::uint8_t { fatal = 1, error = 2, warning = 3, note = 4 };
[[nodiscard]] std::string_view to_text(Severity severity);

/// keepalived's classes of complaints, in the order of its own numbering: the highest one of a
/// configuration decides the exit status of -t. `none` does not count (it is only logged there).
enum class Complaint : std::uint8_t {
    none,
    file_not_found,
    bad_interface,
    fatal,
    many_files,
    unknown_keyword,
    braces,
    quotes,
    missing_parameter,
    invalid_number,
    general,
    warning,
    deprecated,
    security,
    include,  // not a class of its own there, but a status of its own
};

/// Where a word stands. Lines and columns count from 1; line 0 means the file as a whole. The file
/// and the way to it are shared by all places in it.
struct FileTrail;
struct Position {
    std::shared_ptr<const FileTrail> file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// A file as it was opened, and the include statement that named it (no file: the main one).
struct FileTrail {
    std::string path;
    Position included_at;
};

struct Diagnostic {
    Severity severity = Severity::error;
    Complaint complaint = Complaint::general;
    /// A mandatory word is missing: keepalived ends at once, with status 2 even in a test.
    bool ends_at_once = false;
    Position position;
    /// Octets from the position on that are underlined; 0: the word there.
    std::uint32_t length = 0;
    std::string text;
    /// A sentence that helps: "did you mean smtp_connect_timeout?"
    std::string hint;
    /// The physical line around the position, for the caret; of a very long line so many octets in
    /// front of it are left out, and `cut` says that some behind it are.
    std::string source_line;
    std::uint32_t source_start = 0;
    bool cut = false;
    /// Stable word that a reload compares: "unknown_keyword".
    std::string class_name;
    /// What it is about: "vrrp_instance VI_1".
    std::string object;
};

/// How many findings of each severity there are.
struct Counts {
    std::size_t fatal = 0;
    std::size_t errors = 0;
    std::size_t warnings = 0;
    std::size_t notes = 0;

    void add(Severity severity) { ++of(severity); }
    void take_away(Severity severity) { --of(severity); }
    [[nodiscard]] std::size_t total() const { return fatal + errors + warnings + notes; }

  private:
    [[nodiscard]] std::size_t& of(Severity severity);
};

/// keepalived's exit status of -t for these complaints (0, 2, 4, 5 or 6). Warnings of our own and
/// notes do not change it.
[[nodiscard]] int test_status(const std::vector<Diagnostic>& diagnostics);

/// A place in a file together with its physical line, which lives as long as the loaded files.
struct Place {
    Position at;
    std::string_view line;
};

/// Collects what is found, in order, with a bound: of a file full of mistakes the first few
/// thousand are kept, and the first of each class.
class Reporter {
  public:
    /// The returned reference is for adding details and holds until the next call.
    Diagnostic& add(Severity severity, Complaint complaint, std::string_view class_name,
                    const Place& place, std::string text);
    Diagnostic& error(Complaint complaint, std::string_view class_name, const Place& place,
                      std::string text) {
        return add(Severity::error, complaint, class_name, place, std::move(text));
    }
    Diagnostic& fatal(Complaint complaint, std::string_view class_name, const Place& place,
                      std::string text) {
        return add(Severity::fatal, complaint, class_name, place, std::move(text));
    }
    Diagnostic& warning(std::string_view class_name, const Place& place, std::string text) {
        return add(Severity::warning, Complaint::none, class_name, place, std::move(text));
    }

    /// What the following diagnostics are about: "vrrp_instance VI_1".
    void set_object(std::string object) { object_ = std::move(object); }
    [[nodiscard]] const std::string& object() const { return object_; }

    [[nodiscard]] bool has_fatal() const { return counts_.fatal > 0; }
    /// Of all that was added, kept or not.
    [[nodiscard]] const Counts& counts() const { return counts_; }
    [[nodiscard]] std::vector<Diagnostic> take() { return std::move(kept_); }

  private:
    std::vector<Diagnostic> kept_;
    Diagnostic dropped_;
    std::string object_;
    std::uint32_t classes_seen_ = 0;
    Counts counts_;
};

}  // namespace holdfast::config
