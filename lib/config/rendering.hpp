#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/diagnostics.hpp"

namespace holdfast::config {

/// One finding as people read it, the same in both languages:
///
///   /etc/keepalived/keepalived.conf:27:7: error: unknown keyword 'virtual_routerid' in ...
///      27 |       virtual_routerid 51
///         |       ^~~~~~~~~~~~~~~~ did you mean virtual_router_id?
///     included from /etc/keepalived/main.conf:3:1
///
/// A long line is shown around the caret. Nothing of the file can drive a terminal.
[[nodiscard]] std::string render(const Diagnostic& diagnostic);

/// "file:line:col", as far as it is known.
[[nodiscard]] std::string place_text(const Position& at);

/// "2 errors, 1 warning"; empty when nothing was found.
[[nodiscard]] std::string counts_text(const Counts& counts);

struct ReportStyle {
    /// Findings shown; 0 shows all.
    std::size_t at_most = 20;
    /// How to see the rest: "--all shows them".
    std::string rest;
    /// keepalived's exit status, when the configuration is one that keepalived can read.
    int keepalived_status = -1;
};

/// All findings in the order of the files, the bounded number of them with fatal ones and errors
/// first in the choice, then what was left out, then a summary:
///
///   and 37 more: 30 warnings, 7 errors; --all shows them
///   2 errors, 1 warning in 3 files; keepalived would exit with 5
///
/// `counts` may be more than the kept findings. Empty when nothing was found.
[[nodiscard]] std::string render_report(const std::vector<Diagnostic>& diagnostics,
                                        const Counts& counts, const ReportStyle& style);

}  // namespace holdfast::config
