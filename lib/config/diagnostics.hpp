#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
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
/// and the way to it belong to a FileTrails, which the Reporter and each finding keep alive.
struct FileTrail;
struct Position {
    const FileTrail* file = nullptr;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// A file as it was opened, and the include statement that named it (no file: the main one).
struct FileTrail {
    std::string path;
    Position included_at;
};

/// Every file that was opened, at an address that stays.
class FileTrails {
  public:
    const FileTrail* add(std::string path, const Position& included_at) {
        return &trails_.emplace_back(FileTrail{std::move(path), included_at});
    }
    [[nodiscard]] const std::deque<FileTrail>& all() const { return trails_; }

  private:
    std::deque<FileTrail> trails_;
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
    /// Keeps the file of `position` alive.
    std::shared_ptr<const FileTrails> files;
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

/// Whether a reload refuses a finding that the running configuration did not have: everything
/// fatal, errors, and warnings about something that is left out because its file, its script or its
/// name is missing or may not be used.
[[nodiscard]] bool refuses_reload(const Diagnostic& found);

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

    /// A file that places refer to; it lives as long as the reporter or one of its findings.
    const FileTrail* add_file(std::string path, const Position& included_at = {}) {
        return files_->add(std::move(path), included_at);
    }

    [[nodiscard]] std::shared_ptr<const FileTrails> files() const { return files_; }

    /// What the following diagnostics are about: "vrrp_instance VI_1".
    void set_object(std::string object) { object_ = std::move(object); }
    [[nodiscard]] std::string object() const;
    /// True while what is found is kept. Once it is not, hints are not worth their time.
    [[nodiscard]] bool keeps() const { return kept_.size() < kKeptAtMost; }
    /// What was found and kept so far.
    [[nodiscard]] const std::vector<Diagnostic>& kept() const { return kept_; }

    /// True for what is not worth mentioning from here on: it is neither kept nor counted.
    using Filter = std::function<bool(std::string_view class_name, const std::string& object,
                                      const Position& at)>;
    void leave_out(Filter filter) { filter_ = std::move(filter); }

    [[nodiscard]] bool has_fatal() const { return counts_.fatal > 0; }
    /// Of all that was added, kept or not.
    [[nodiscard]] const Counts& counts() const { return counts_; }
    [[nodiscard]] std::vector<Diagnostic> take() { return std::move(kept_); }

  private:
    friend class ObjectScope;
    static constexpr std::size_t kKeptAtMost = 5000;
    struct ObjectWords {
        std::string_view kind;
        std::string_view name;
        std::string_view more;
    };

    std::shared_ptr<FileTrails> files_ = std::make_shared<FileTrails>();
    std::vector<Diagnostic> kept_;
    Diagnostic dropped_;
    Filter filter_;
    std::string object_;
    std::vector<ObjectWords> inner_objects_;
    std::uint32_t classes_seen_ = 0;
    Counts counts_;
};

/// While it lives, diagnostics are about this object, inside of what they were about before:
/// "virtual_server 192.0.2.1 80 real_server 192.0.2.2 80". The words must live as long; they are
/// joined only when something is found.
class ObjectScope {
  public:
    ObjectScope(Reporter& report, std::string_view kind, std::string_view name,
                std::string_view more = {})
        : report_(report) {
        report_.inner_objects_.push_back({kind, name, more});
    }
    ~ObjectScope() { report_.inner_objects_.pop_back(); }
    ObjectScope(const ObjectScope&) = delete;
    ObjectScope& operator=(const ObjectScope&) = delete;

  private:
    Reporter& report_;
};

}  // namespace holdfast::config
