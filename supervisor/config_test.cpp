#include "supervisor/config_test.hpp"

#include <cstdio>
#include <optional>

#include "supervisor/parsing.hpp"

namespace holdfast::supervisor {
namespace {

constexpr int kFailed = 1;

bool write_findings(const ParseOutcome& outcome, std::FILE* out) {
    std::fputs(outcome.report.c_str(), out);
    for (const messages::v1::Diagnostic& found : outcome.diagnostics) {  // the supervisor's own
        std::fputs(found.rendered().c_str(), out);
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
    ParseTask task = parse_task(options);
    task.test = true;
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
