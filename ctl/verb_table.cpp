#include "ctl/verb_table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

constexpr std::array kVerbs = {
    VerbInfo{"show status", "", "one screen: processes, routers, services, last reload (default)",
             "A refused reload is shown with the place and the text of its gravest finding."},
    VerbInfo{"show vrrp", "[NAME...]",
             "virtual routers: state, priority, addresses, causes of a fault",
             "With NAME also what was sent, and why not; who was heard, and when; what was refused "
             "and why;\nwhat else came on that interface; times with two Active Routers. --json "
             "always has all of it."},
    VerbInfo{"show addresses", "[NAME...]",
             "addresses, routes and rules: what is in the kernel, what is missing and why",
             "What is static stands under the name static. Only what an active router wants is "
             "counted as wanted."},
    VerbInfo{"show services", "", "virtual services and their servers", ""},
    VerbInfo{"show processes", "", "the daemons, their rights and restarts", ""},
    VerbInfo{
        "show config", "[NAME...]", "the configuration: running, of the file, or the defaults",
        "--running (the default) is what the daemons work with, as it was written. --candidate is "
        "the daemon's\nfile as a reload would read it now. --defaults lists every setting with its "
        "default, in YAML's words\nor with --format keepalived in keepalived's. NAME keeps the "
        "objects of that name. Secrets are shown\nas ********."},
    VerbInfo{"check", "[FILE...]", "read and judge configurations offline: no daemon, no root",
             "Without FILE the daemon's: /etc/holdfast/holdfast.yaml, else "
             "/etc/keepalived/keepalived.conf; - is\nstandard input. Exit status: 0 usable, 1 "
             "warnings with --strict, 6 errors or nothing to read. For\nanother node than this one "
             "its interfaces, users and programs are not asked for."},
    VerbInfo{
        "convert", "FILE", "the same configuration in the other language",
        "FILE - is standard input. What the new text does not say, or says otherwise, is told "
        "on standard error.\nExit status: 0 the same configuration, 1 not quite, 6 FILE cannot "
        "be used."},
    VerbInfo{
        "diff", "[A [B]]", "what differs, by object and setting",
        "Two files, or the running configuration against FILE, by default the daemon's. Secrets "
        "of the running\nconfiguration are not compared. Exit status: 0 the same, 1 different."},
    VerbInfo{"schema", "", "the JSON Schema of holdfast.yaml", ""},
    VerbInfo{"reload", "", "read the configuration again",
             "With --wait the result is told: 0 when it is in use, 6 when it was refused and the "
             "running one stays."},
    VerbInfo{"restart", "vrrpd|checkerd|ipvsd", "replace one daemon without a failover", ""},
    VerbInfo{"completion", "bash", "the completion script of a shell", ""},
    VerbInfo{"version", "", "print the version", ""},
};

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (const std::string_view word : core::split(text, ' ')) words.emplace_back(word);
    return words;
}

bool begins_with(std::span<const std::string> words, const std::vector<std::string>& beginning) {
    return words.size() >= beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), words.begin());
}

/// "; did you mean show config?"
std::string meant(std::string_view word, const std::vector<std::string>& candidates,
                  std::string_view before) {
    const auto near = core::closest(word, candidates);
    return near ? fmt::format("; did you mean {}{}?", before, *near) : "";
}

}  // namespace

std::span<const VerbInfo> verb_table() {
    return kVerbs;
}

const VerbInfo* find_verb(std::span<const std::string> words) {
    const auto found = std::ranges::find_if(
        kVerbs, [&](const VerbInfo& verb) { return begins_with(words, words_of(verb.words)); });
    return found != kVerbs.end() ? &*found : nullptr;
}

std::string unknown_verb(std::span<const std::string> words) {
    std::vector<std::string> first;
    std::vector<std::string> shown;
    for (const VerbInfo& verb : kVerbs) {
        const auto parts = words_of(verb.words);
        if (parts.size() == 2) shown.push_back(parts[1]);
        if (std::ranges::find(first, parts[0]) == first.end()) first.push_back(parts[0]);
    }
    if (words.front() != "show") {
        return fmt::format("unknown verb \"{}\"{}; see holdfastctl --help", words.front(),
                           meant(words.front(), first, ""));
    }
    return fmt::format("show what? \"{}\" is not one of {}{}", words[1], core::join(shown, ", "),
                       meant(words[1], shown, "show "));
}

}  // namespace holdfast::ctl
