#include "ctl/check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/display_text.hpp"
#include "lib/config/rendering.hpp"

namespace holdfast::ctl {
namespace {

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(config::printable(text));
}

Json number_or_null(std::uint32_t number) {
    return number == 0 ? Json() : Json(number);
}

Json::Object place_of(const config::Position& at) {
    return {{"file", at.file != nullptr ? Json(config::printable(at.file->path)) : Json()},
            {"line", number_or_null(at.line)},
            {"column", number_or_null(at.column)}};
}

Json::Array includes_of(const config::Position& at) {
    Json::Array chain;
    for (const auto* file = at.file; file != nullptr && file->included_at.file != nullptr;
         file = file->included_at.file) {
        chain.emplace_back(place_of(file->included_at));
    }
    return chain;
}

Json summary_of(const ReadConfig& read, ExitStatus status) {
    const config::Counts& counts = read.result.counts;
    const bool is_yaml = read.result.language == config::Language::yaml;
    return Json::Object{{"file", read.file},
                        {"fatal", std::uint64_t{counts.fatal}},
                        {"errors", std::uint64_t{counts.errors}},
                        {"warnings", std::uint64_t{counts.warnings}},
                        {"notes", std::uint64_t{counts.notes}},
                        {"keepalived_status", is_yaml ? Json() : Json(read.result.test_status)},
                        {"exit_status", static_cast<int>(status)}};
}

}  // namespace

Json finding_item(const config::Diagnostic& found) {
    Json::Object item = place_of(found.position);
    item.emplace_back("severity", config::to_text(found.severity));
    item.emplace_back("class", found.class_name);
    item.emplace_back("object", text_or_null(found.object));
    item.emplace_back("text", config::printable(found.text));
    item.emplace_back("hint", text_or_null(found.hint));
    item.emplace_back("included_from", includes_of(found.position));
    return item;
}

ExitStatus verdict(const config::LoadResult& result, bool strict) {
    if (result.counts.fatal > 0 || result.counts.errors > 0) return kRefused;
    return strict && result.counts.warnings > 0 ? kNo : kOk;
}

int check(const Console& console, std::span<const std::string> files) {
    const std::vector<std::string> wanted =
        files.empty() ? std::vector<std::string>{""}
                      : std::vector<std::string>(files.begin(), files.end());
    Json::Array items;
    Json::Array summaries;
    int worst = kOk;
    for (const std::string& file : wanted) {
        const ReadConfig read = read_config(console.options, file);
        const ExitStatus status = verdict(read.result, console.options.strict);
        worst = std::max<int>(worst, status);
        summaries.push_back(summary_of(read, status));
        if (console.for_machines()) {
            for (const auto& found : read.result.diagnostics) items.push_back(finding_item(found));
            continue;
        }
        const std::string report = report_of(read, console.options.all);
        if (wanted.size() > 1 && !report.empty()) fmt::print(console.out, "{}:\n", read.file);
        fmt::print(console.out, "{}", report.empty() ? read.file + ": no findings\n" : report);
    }
    if (console.for_machines()) {
        Json::Object all = {{"api", "holdfast/1"}, {"kind", "check"}};
        all.emplace_back("items", std::move(items));
        all.emplace_back("files", std::move(summaries));
        console.print(all);
    }
    return worst;
}

}  // namespace holdfast::ctl
