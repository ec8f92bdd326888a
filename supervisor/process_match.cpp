#include "supervisor/process_match.hpp"

#include <algorithm>

#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

/// TASK_COMM_LEN less the NUL.
constexpr std::size_t kLongestName = 15;

bool same_parameters(const ProcessPattern& pattern, const SeenProcess& process) {
    using Parameters = ProcessPattern::Parameters;
    const auto& wanted = pattern.command;
    const auto& has = process.arguments;
    if (pattern.parameters == Parameters::any) return true;
    if (pattern.parameters == Parameters::exact && has.size() != wanted.size()) return false;
    if (has.size() < wanted.size()) return false;
    for (std::size_t at = 1; at < wanted.size(); ++at) {
        const bool last = at + 1 == wanted.size();
        const bool may_go_on = last && pattern.parameters == Parameters::initial;
        if (may_go_on ? !has[at].starts_with(wanted[at]) : has[at] != wanted[at]) return false;
    }
    return true;
}

}  // namespace

ProcessPattern pattern_of(const config::v1::TrackProcess& from) {
    ProcessPattern made{.id = core::ObjectId{from.id()},
                        .command = {from.command().begin(), from.command().end()},
                        .full_command = from.full_command()};
    if (!from.has_parameter_match() && from.command_size() <= 1) return made;
    switch (from.parameter_match()) {
        case config::v1::PARAMETERS_EXACT:
            made.parameters = ProcessPattern::Parameters::exact;
            break;
        case config::v1::PARAMETERS_PARTIAL:
            made.parameters = ProcessPattern::Parameters::partial;
            break;
        case config::v1::PARAMETERS_INITIAL:
            made.parameters = ProcessPattern::Parameters::initial;
            break;
    }
    return made;
}

bool matches(const ProcessPattern& pattern, const SeenProcess& process) {
    if (pattern.command.empty()) return false;
    const std::string& command = pattern.command.front();
    if (!pattern.full_command) {
        const std::string base = command.substr(command.rfind('/') + 1);
        return process.name == base.substr(0, kLongestName);
    }
    return !process.arguments.empty() && process.arguments.front() == command &&
           same_parameters(pattern, process);
}

std::optional<std::string> name_in_stat(std::string_view line) {
    // The name may hold anything, parentheses and spaces too.
    const std::size_t begin = line.find('(');
    const std::size_t end = line.rfind(')');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin ||
        end + 2 >= line.size())
        return std::nullopt;
    const char state = line[end + 2];
    if (state == 'Z' || state == 'X') return std::nullopt;
    return std::string(line.substr(begin + 1, end - begin - 1));
}

std::vector<std::string> words_in_cmdline(std::string_view octets) {
    std::vector<std::string> words;
    while (!octets.empty()) {
        const std::size_t end = std::min(octets.find('\0'), octets.size());
        words.emplace_back(octets.substr(0, end));
        octets.remove_prefix(std::min(end + 1, octets.size()));
    }
    return words;
}

}  // namespace holdfast::supervisor
