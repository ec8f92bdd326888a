#pragma once

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
    std::string text;
    /// A sentence that helps: "did you mean smtp_connect_timeout?"
    std::string hint;
    /// The physical line, for the caret.
    std::string source_line;
    /// Stable word that a reload compares: "unknown_keyword".
    std::string class_name;
    /// What it is about: "vrrp_instance VI_1".
    std::string object;
};

/// "file:line:col: severity: text", then the source line, a caret, the hint and the include chain.
[[nodiscard]] std::string render(const Diagnostic& diagnostic);

/// keepalived's exit status of -t for these complaints (0, 2, 4, 5 or 6). Warnings of our own and
/// notes do not change it.
[[nodiscard]] int test_status(const std::vector<Diagnostic>& diagnostics);

}  // namespace holdfast::config
