#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace holdfast::supervisor {

/// What the command line asks for: keepalived's options with their meaning, and our own few.
struct Options {
    /// Called as `keepalived`: names, texts and default paths are keepalived's.
    bool drop_in = false;
    std::string config_file;          // -f; empty: the default of the mode
    std::string config_id;            // -i, for @id lines
    bool all_include_checks = false;  // -e: an include that finds nothing is an error
    bool config_test = false;
    std::string config_test_file;  // where diagnostics go instead of standard error

    bool foreground = false;   // -n
    bool log_console = false;  // -l
    unsigned log_detail = 0;   // -D, more with each
    bool no_syslog = false;    // -G
    bool dump_config = false;  // -d

    std::string main_pid_file;  // -p; empty: the default of the mode
    std::string vrrp_pid_file;
    std::string checkers_pid_file;

    bool vrrp_only = false;      // -P
    bool checks_only = false;    // -C
    bool keep_vrrp = false;      // -V: addresses stay at stop, no priority 0
    bool keep_services = false;  // -I: IPVS stays at stop
    bool respawn = true;         // cleared by -R
    bool ignore_sigint = false;
    bool core_dump = false;              // -m
    std::optional<unsigned> umask = {};  // -u

    std::string run_dir;                        // --run-dir; empty: core::run_folder_for
    std::chrono::milliseconds restart_grace{};  // --restart-grace

    /// Accepted options that change nothing here, to be named once in the log.
    std::vector<std::string> without_effect;
    /// Everything after the program's name, as it was written; appended to each role's own list.
    std::vector<std::string> arguments;
};

/// The command line is answered at once: help, version, a signal's number, or a mistake.
struct ExitNow {
    int status = 0;
    std::string output;  // to standard output
    std::string errors;  // to standard error
};

/// Reads `argv` (with the program's name) as keepalived reads it: getopt_long with abbreviations,
/// all mistakes reported at once with status 1, words that are no options reported and passed over.
[[nodiscard]] std::variant<Options, ExitNow> parse_options(std::span<const std::string> argv);

/// The text of -v; keepalived's three words come first in drop-in mode because tools parse them.
[[nodiscard]] std::string version_text(bool drop_in);

}  // namespace holdfast::supervisor
