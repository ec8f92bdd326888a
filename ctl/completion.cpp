#include "ctl/completion.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "ctl/daemon.hpp"
#include "ctl/verb_table.hpp"
#include "lib/core/run_folder.hpp"
#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

constexpr std::string_view kBash =
    "# Completion of holdfastctl for bash.\n"
    "_holdfastctl() {\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY=($(holdfastctl __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
    "}\n"
    "complete -o default -F _holdfastctl holdfastctl\n";

std::vector<std::string> router_names() {
    Options options;
    options.run_folder = core::run_folder_for("");
    options.timeout = std::chrono::seconds(1);
    std::vector<std::string> names;
    const auto answer = question(options, messages::v1::VERB_SHOW_VRRP);
    if (!answer) return names;
    for (const auto& instance : answer->vrrp.instances()) names.push_back(instance.name());
    return names;
}

/// The words that may stand at place `at` behind `before`.
std::vector<std::string> verb_words(std::span<const std::string> before) {
    std::vector<std::string> words;
    for (const VerbInfo& verb : verb_table()) {
        const auto parts = core::split(verb.words, ' ');
        const bool fits =
            parts.size() > before.size() && std::equal(before.begin(), before.end(), parts.begin());
        if (!fits) continue;
        std::string word(parts[before.size()]);
        if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
    }
    return words;
}

std::vector<std::string> candidates(std::span<const std::string> before, std::string_view begun) {
    const VerbInfo* verb = find_verb(before);
    if (begun.starts_with("-")) return options_of(verb != nullptr ? verb->words : "");
    if (verb == nullptr) return verb_words(before);
    if (verb->words == "show vrrp") return router_names();
    if (verb->words == "restart" && before.size() == 1) return {"vrrpd", "checkerd", "ipvsd"};
    if (verb->words == "completion" && before.size() == 1) return {"bash"};
    return {};
}

std::vector<std::string> starting_with(std::string_view begun, std::vector<std::string> words) {
    std::erase_if(words, [&](const std::string& word) { return !word.starts_with(begun); });
    return words;
}

/// The words an option wants; none for names and files.
std::vector<std::string> values_of(std::string_view option, std::string_view begun) {
    if (option == "--format") return starting_with(begun, {"yaml", "keepalived", "json"});
    if (option == "--to") return starting_with(begun, {"yaml", "keepalived"});
    return {};
}

}  // namespace

std::vector<std::string> completions(std::span<const std::string> words) {
    if (words.empty()) return {};
    std::vector<std::string> before;
    std::string option;  // whose value comes next
    bool equals = false;
    for (const std::string& word : words.first(words.size() - 1)) {
        if (word == "=" || std::exchange(equals, false)) {
            equals = word == "=";  // bash takes --json=pretty for three words
        } else if (word.starts_with("-")) {
            option = takes_value(word) ? word : "";
        } else if (!std::exchange(option, "").empty()) {
            continue;
        } else {
            before.push_back(word);
        }
    }
    if (!option.empty()) return values_of(option, words.back() == "=" ? "" : words.back());
    return starting_with(words.back(), candidates(before, words.back()));
}

int completion(const Console& console, std::span<const std::string> words) {
    if (words.size() != 1 || words.front() != "bash") {
        return console.fail(kUsage, "completion of what? only bash is known");
    }
    fmt::print(console.out, "{}", kBash);
    return kOk;
}

}  // namespace holdfast::ctl
