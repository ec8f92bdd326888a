#include "supervisor/config_test.hpp"

#include <cstdio>
#include <optional>

#include "supervisor/parsing.hpp"
#include "supervisor/paths.hpp"

namespace holdfast::supervisor {
namespace {

constexpr int kFailed = 1;

/// Line by line as it is, so that editors find "file:line:col: severity: text".
bool write_findings(const ParseOutcome& outcome, std::FILE* out) {
    for (const messages::v1::Diagnostic& found : outcome.diagnostics) {
        const std::string& text = found.rendered().empty() ? found.text() : found.rendered();
        std::fputs(text.c_str(), out);
        if (!text.ends_with('\n')) std::fputc('\n', out);
    }
    return std::fflush(out) == 0;
}

}  // namespace

int run_config_test(const Options& options) {
    std::FILE* out = stderr;
    if (!options.config_test_file.empty()) {
        out = std::fopen(options.config_test_file.c_str(), "ae");
        if (out == nullptr) {
            std::perror(options.config_test_file.c_str());
            return kFailed;
        }
    }
    loop::Loop loop;
    const LogSinks sinks = LogSinks::choose(true, false);
    ParseTask task;
    task.file = paths_of(options).config_file;
    task.config_id = options.config_id;
    task.all_include_checks = options.all_include_checks;
    task.test = true;
    task.with_vrrp = !options.checks_only;
    task.with_services = !options.vrrp_only;
    task.arguments = options.arguments;
    std::optional<ParseOutcome> outcome;
    Parsing parsing(loop, sinks, task, [&](ParseOutcome result) { outcome = std::move(result); });
    loop.run_until([&] { return outcome.has_value(); });
    if (!outcome) return kFailed;

    const bool written = write_findings(*outcome, out);
    if (out != stderr) std::fclose(out);
    if (outcome->failure) {
        std::fprintf(stderr, "holdfast: %s\n", outcome->failure->text().c_str());
        return kFailed;
    }
    return written ? static_cast<int>(outcome->test_status) : kFailed;
}

}  // namespace holdfast::supervisor
