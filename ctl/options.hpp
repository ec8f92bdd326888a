#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "lib/core/result.hpp"

namespace holdfast::ctl {

/// Exit statuses of holdfastctl; scripts rely on them.
enum ExitStatus : int {
    kOk = 0,
    kNo = 1,  // predicate false, differences found, warnings with --strict
    kUsage = 2,
    kNotRunning = 3,  // nobody answers at the socket
    kNotPermitted = 4,
    kNoSuchObject = 5,
    kRefused = 6,  // by the daemon or by check: invalid configuration, conflicting state
    kTimedOut = 7,
    kInternal = 70,
};

enum class Format { table, json, pretty_json };

/// Where `show config` takes the configuration from.
enum class Source { running, candidate, defaults };

/// The command line: options anywhere, then the verb's words.
struct Options {
    std::string run_folder;
    Format format = Format::table;
    bool legend = true;
    bool wait = false;
    bool help = false;
    bool version = false;
    std::chrono::milliseconds timeout{10'000};

    // Verbs that read configurations.
    bool strict = false;
    bool all = false;
    bool origin = false;
    std::string node;      // --node; empty: this one
    std::string language;  // --to, --format: yaml, keepalived or json; empty: the verb's choice
    std::string output;    // -o; empty: standard output
    Source source = Source::running;

    std::vector<std::string> words;
};

/// Reads `arguments` (without the program's name). The error says which argument and what to do.
/// An option that does not go with the verb is an error.
[[nodiscard]] core::Result<Options> read_options(std::span<const char* const> arguments);

/// Names of the options that go with a verb ("show config"), or of all, for completion.
[[nodiscard]] std::vector<std::string> options_of(std::string_view verb);

/// True for an option whose value is the word behind it.
[[nodiscard]] bool takes_value(std::string_view argument);

/// Of the whole program, or of the verb that the words begin with.
[[nodiscard]] std::string usage(std::span<const std::string> words);

}  // namespace holdfast::ctl
