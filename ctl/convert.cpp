// holdfastctl convert: the same configuration in the other language.
#include "lib/config/convert.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "ctl/config_file.hpp"
#include "ctl/config_verbs.hpp"
#include "ctl/output_file.hpp"
#include "lib/config/rendering.hpp"

namespace holdfast::ctl {
namespace {

config::Language target_of(const Options& options, FileRequest& asked) {
    if (options.language == "yaml") return config::Language::yaml;
    if (options.language == "keepalived") return config::Language::legacy;
    const bool from_yaml =
        config::language_of(asked.request, asked.files) == config::Language::yaml;
    return from_yaml ? config::Language::legacy : config::Language::yaml;
}

std::string text_of(const std::vector<config::Diagnostic>& report) {
    config::Counts counts;
    for (const config::Diagnostic& found : report) counts.add(found.severity);
    config::ReportStyle style;
    style.at_most = 0;
    return config::render_report(report, counts, style);
}

}  // namespace

int convert(const Console& console, std::span<const std::string> words) {
    if (words.empty()) return console.fail(kUsage, "convert what? give a FILE");
    if (console.options.language == "json") return console.fail(kUsage, "give yaml or keepalived");
    FileRequest asked(console.options, words.front());
    const config::Conversion made =
        config::convert(asked.request, asked.files, target_of(console.options, asked));
    fmt::print(console.complaints, "{}", text_of(made.report));
    // What nobody could start with is no configuration to go on with.
    if (!made.usable || made.text.empty()) {
        return console.fail(kRefused,
                            asked.request.file + " cannot be used; nothing was converted");
    }
    if (const int status = write_out(console, made.text); status != kOk) return status;
    const bool lossless = std::ranges::none_of(made.report, [](const config::Diagnostic& found) {
        return found.severity <= config::Severity::error;
    });
    return made.faithful && lossless ? kOk : kNo;
}

}  // namespace holdfast::ctl
