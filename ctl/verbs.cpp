#include "ctl/verbs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "ctl/answer.hpp"
#include "ctl/client.hpp"
#include "ctl/json.hpp"
#include "ctl/show.hpp"
#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::CtlRequest;
using messages::v1::Verb;

struct Console {
    const Options& options;
    std::FILE* out;
    std::FILE* complaints;

    /// A line on stderr; in JSON mode an error object on stdout as well.
    int fail(ExitStatus status, std::string_view text) const {
        fmt::print(complaints, "holdfastctl: {}\n", text);
        if (options.format != Format::table) {
            const Json error = Json::Object{
                {"error", Json::Object{{"code", static_cast<int>(status)}, {"message", text}}}};
            fmt::print(out, "{}\n", error.text(options.format == Format::pretty_json));
        }
        return status;
    }
};

int fail_to_ask(const Console& console, const core::Error& error) {
    const std::string& folder = console.options.run_folder;
    switch (error.code()) {
        case ENOENT:
        case ECONNREFUSED:
            return console.fail(kNotRunning,
                                fmt::format("holdfast is not running in {} (give --run-dir or "
                                            "--pid if it was started with one): {}",
                                            folder, error.text()));
        case EACCES:
        case EPERM:
            return console.fail(kNotPermitted,
                                error.text() + " (be root or in the group of the socket)");
        case ETIMEDOUT:
            return console.fail(kTimedOut, error.text());
        default:
            return console.fail(kInternal, error.text());
    }
}

core::Result<Answer> question(const Options& options, Verb verb, const std::string& argument = "") {
    CtlRequest request;
    request.set_verb(verb);
    request.set_wait(options.wait);
    if (!argument.empty()) request.set_argument(argument);
    auto replies = ask(options.run_folder, request, options.timeout);
    if (!replies) return replies.error();
    return assemble(*replies);
}

struct Shown {
    std::string_view word;
    std::string_view kind;
    std::array<std::optional<Verb>, 3> questions;
    Json::Array (*items)(const Answer&);
    std::string (*table)(const Answer&, bool legend);
};

constexpr std::array<Shown, 4> kShown{{
    {"status",
     "status",
     {messages::v1::VERB_SHOW_PROCESSES, messages::v1::VERB_SHOW_VRRP,
      messages::v1::VERB_SHOW_SERVICES},
     status_items,
     status_screen},
    {"vrrp", "vrrp", {messages::v1::VERB_SHOW_VRRP}, vrrp_items, vrrp_table},
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

/// Keeps the named routers only; complains about a name that no router has.
core::Status keep_named(Answer& answer, std::span<const std::string> names) {
    std::vector<std::string> known;
    for (const auto& instance : answer.vrrp.instances()) known.push_back(instance.name());
    for (const std::string& name : names) {
        if (std::ranges::find(known, name) != known.end()) continue;
        const auto meant = core::closest(name, known);
        return core::Error(
            fmt::format("vrrp instance \"{}\" not found{}", name,
                        meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : ""));
    }
    auto* instances = answer.vrrp.mutable_instances();
    const auto unwanted = [&](const auto& instance) {
        return std::ranges::find(names, instance.name()) == names.end();
    };
    instances->erase(std::remove_if(instances->begin(), instances->end(), unwanted),
                     instances->end());
    return core::Done{};
}

int show(const Console& console, std::span<const std::string> words) {
    const Options& options = console.options;
    const std::string topic = words.empty() ? "status" : words.front();
    const auto* shown = std::ranges::find(kShown, topic, &Shown::word);
    if (shown == kShown.end()) {
        std::vector<std::string> topics;
        for (const Shown& one : kShown) topics.emplace_back(one.word);
        const auto meant = core::closest(topic, topics);
        return console.fail(kUsage, fmt::format("show what? \"{}\" is not one of {}{}", topic,
                                                core::join(topics, ", "),
                                                meant ? "; did you mean " + *meant + "?" : ""));
    }
    Answer answer;
    for (const auto verb : shown->questions) {
        if (!verb) continue;
        auto part = question(options, *verb);
        if (!part) return fail_to_ask(console, part.error());
        merge(answer, std::move(*part));
    }
    if (words.size() > 1) {
        if (shown->word != "vrrp")
            return console.fail(kUsage, "names are understood after show vrrp");
        if (auto kept = keep_named(answer, words.subspan(1)); !kept) {
            return console.fail(kNoSuchObject, kept.error().text());
        }
    }
    if (answer.stale) {
        fmt::print(console.complaints,
                   "holdfastctl: a daemon did not answer in time; its part is missing\n");
    }
    if (options.format == Format::table) {
        fmt::print(console.out, "{}", shown->table(answer, options.legend));
    } else {
        fmt::print(console.out, "{}\n",
                   envelope(shown->kind, shown->items(answer))
                       .text(options.format == Format::pretty_json));
    }
    return answer.exit_status;
}

/// reload and restart: the supervisor's messages, then its verdict.
int command(const Console& console, Verb verb, std::string_view kind, const std::string& argument) {
    auto answer = question(console.options, verb, argument);
    if (!answer) return fail_to_ask(console, answer.error());
    if (console.options.format != Format::table) {
        Json::Array messages(answer->messages.begin(), answer->messages.end());
        const Json result = Json::Object{{"ok", answer->exit_status == 0},
                                         {"exit_status", answer->exit_status},
                                         {"messages", std::move(messages)}};
        fmt::print(console.out, "{}\n",
                   envelope(kind, {result}).text(console.options.format == Format::pretty_json));
        return answer->exit_status;
    }
    std::FILE* where = answer->exit_status == 0 ? console.out : console.complaints;
    for (const std::string& message : answer->messages) fmt::print(where, "{}\n", message);
    return answer->exit_status;
}

}  // namespace

int run_verb(const Options& options, std::FILE* out, std::FILE* complaints) {
    const Console console{options, out, complaints};
    const std::vector<std::string> words =
        options.words.empty() ? std::vector<std::string>{"show"} : options.words;
    const std::string& verb = words.front();
    const std::span<const std::string> rest = std::span(words).subspan(1);
    if (verb == "show") return show(console, rest);
    if (verb == "version") {
        fmt::print(out, "holdfastctl {}\n", HOLDFAST_VERSION);
        return kOk;
    }
    if (verb == "reload" && rest.empty()) {
        return command(console, messages::v1::VERB_RELOAD, "reload", "");
    }
    if (verb == "restart") {
        if (rest.size() != 1) return console.fail(kUsage, "restart what? vrrpd, checkerd or ipvsd");
        return command(console, messages::v1::VERB_RESTART, "restart", rest.front());
    }
    return console.fail(
        kUsage, fmt::format("unknown verb \"{}\"; see holdfastctl --help", core::join(words, " ")));
}

}  // namespace holdfast::ctl
