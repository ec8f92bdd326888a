#include "ctl/verbs.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "ctl/answer.hpp"
#include "ctl/check.hpp"
#include "ctl/completion.hpp"
#include "ctl/config_verbs.hpp"
#include "ctl/console.hpp"
#include "ctl/daemon.hpp"
#include "ctl/json.hpp"
#include "ctl/show.hpp"
#include "ctl/verb_table.hpp"
#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::Verb;

struct Shown {
    std::string_view word;
    std::string_view kind;
    std::array<std::optional<Verb>, 3> questions;
    Json::Array (*items)(const Answer&);
    std::string (*table)(const Answer&, bool legend);
};

constexpr std::array<Shown, 5> kShown{{
    {"status",
     "status",
     {messages::v1::VERB_SHOW_PROCESSES, messages::v1::VERB_SHOW_VRRP,
      messages::v1::VERB_SHOW_SERVICES},
     status_items,
     status_screen},
    {"vrrp", "vrrp", {messages::v1::VERB_SHOW_VRRP}, vrrp_items, vrrp_table},
    {"addresses", "addresses", {messages::v1::VERB_SHOW_VRRP}, address_items, address_table},
    {"services", "services", {messages::v1::VERB_SHOW_SERVICES}, service_items, service_table},
    {"processes", "processes", {messages::v1::VERB_SHOW_PROCESSES}, process_items, process_table},
}};

void merge(Answer& into, Answer from) {
    into.processes.MergeFrom(from.processes);
    into.vrrp.MergeFrom(from.vrrp);
    into.addresses.MergeFrom(from.addresses);
    into.services.MergeFrom(from.services);
    into.checks.MergeFrom(from.checks);
    into.stale = into.stale || from.stale;
    into.exit_status = std::max(into.exit_status, from.exit_status);
    into.messages.insert(into.messages.end(), from.messages.begin(), from.messages.end());
}

/// Keeps those whose names are among `names`.
template <class Instances>
void keep_among(Instances& instances, std::span<const std::string> names) {
    const auto unwanted = [&](const auto& instance) {
        return std::ranges::find(names, instance.name()) == names.end();
    };
    instances.erase(std::remove_if(instances.begin(), instances.end(), unwanted), instances.end());
}

/// Keeps the named routers only; complains about a name that no router has. Of addresses there are
/// also those of none, under a name of their own.
core::Status keep_named(Answer& answer, bool of_addresses, std::span<const std::string> names) {
    std::vector<std::string> known;
    for (const auto& instance : answer.vrrp.instances()) known.push_back(instance.name());
    if (of_addresses) {
        for (const auto& each : answer.addresses.instances()) known.push_back(each.name());
    }
    for (const std::string& name : names) {
        if (std::ranges::find(known, name) != known.end()) continue;
        const auto meant = core::closest(name, known);
        return core::Error(
            fmt::format("vrrp instance \"{}\" not found{}", name,
                        meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : ""));
    }
    keep_among(*answer.vrrp.mutable_instances(), names);
    keep_among(*answer.addresses.mutable_instances(), names);
    return core::Done{};
}

int show(const Console& console, std::span<const std::string> words) {
    const Options& options = console.options;
    const auto* shown = std::ranges::find(kShown, words.front(), &Shown::word);
    Answer answer;
    for (const auto verb : shown->questions) {
        if (!verb) continue;
        auto part = question(options, *verb);
        if (!part) return fail_to_ask(console, part.error());
        merge(answer, std::move(*part));
    }
    const bool of_addresses = shown->table == address_table;
    if (words.size() > 1) {
        if (auto kept = keep_named(answer, of_addresses, words.subspan(1)); !kept) {
            return console.fail(kNoSuchObject, kept.error().text());
        }
    }
    if (answer.stale) {
        fmt::print(console.complaints,
                   "holdfastctl: a daemon did not answer in time; its part is missing\n");
    }
    if (!console.for_machines()) {
        fmt::print(console.out, "{}", shown->table(answer, options.legend));
        const bool details = words.size() > 1 && !of_addresses;
        if (details) fmt::print(console.out, "{}", vrrp_details(answer));
    } else {
        console.print(envelope(shown->kind, shown->items(answer)));
    }
    return answer.exit_status;
}

/// reload and restart: the supervisor's messages, then its verdict.
int command(const Console& console, Verb verb, std::string_view kind, const std::string& argument) {
    auto answer = question(console.options, verb, argument);
    if (!answer) return fail_to_ask(console, answer.error());
    if (console.for_machines()) {
        Json::Array messages(answer->messages.begin(), answer->messages.end());
        Json result = Json::Object{{"ok", answer->exit_status == 0},
                                   {"exit_status", answer->exit_status},
                                   {"messages", std::move(messages)}};
        console.print(envelope(kind, {std::move(result)}));
        return answer->exit_status;
    }
    std::FILE* where = answer->exit_status == 0 ? console.out : console.complaints;
    for (const std::string& message : answer->messages) fmt::print(where, "{}\n", message);
    return answer->exit_status;
}

int reload(const Console& console, std::span<const std::string>) {
    return command(console, messages::v1::VERB_RELOAD, "reload", "");
}

int restart(const Console& console, std::span<const std::string> words) {
    if (words.size() != 1) return console.fail(kUsage, "restart what? vrrpd, checkerd or ipvsd");
    return command(console, messages::v1::VERB_RESTART, "restart", words.front());
}

int version(const Console& console, std::span<const std::string>) {
    fmt::print(console.out, "holdfastctl {}\n", HOLDFAST_VERSION);
    return kOk;
}

struct Action {
    std::string_view verb;
    /// `words` begin with the word behind the verb, or for the `show` verbs with their topic.
    int (*run)(const Console& console, std::span<const std::string> words);
    std::size_t most_words;
};

constexpr std::size_t kAny = 1000;
constexpr std::array kActions = {
    Action{"show status", show, 1},
    Action{"show vrrp", show, kAny},
    Action{"show addresses", show, kAny},
    Action{"show services", show, 1},
    Action{"show processes", show, 1},
    Action{"show config", show_config, kAny},
    Action{"check", check, kAny},
    Action{"convert", convert, 1},
    Action{"diff", diff, 2},
    Action{"schema", schema, 0},
    Action{"reload", reload, 0},
    Action{"restart", restart, kAny},
    Action{"completion", completion, kAny},
    Action{"version", version, 0},
};

}  // namespace

int run_verb(const Options& options, std::FILE* out, std::FILE* complaints) {
    const Console console{options, out, complaints};
    std::vector<std::string> words = options.words;
    if (words.empty()) words = {"show", "status"};
    if (options.version) words = {"version"};
    const VerbInfo* verb = find_verb(words);
    if (verb == nullptr) return console.fail(kUsage, unknown_verb(words));
    const auto* action = std::ranges::find(kActions, verb->words, &Action::verb);
    const auto rest = std::span<const std::string>(words).subspan(1);
    if (rest.size() > action->most_words) {
        return console.fail(kUsage,
                            fmt::format("{} is one word too many; see holdfastctl {} --help",
                                        rest[action->most_words], verb->words));
    }
    return action->run(console, rest);
}

}  // namespace holdfast::ctl
