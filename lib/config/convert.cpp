#include "lib/config/convert.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "lib/config/comments.hpp"
#include "lib/config/difference.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/lexer.hpp"
#include "lib/config/preprocessor.hpp"
#include "lib/config/source.hpp"
#include "lib/config/written.hpp"
#include "lib/config/yaml/documents.hpp"
#include "lib/config/yaml/shape.hpp"
#include "lib/config/yaml/writer.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

/// In a folder of its own: nothing stands beside it.
constexpr std::string_view kNewFolder = "/converted/";
constexpr std::string_view kNewFile = "/converted/configuration";

/// The files of the host, and the new text as one more.
class WithNewText : public FileAccess {
  public:
    WithNewText(FileAccess& files, std::string path, std::string text)
        : files_(files), path_(std::move(path)), text_(std::move(text)) {}

    core::Result<std::string> read(const std::string& path) override {
        if (path == path_) return text_;
        return files_.read(path);
    }
    core::Result<FileKind> inspect(const std::string& path) override {
        if (path != path_) return files_.inspect(path);
        FileKind kind;
        kind.regular = true;
        return kind;
    }
    std::vector<std::string> glob(const std::string& pattern) override {
        if (pattern == path_) return {path_};
        return pattern.starts_with(kNewFolder) ? std::vector<std::string>{} : files_.glob(pattern);
    }

  private:
    FileAccess& files_;
    std::string path_;
    std::string text_;
};

Diagnostic finding(Severity severity, std::string_view class_name, const Position& at,
                   std::string text, const std::shared_ptr<const FileTrails>& files) {
    Diagnostic found;
    found.severity = severity;
    found.complaint = Complaint::none;
    found.class_name = class_name;
    found.position = at;
    found.text = std::move(text);
    found.files = files;
    return found;
}

/// What stands in a file of keepalived.conf and is gone once it is read: one note for each kind.
class Vanished {
  public:
    Vanished(const FileTrail& file, std::string_view text) : file_(file) {
        std::uint32_t number = 0;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            take(core::trim(text.substr(0, end)), ++number);
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    void report(const std::string& node, const std::shared_ptr<const FileTrails>& files,
                std::vector<Diagnostic>& out) const {
        const std::array texts = {
            fmt::format("conditions (@ID) are resolved for node '{}'", node),
            std::string("parameters ($NAME) are replaced by their values"),
            std::string("sequences (~SEQ, ~LST) are spelt out"),
            std::string("the content of included files is folded in"),
        };
        static constexpr std::array<std::string_view, 4> kClasses = {
            "condition_resolved", "parameter_replaced", "sequence_expanded", "include_folded"};
        for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
            const Kind& seen = kinds_.at(kind);
            if (seen.count == 0) continue;
            const std::string times =
                seen.count > 1 ? fmt::format(" ({} in this file)", seen.count) : std::string();
            out.push_back(finding(Severity::note, kClasses.at(kind), {&file_, seen.first, 1},
                                  texts.at(kind) + times, files));
        }
    }

  private:
    struct Kind {
        std::uint32_t first = 0;
        std::size_t count = 0;
    };
    void count(std::size_t kind, std::uint32_t line) {
        Kind& seen = kinds_.at(kind);
        if (seen.count++ == 0) seen.first = line;
    }
    void take(std::string_view line, std::uint32_t number) {
        if (line.empty() || line.front() == '#' || line.front() == '!') return;
        if (line.front() == '@') count(0, number);
        if (line.front() == '$') count(1, number);
        if (starts_repetition(line)) count(2, number);
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        if (end < line.size() && include_checks_of(line.substr(0, end)) != nullptr) {
            count(3, number);
        }
    }

    const FileTrail& file_;
    std::array<Kind, 4> kinds_;
};

/// The same for YAML, whose keys of this kind stand at the top or in a service.
void report_vanished_keys(const FileTrail& file, std::string_view text,
                          const std::shared_ptr<const FileTrails>& files,
                          std::vector<Diagnostic>& out) {
    struct Gone {
        std::string_view start;
        std::string_view class_name;
        std::string_view text;
    };
    static constexpr std::array kGone = {
        Gone{"include:", "include_folded", "the content of included files is folded in"},
        Gone{"overrides:", "condition_resolved", "overrides are resolved for this node"},
        Gone{"server_pools:", "pool_expanded", "server pools are spelt out in each service"},
        Gone{"  defaults:", "defaults_expanded", "defaults are spelt out in each instance"}};
    std::uint32_t number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        for (const Gone& gone : kGone) {
            if (!line.starts_with(gone.start)) continue;
            out.push_back(finding(Severity::note, gone.class_name, {&file, number, 1},
                                  std::string(gone.text), files));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// keepalived's complaints about what is not there; nothing is lost by them.
constexpr std::array<std::string_view, 3> kNoLosses = {"no_scheduler", "no_forwarding",
                                                       "script_security"};

/// Words of the loader that mean: this will not be in the new text.
bool is_loss(const Diagnostic& found) {
    if (std::ranges::find(kNoLosses, found.class_name) != kNoLosses.end()) return false;
    return found.severity <= Severity::error || found.class_name == "surplus_words" ||
           found.class_name == "duplicate" || found.class_name == "unknown_user";
}

std::string header_text(const std::vector<std::string>& header) {
    std::string text;
    for (const std::string& line : header) text += line.empty() ? "#\n" : "# " + line + "\n";
    return text.empty() ? text : text + "\n";
}

struct Output {
    std::string text;
    std::vector<std::string> problems;
};

Output legacy_output(const v1::Config& config, Comments& comments) {
    Output output;
    LegacyText out([&](const LegacyNode& node) {
        LegacyNode annotated = node;
        comments.annotate(annotated);
        if (!output.text.empty()) output.text += '\n';
        output.text += legacy_text_of(annotated);
    });
    write_legacy(config, out);
    output.problems = out.problems();
    return output;
}

Output yaml_output(const v1::Config& config, Comments& comments) {
    yaml::Written made = yaml::write(config);
    comments.annotate(made.lines);
    return {yaml::text_of(made.lines), std::move(made.problems)};
}

/// Services have names in YAML only.
void report_names(const Written& written, std::vector<Diagnostic>& out) {
    const auto* key =
        yaml::map_key_of(v1::Config::descriptor()->FindFieldByName("virtual_servers"));
    if (key == nullptr) return;
    for (const auto& service : written.config.virtual_servers()) {
        if (!service.GetReflection()->HasField(service, key)) continue;
        out.push_back(
            finding(Severity::note, "name_dropped", written.origins.of(&service, {}),
                    fmt::format("services have no names in keepalived.conf: '{}' is known by its "
                                "address there",
                                service.GetReflection()->GetString(service, key)),
                    written.files));
    }
}

/// Reads the new text and says what came out otherwise.
void check_again(const LoadRequest& request, FileAccess& files, const LoadResult& before,
                 Conversion& made) {
    WithNewText access(files, std::string(kNewFile), made.text);
    LoadRequest again = request;
    again.file = kNewFile;
    const LoadResult after = load(again, access);
    Difference changes = difference(before.config, after.config);
    made.faithful =
        changes.empty() && before.config.SerializeAsString() == after.config.SerializeAsString();
    for (const ObjectChange& change : changes) {
        for (const SettingChange& setting : change.settings) {
            made.report.push_back(finding(
                Severity::warning, "no_equivalent", {},
                fmt::format("{}{}{}: {} in the old text, {} in the new one", change.object,
                            change.object.empty() ? "" : " ", setting.setting,
                            setting.before.value_or("not set"), setting.after.value_or("not set")),
                nullptr));
        }
    }
}

void report_texts(const LoadRequest& request, FileAccess& files, const Written& written,
                  Language from, std::vector<Diagnostic>& out) {
    // A file is noted more than once: when it is looked for, and when it is read.
    std::set<std::string_view> done;
    for (const FileTrail& file : written.files->all()) {
        if (!done.insert(file.path).second) continue;
        const auto text = files.read(file.path);
        if (!text) continue;
        if (from == Language::yaml) {
            report_vanished_keys(file, *text, written.files, out);
        } else {
            Vanished(file, *text).report(request.config_id, written.files, out);
        }
    }
}

}  // namespace

Language language_of(const LoadRequest& request, FileAccess& files) {
    return yaml::is_yaml(request, files) ? Language::yaml : Language::legacy;
}

Conversion convert(const LoadRequest& request, FileAccess& files, Language to) {
    Conversion made;
    LoadRequest asked = request;
    asked.keep_written = true;
    const LoadResult loaded = load(asked, files);
    const Written& written = *loaded.written;
    made.usable = loaded.usable;
    std::ranges::copy_if(loaded.diagnostics, std::back_inserter(made.report), is_loss);
    const Language from = language_of(request, files);
    report_texts(request, files, written, from, made.report);
    Comments comments(written, files);
    Output output = to == Language::yaml ? yaml_output(written.config, comments)
                                         : legacy_output(written.config, comments);
    made.text = header_text(comments.header()) + output.text;
    for (std::string& problem : output.problems) {
        made.report.push_back(
            finding(Severity::warning, "no_equivalent", {}, std::move(problem), nullptr));
    }
    for (const Comments::Lost& lost : comments.lost()) {
        made.report.push_back(
            finding(Severity::note, "comment_dropped", lost.at,
                    fmt::format("a comment belongs to nothing that is written: {}", lost.text),
                    written.files));
    }
    if (to == Language::legacy) report_names(written, made.report);
    check_again(request, files, loaded, made);
    return made;
}

}  // namespace holdfast::config
