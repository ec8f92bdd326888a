#include "lib/config/source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace holdfast::config {

namespace {

constexpr unsigned kMaxDepth = 100;
constexpr std::size_t kMaxTotalBytes = 256UL * 1024 * 1024;
constexpr std::size_t kMaxFiles = 20'000;
constexpr std::size_t kMaxAlternatives = 1000;

struct NamedChecks {
    std::string_view keyword;
    IncludeChecks checks;
};
constexpr std::array kIncludes = {
    NamedChecks{"include", {}},
    NamedChecks{"includer", {.unreadable = true}},
    NamedChecks{"includem", {.unreadable = true, .missing = true}},
    NamedChecks{"includew", {.unreadable = true, .missing = true, .wildcard_without_match = true}},
    NamedChecks{"includeb", {.unreadable = true, .missing_alternative = true}},
    NamedChecks{"includea",
                {.unreadable = true,
                 .missing = true,
                 .wildcard_without_match = true,
                 .missing_alternative = true}},
};

bool has_wildcard(std::string_view pattern) {
    return pattern.find_first_of("*?[") != std::string_view::npos;
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// Position of the brace that closes the group opened at `open`; npos if none.
std::size_t closing_brace(std::string_view pattern, std::size_t open) {
    unsigned depth = 0;
    for (std::size_t i = open; i < pattern.size(); ++i) {
        if (pattern[i] == '{') ++depth;
        if (pattern[i] == '}' && --depth == 0) return i;
    }
    return std::string_view::npos;
}

/// The text with each of the alternatives in place of the group from `start` to `end`.
std::vector<std::string> alternatives(const std::string& text, std::size_t start, std::size_t end) {
    std::vector<std::string> made;
    std::size_t from = start + 1;
    unsigned depth = 0;
    for (std::size_t i = from; i <= end; ++i) {
        if (text[i] == '{') ++depth;
        if (text[i] == '}' && i != end) --depth;
        if ((text[i] != ',' || depth != 0) && i != end) continue;
        made.push_back(text.substr(0, start) + text.substr(from, i - from) + text.substr(end + 1));
        from = i + 1;
    }
    return made;
}

/// Without "." components, which would hide that a file includes itself.
std::string without_dots(std::string path) {
    for (std::size_t at = path.find("/./"); at != std::string::npos; at = path.find("/./", at)) {
        path.erase(at, 2);
    }
    return path;
}

/// True when `path` is the file itself or one of those through which it was included.
bool includes(const FileTrail& from, const std::string& path) {
    for (const FileTrail* file = &from; file != nullptr; file = file->included_at.file) {
        if (file->path == path) return true;
    }
    return false;
}

}  // namespace

const IncludeChecks* include_checks_of(std::string_view keyword) {
    const auto found = std::ranges::find(kIncludes, keyword, &NamedChecks::keyword);
    return found != kIncludes.end() ? &found->checks : nullptr;
}

IncludeChecks changed_checks(IncludeChecks checks, const Words& words) {
    if (words.empty()) return {true, true, true, true};
    bool first = true;
    for (const Word& word : words) {
        const bool add = !word.text.starts_with('-');
        const bool sign = !add || word.text.starts_with('+');
        // A word without a sign says what is checked from here on, alone.
        if (!sign && first) checks = {};
        first = false;
        const std::string_view name = word.text.substr(sign ? 1 : 0);
        bool* const check = name == "read"             ? &checks.unreadable
                            : name == "match"          ? &checks.missing
                            : name == "wildcard_match" ? &checks.wildcard_without_match
                            : name == "brace_match"    ? &checks.missing_alternative
                                                       : nullptr;
        if (check == nullptr) continue;
        *check = add;
        // What must be there must be readable too.
        if (add) checks.unreadable = true;
    }
    return checks;
}

std::string absolute(std::string_view path, std::string_view folder) {
    if (!path.empty() && path.front() == '/') return std::string(path);
    std::string whole(folder);
    if (whole.empty() || whole.back() != '/') whole += '/';
    return whole.append(path);
}

std::vector<std::string> expand_braces(const std::string& pattern) {
    std::vector<std::string> done;
    std::vector<std::string> open = {pattern};
    while (!open.empty()) {
        if (done.size() + open.size() > kMaxAlternatives) return {};
        const std::string text = std::move(open.back());
        open.pop_back();
        const std::size_t start = text.find('{');
        const std::size_t end = start == std::string::npos ? start : closing_brace(text, start);
        if (end == std::string::npos) {
            done.push_back(text);
            continue;
        }
        std::vector<std::string> parts = alternatives(text, start, end);
        // The last one that is put there is the next one that is taken.
        std::move(parts.rbegin(), parts.rend(), std::back_inserter(open));
    }
    return done;
}

void FileReader::complain(bool is_error, std::string_view class_name, const std::string& what,
                          const Place& place, std::string text) {
    auto& found = is_error ? report_.fatal(Complaint::include, class_name, place, std::move(text))
                           : report_.warning(class_name, place, std::move(text));
    found.object = what;  // a reload tells one missing file from another by it
    if (is_error) found.hint = "keepalived neither starts nor reloads with this";
}

core::Result<std::string> FileReader::read_usable(const std::string& path,
                                                  std::string_view& class_name) {
    class_name = "file_unreadable";
    const core::Result<FileKind> kind = files_.inspect(path);
    if (!kind) return kind.error();
    if (kind->regular && !kind->executable) return files_.read(path);
    class_name = "file_unusable";
    const char* why = kind->folder    ? "is a folder"
                      : kind->regular ? "is executable"
                                      : "is no regular file";
    return core::Error(fmt::format("{} {} and was skipped", path, why));
}

const LoadedFile* FileReader::read_one(const std::string& path, const IncludeChecks& checks,
                                       const Position& named_at, const Place& place,
                                       unsigned depth) {
    std::string_view class_name;
    core::Result<std::string> bytes = read_usable(path, class_name);
    if (!bytes) {
        complain(checks.unreadable, class_name, path, place, bytes.error().text());
        return nullptr;
    }
    return keep(path, std::move(bytes).value(), named_at, place, depth);
}

const LoadedFile* FileReader::keep(const std::string& path, std::string bytes,
                                   const Position& named_at, const Place& place, unsigned depth) {
    total_bytes_ += bytes.size();
    if (total_bytes_ > kMaxTotalBytes || ++total_files_ > kMaxFiles) {
        report_.fatal(
            Complaint::include, "too_large", place,
            fmt::format("more than {} MiB or {} files", kMaxTotalBytes / 1024 / 1024, kMaxFiles));
        return nullptr;
    }
    LoadedFile& made = *read_.emplace_back(std::make_unique<LoadedFile>());
    made.trail = report_.add_file(path, named_at);
    made.bytes = std::move(bytes);
    made.folder = folder_of(path);
    made.depth = depth;
    return &made;
}

LoadedFiles FileReader::read_main(const std::string& pattern, bool checked) {
    LoadedFiles read;
    const std::vector<std::string> paths = files_.glob(pattern);
    const Place whole{{report_.add_file(pattern), 0, 0}, {}};
    if (paths.size() > 1) {
        report_.error(
            Complaint::many_files, "many_files", whole,
            fmt::format("{} files fit this name; all are read, in sorted order", paths.size()));
    }
    std::string why = paths.empty() ? "there is no such file" : "no file could be read";
    if (paths.empty() && !has_wildcard(pattern)) {
        const core::Result<FileKind> kind = files_.inspect(pattern);
        if (!kind && kind.error().code() != ENOENT) why = kind.error().text();
    }
    for (const std::string& path : paths) {
        const Place place{{report_.add_file(path), 0, 0}, {}};
        std::string_view class_name;
        core::Result<std::string> bytes = read_usable(path, class_name);
        if (!bytes) {
            if (paths.size() > 1) complain(false, class_name, path, place, bytes.error().text());
            if (paths.size() == 1) why = bytes.error().text();
        } else if (const LoadedFile* file = keep(path, std::move(bytes).value(), {}, place, 0)) {
            read.push_back(file);
        }
    }
    if (read.empty()) {
        Diagnostic& found = report_.fatal(checked ? Complaint::include : Complaint::none,
                                          "no_configuration", whole, std::move(why));
        if (!checked && !pattern.ends_with(".yaml")) {
            found.hint = "keepalived does not start without it either, although its -t is silent";
        }
    }
    return read;
}

std::vector<std::string> FileReader::find(const std::string& pattern, const IncludeChecks& checks,
                                          const LoadedFile& from, const Place& statement) {
    std::vector<std::string> found;
    const std::vector<std::string> names = expand_braces(pattern);
    if (names.empty()) {
        report_.fatal(Complaint::include, "too_large", statement,
                      fmt::format("include: more than {} alternatives", kMaxAlternatives));
    }
    const bool alone = names.size() == 1;
    bool all = true;
    for (const std::string& name : names) {
        const std::string whole = without_dots(absolute(name, from.folder));
        std::vector<std::string> paths = files_.glob(whole);
        const bool wildcard = has_wildcard(name);
        const bool is_error = !alone     ? checks.missing_alternative
                              : wildcard ? checks.wildcard_without_match
                                         : checks.missing;
        all = all && !paths.empty();
        if (paths.empty() && (is_error || !wildcard)) {
            complain(is_error, "include_missing", whole, statement,
                     wildcard ? fmt::format("include: nothing fits {}", name)
                              : fmt::format("include: there is no {}", whole));
        }
        std::move(paths.begin(), paths.end(), std::back_inserter(found));
    }
    if (!all && !alone && checks.missing_alternative) found.clear();
    return found;
}

LoadedFiles FileReader::read_included(const std::string& pattern, const IncludeChecks& checks,
                                      const LoadedFile& from, const Place& statement) {
    LoadedFiles read;
    if (from.depth >= kMaxDepth) {
        report_.fatal(Complaint::include, "include_depth", statement,
                      fmt::format("includes are nested more than {} deep", kMaxDepth));
        return read;
    }
    if (++includes_ > kMaxFiles) {
        if (includes_ == kMaxFiles + 1) {
            report_.fatal(Complaint::include, "too_large", statement,
                          fmt::format("more than {} includes", kMaxFiles));
        }
        return read;
    }
    files_.named_by(statement.at);
    const std::vector<std::string> paths = find(pattern, checks, from, statement);
    for (const std::string& path : paths) {
        if (includes(*from.trail, path)) {
            report_.fatal(Complaint::include, "include_loop", statement,
                          fmt::format("{} would include itself", path));
            continue;
        }
        if (const auto* file = read_one(path, checks, statement.at, statement, from.depth + 1)) {
            read.push_back(file);
        }
    }
    return read;
}

}  // namespace holdfast::config
