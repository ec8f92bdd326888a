#include "ctl/options.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "ctl/verb_table.hpp"
#include "lib/core/run_folder.hpp"
#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

using core::Done;
using core::Error;
using core::Status;

/// One option. `value` names what follows it; one in brackets is optional and needs `=`.
struct OptionInfo {
    std::string_view name;
    std::string_view letter;  // "-o"
    std::string_view value;
    std::string_view verbs;  // separated by ';'; empty: all
    std::string_view help;
    Status (*set)(Options& options, const std::string& value);
};

Status set_timeout(Options& options, const std::string& text) {
    const auto seconds = core::parse_number<double>(text);
    if (!seconds || *seconds <= 0 || *seconds > 86'400) {
        return Error(fmt::format("--timeout \"{}\": give seconds between 0 and 86400", text));
    }
    options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000));
    return Done{};
}

Status set_json(Options& options, const std::string& style) {
    if (!style.empty() && style != "pretty") {
        return Error(fmt::format("--json={}: only --json and --json=pretty are known", style));
    }
    options.format = style.empty() ? Format::json : Format::pretty_json;
    return Done{};
}

Status set_language(Options& options, const std::string& language) {
    constexpr std::array<std::string_view, 3> kLanguages = {"yaml", "keepalived", "json"};
    if (std::ranges::find(kLanguages, language) == kLanguages.end()) {
        return Error(fmt::format("\"{}\": give yaml, keepalived or json", language));
    }
    options.language = language;
    return Done{};
}

constexpr OptionInfo kOptions[] = {
    {"--run-dir", "", "DIR", "", "the copy that was started with this --run-dir",
     [](Options& options, const std::string& value) -> Status {
         options.run_folder = value;
         return Done{};
     }},
    {"--pid", "", "FILE", "", "the copy that was started with this pid file",
     [](Options& options, const std::string& value) -> Status {
         options.run_folder = core::run_folder_for(value);
         return Done{};
     }},
    {"--timeout", "", "SECONDS", "", "give up after so long (10)", set_timeout},
    {"--json", "", "[pretty]", "",
     "for machines: {\"api\":\"holdfast/1\",\"kind\":...,\"items\":[...]}", set_json},
    {"--no-legend", "", "",
     "show status;show vrrp;show addresses;show services;show processes;show config",
     "no header and no footer",
     [](Options& options, const std::string&) -> Status {
         options.legend = false;
         return Done{};
     }},
    {"--wait", "", "", "reload", "wait for the result and tell it",
     [](Options& options, const std::string&) -> Status {
         options.wait = true;
         return Done{};
     }},
    {"--strict", "", "", "check", "warnings fail too",
     [](Options& options, const std::string&) -> Status {
         options.strict = true;
         return Done{};
     }},
    {"--all", "", "", "check", "every finding, not only 20",
     [](Options& options, const std::string&) -> Status {
         options.all = true;
         return Done{};
     }},
    {"--node", "", "NAME", "check;convert;diff;show config",
     "as this node reads it: for @NAME lines and overrides",
     [](Options& options, const std::string& value) -> Status {
         options.node = value;
         return Done{};
     }},
    {"--to", "", "LANGUAGE", "convert", "yaml or keepalived; by default the other one",
     set_language},
    {"--output", "-o", "FILE", "convert;schema", "write to FILE, which is replaced in one step",
     [](Options& options, const std::string& value) -> Status {
         options.output = value;
         return Done{};
     }},
    {"--running", "", "", "show config", "what the daemons work with (default)",
     [](Options& options, const std::string&) -> Status {
         options.source = Source::running;
         return Done{};
     }},
    {"--candidate", "", "", "show config", "the daemon's file as it is now",
     [](Options& options, const std::string&) -> Status {
         options.source = Source::candidate;
         return Done{};
     }},
    {"--defaults", "", "", "show config", "every setting with its default",
     [](Options& options, const std::string&) -> Status {
         options.source = Source::defaults;
         return Done{};
     }},
    {"--format", "", "LANGUAGE", "show config", "yaml (default), keepalived or json", set_language},
    {"--origin", "", "", "show config", "where each object was written",
     [](Options& options, const std::string&) -> Status {
         options.origin = true;
         return Done{};
     }},
    {"--help", "-h", "", "", "this text; behind a verb, about that verb",
     [](Options& options, const std::string&) -> Status {
         options.help = true;
         return Done{};
     }},
    {"--version", "", "", "", "print the version",
     [](Options& options, const std::string&) -> Status {
         options.version = true;
         return Done{};
     }},
};

bool goes_with(const OptionInfo& option, std::string_view verb) {
    if (option.verbs.empty()) return true;
    const auto verbs = core::split(option.verbs, ';');
    return std::ranges::find(verbs, verb) != verbs.end();
}

std::string written(const OptionInfo& option) {
    std::string text(option.name);
    if (!option.letter.empty()) text = fmt::format("{}, {}", option.letter, text);
    if (option.value.starts_with('[')) return text + "[=" + std::string(option.value.substr(1));
    return option.value.empty() ? text : fmt::format("{} {}", text, option.value);
}

/// Reads one argument after the other and remembers which options were there.
class Reader {
  public:
    explicit Reader(std::span<const char* const> arguments) : arguments_(arguments) {}

    core::Result<Options> read();

  private:
    Status take(std::string_view argument);
    Status take_value(const OptionInfo& option, std::optional<std::string> value);
    [[nodiscard]] Status check_verb() const;

    std::span<const char* const> arguments_;
    std::size_t at_ = 0;
    Options options_;
    std::vector<const OptionInfo*> seen_;
};

Error unknown_option(std::string_view argument) {
    std::vector<std::string> names;
    for (const OptionInfo& option : kOptions) names.emplace_back(option.name);
    const auto near = core::closest(argument, names);
    return Error(fmt::format("unknown option {}{}; see holdfastctl --help", argument,
                             near ? fmt::format("; did you mean {}?", *near) : ""));
}

Status Reader::take_value(const OptionInfo& option, std::optional<std::string> value) {
    const bool optional = option.value.starts_with('[');
    if (option.value.empty() && value) {
        return Error(fmt::format("{} takes no value", option.name));
    }
    if (!option.value.empty() && !optional && !value) {
        if (at_ == arguments_.size()) return Error(fmt::format("{} needs a value", option.name));
        value = arguments_[at_++];
    }
    seen_.push_back(&option);
    return option.set(options_, value.value_or(""));
}

Status Reader::take(std::string_view argument) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const auto* option = std::ranges::find_if(kOptions, [&](const OptionInfo& known) {
        return known.name == name || (!known.letter.empty() && known.letter == argument);
    });
    if (option == std::end(kOptions)) return unknown_option(argument);
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = std::string(argument.substr(equals + 1));
    return take_value(*option, std::move(value));
}

Status Reader::check_verb() const {
    const std::vector<std::string> words =
        options_.words.empty() ? std::vector<std::string>{"show", "status"} : options_.words;
    const VerbInfo* verb = find_verb(words);
    if (verb == nullptr) return Done{};  // the verb itself is the mistake
    for (const OptionInfo* option : seen_) {
        if (goes_with(*option, verb->words)) continue;
        return Error(fmt::format("{} does not go with {}; see holdfastctl {} --help", option->name,
                                 verb->words, verb->words));
    }
    return Done{};
}

core::Result<Options> Reader::read() {
    options_.run_folder = core::run_folder_for("");
    bool only_words = false;
    while (at_ < arguments_.size()) {
        const std::string_view argument = arguments_[at_++];
        if (argument == "--" && !only_words) {
            only_words = true;
        } else if (only_words || !argument.starts_with("-") || argument == "-") {
            options_.words.emplace_back(argument);
        } else if (Status taken = take(argument); !taken) {
            return taken.error();
        }
    }
    if (options_.words.size() == 1 && options_.words.front() == "show") {
        options_.words.emplace_back("status");
    }
    if (Status fits = check_verb(); !fits) return fits.error();
    return options_;
}

std::string option_lines(std::string_view verb) {
    std::string text;
    for (const OptionInfo& option : kOptions) {
        if (verb.empty() ? !option.verbs.empty() : !goes_with(option, verb)) continue;
        text += fmt::format("  {:<28} {}\n", written(option), option.help);
    }
    return text;
}

}  // namespace

core::Result<Options> read_options(std::span<const char* const> arguments) {
    return Reader(arguments).read();
}

std::vector<std::string> options_of(std::string_view verb) {
    std::vector<std::string> names;
    for (const OptionInfo& option : kOptions) {
        if (verb.empty() || goes_with(option, verb)) names.emplace_back(option.name);
    }
    return names;
}

bool takes_value(std::string_view argument) {
    const auto* option = std::ranges::find_if(kOptions, [&](const OptionInfo& known) {
        return known.name == argument || (!known.letter.empty() && known.letter == argument);
    });
    return option != std::end(kOptions) && !option->value.empty() &&
           !option->value.starts_with('[');
}

std::string usage(std::span<const std::string> words) {
    if (const VerbInfo* verb = find_verb(words)) {
        const std::string_view blank = verb->arguments.empty() ? "" : " ";
        return fmt::format("holdfastctl {}{}{} [OPTION...]\n\n{}.\n{}{}\n{}", verb->words, blank,
                           verb->arguments, verb->summary, verb->details,
                           verb->details.empty() ? "" : "\n", option_lines(verb->words));
    }
    std::string text = "holdfastctl [OPTION...] VERB...\n\n";
    for (const VerbInfo& verb : verb_table()) {
        text += fmt::format("  {:<28} {}\n", fmt::format("{} {}", verb.words, verb.arguments),
                            verb.summary);
    }
    return text + "\n" + option_lines("") +
           "\nMore options go with some verbs: holdfastctl VERB --help.\n"
           "\n"
           "Exit status: 0 done, 1 no, 2 usage, 3 not running, 4 not permitted, 5 no such object,\n"
           "6 refused, 7 timed out, 70 internal error.\n";
}

}  // namespace holdfast::ctl
