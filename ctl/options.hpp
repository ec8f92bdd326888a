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
    kNo = 1,  // predicate false, differences found
    kUsage = 2,
    kNotRunning = 3,  // nobody answers at the socket
    kNotPermitted = 4,
    kNoSuchObject = 5,
    kRefused = 6,  // by the daemon: invalid configuration, conflicting state
    kTimedOut = 7,
    kInternal = 70,
};

enum class Format { table, json, pretty_json };

/// The command line: options anywhere, then the verb's words.
struct Options {
    std::string run_folder;
    Format format = Format::table;
    bool legend = true;
    bool wait = false;
    bool help = false;
    bool version = false;
    std::chrono::milliseconds timeout{10'000};
    std::vector<std::string> words;
};

/// Reads `arguments` (without the program's name). The error says which argument and what to do.
[[nodiscard]] core::Result<Options> read_options(std::span<const char* const> arguments);

[[nodiscard]] std::string usage();

}  // namespace holdfast::ctl
