#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/access.hpp"
#include "lib/config/diagnostics.hpp"
#include "lib/config/lexer.hpp"

namespace holdfast::config {

/// A file that was read. Its octets stay where they are while anything refers to them.
struct LoadedFile {
    const FileTrail* trail = nullptr;
    std::string bytes;
    std::string folder;  // what relative names in it start from
    unsigned depth = 0;  // of includes
};

using LoadedFiles = std::vector<const LoadedFile*>;

/// Which problems of an include are errors; what keepalived's include_check words mean.
struct IncludeChecks {
    bool unreadable = false;
    bool missing = false;
    bool wildcard_without_match = false;
    bool missing_alternative = false;

    friend IncludeChecks operator|(const IncludeChecks& a, const IncludeChecks& b) {
        return {a.unreadable || b.unreadable, a.missing || b.missing,
                a.wildcard_without_match || b.wildcard_without_match,
                a.missing_alternative || b.missing_alternative};
    }
};
/// The checks of `include`, `includer` ... `includea`; nothing for other words.
[[nodiscard]] const IncludeChecks* include_checks_of(std::string_view keyword);

/// What `include_check` with these words makes of the checks before it. Words that it does not know
/// change nothing; they are complained about where the statement is bound.
[[nodiscard]] IncludeChecks changed_checks(IncludeChecks checks, const Words& words);

/// Finds and reads the files of a configuration, says what is wrong with them, and keeps their
/// octets.
class FileReader {
  public:
    FileReader(FileAccess& files, Reporter& report) : files_(files), report_(report) {}

    /// The files of -f. keepalived's test is silent about a missing one (`checked` false), although
    /// it does not start without.
    [[nodiscard]] LoadedFiles read_main(const std::string& pattern, bool checked);
    /// The files that an include statement names, sorted. `from` is the file with the statement.
    [[nodiscard]] LoadedFiles read_included(const std::string& pattern, const IncludeChecks& checks,
                                            const LoadedFile& from, const Place& statement);

  private:
    /// The content of a file that keepalived would read; else why not, and the class of that.
    core::Result<std::string> read_usable(const std::string& path, std::string_view& class_name);
    /// Within the bounds on all files together.
    const LoadedFile* keep(const std::string& path, std::string bytes, const Position& named_at,
                           const Place& place, unsigned depth);
    const LoadedFile* read_one(const std::string& path, const IncludeChecks& checks,
                               const Position& named_at, const Place& place, unsigned depth);
    /// `what` is the file or pattern.
    void complain(bool is_error, std::string_view class_name, const std::string& what,
                  const Place& place, std::string text);
    /// The files of an include, those of each {a,b} alternative behind the other.
    std::vector<std::string> find(const std::string& pattern, const IncludeChecks& checks,
                                  const LoadedFile& from, const Place& statement);

    FileAccess& files_;
    Reporter& report_;
    std::vector<std::unique_ptr<LoadedFile>> read_;
    std::size_t total_bytes_ = 0;
    std::size_t total_files_ = 0;
    std::size_t includes_ = 0;  // statements
};

/// `path` as an absolute path, seen from `folder`; "." and ".." components stay.
[[nodiscard]] std::string absolute(std::string_view path, std::string_view folder);

/// The alternatives that {a,b} groups of a pattern stand for, spelt out, in their order; the
/// pattern itself if it has none. Nothing when they are more than a thousand.
[[nodiscard]] std::vector<std::string> expand_braces(const std::string& pattern);

}  // namespace holdfast::config
