#include "supervisor/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace holdfast::supervisor {
namespace {

using messages::v1::Diagnostic;

constexpr std::array kSeverities = {Diagnostic::FATAL, Diagnostic::ERROR, Diagnostic::WARNING,
                                    Diagnostic::NOTE};

std::string_view word_of(Diagnostic::Severity severity) {
    switch (severity) {
        case Diagnostic::FATAL:
            return "fatal";
        case Diagnostic::ERROR:
            return "error";
        case Diagnostic::WARNING:
            return "warning";
        case Diagnostic::NOTE:
            break;
    }
    return "note";
}

std::string counts_of(const Findings& findings) {
    std::string text;
    for (const Diagnostic::Severity severity : kSeverities) {
        const auto count = std::ranges::count(findings, severity, &Diagnostic::severity);
        if (count == 0) continue;
        const bool plural = count != 1 && severity != Diagnostic::FATAL;
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, word_of(severity),
                            plural ? "s" : "");
    }
    return text;
}

std::string text_of(const Diagnostic& found) {
    return found.rendered().empty() ? found.text() : found.rendered();
}

bool refuses(const Diagnostic& found) {
    return found.severity() == Diagnostic::ERROR || found.refuses_reload();
}

}  // namespace

Findings reasons_to_refuse(const Findings& running, const Findings& next) {
    std::set<std::pair<std::string, std::string>> known;
    for (const Diagnostic& old : running) {
        if (refuses(old)) known.emplace(old.class_name(), old.object());
    }
    Findings reasons;
    for (const Diagnostic& found : next) {
        const bool is_new = refuses(found) && !known.contains({found.class_name(), found.object()});
        if (found.severity() == Diagnostic::FATAL || is_new) reasons.push_back(found);
    }
    return reasons;
}

std::string line_of(const Findings& reasons) {
    const auto worst = std::ranges::min_element(reasons, {}, &Diagnostic::severity);
    return fmt::format("{} ({})", first_line(text_of(*worst)), counts_of(reasons));
}

std::vector<std::string> shown_of(const Findings& findings, std::size_t most) {
    std::vector<bool> chosen(findings.size(), false);
    std::size_t left = most;
    for (const Diagnostic::Severity severity : kSeverities) {
        for (std::size_t i = 0; i < findings.size() && left > 0; ++i) {
            if (findings[i].severity() != severity) continue;
            chosen[i] = true;
            --left;
        }
    }
    std::vector<std::string> shown;
    Findings rest;
    for (std::size_t i = 0; i < findings.size(); ++i) {
        if (chosen[i]) {
            shown.push_back(text_of(findings[i]));
        } else {
            rest.push_back(findings[i]);
        }
    }
    if (!rest.empty()) {
        shown.push_back(fmt::format("and {} more: {}; holdfastctl check --all shows them",
                                    rest.size(), counts_of(rest)));
    }
    return shown;
}

std::string first_line(const std::string& rendered) {
    return rendered.substr(0, rendered.find('\n'));
}

}  // namespace holdfast::supervisor
