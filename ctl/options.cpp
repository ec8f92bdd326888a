#include "ctl/options.hpp"

#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "lib/core/run_folder.hpp"
#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

constexpr std::string_view kHelp =
    "holdfastctl [OPTION...] VERB...\n"
    "\n"
    "  show status                  one screen: processes, routers, services, last reload "
    "(default)\n"
    "  show vrrp [NAME...]          virtual routers: state, priority, addresses, causes of a "
    "fault\n"
    "  show services                virtual services and their servers\n"
    "  show processes               the daemons, their rights and restarts\n"
    "  reload [--wait]              read the configuration again; with --wait tell the result\n"
    "  restart vrrpd|checkerd|ipvsd replace one daemon without a failover\n"
    "  version                      print the version\n"
    "\n"
    "  --run-dir DIR                the copy that was started with this --run-dir\n"
    "  --pid FILE                   the copy that was started with this pid file\n"
    "  --json[=pretty]              for machines: "
    "{\"api\":\"holdfast/1\",\"kind\":...,\"items\":[...]}\n"
    "  --no-legend                  no header and no footer\n"
    "  --timeout SECONDS            give up after so long (10)\n"
    "\n"
    "Exit status: 0 done, 1 no, 2 usage, 3 not running, 4 not permitted, 5 no such object,\n"
    "6 refused, 7 timed out, 70 internal error.\n";

/// The value of `--name VALUE` or `--name=VALUE`; moves `at` past what it took.
class Cursor {
  public:
    explicit Cursor(std::span<const char* const> arguments) : arguments_(arguments) {}

    [[nodiscard]] bool done() const { return at_ == arguments_.size(); }
    [[nodiscard]] std::string_view next() { return arguments_[at_++]; }

    [[nodiscard]] core::Result<std::string> value_of(std::string_view option,
                                                     std::string_view name) {
        if (option.size() > name.size()) return std::string(option.substr(name.size() + 1));
        if (done()) return core::Error(fmt::format("{} needs a value", name));
        return std::string(next());
    }

  private:
    std::span<const char* const> arguments_;
    std::size_t at_ = 0;
};

bool is(std::string_view argument, std::string_view name) {
    return argument == name ||
           (argument.starts_with(name) && argument.substr(name.size()).starts_with("="));
}

core::Result<std::chrono::milliseconds> read_timeout(const std::string& text) {
    const auto seconds = core::parse_number<double>(text);
    if (!seconds || *seconds <= 0 || *seconds > 86'400) {
        return core::Error(fmt::format("--timeout \"{}\": give seconds between 0 and 86400", text));
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000));
}

core::Status take(Options& options, Cursor& cursor, std::string_view argument) {
    if (is(argument, "--run-dir")) {
        auto folder = cursor.value_of(argument, "--run-dir");
        if (!folder) return folder.error();
        options.run_folder = *folder;
    } else if (is(argument, "--pid")) {
        auto file = cursor.value_of(argument, "--pid");
        if (!file) return file.error();
        options.run_folder = core::run_folder_for(*file);
    } else if (is(argument, "--timeout")) {
        auto text = cursor.value_of(argument, "--timeout");
        if (!text) return text.error();
        auto timeout = read_timeout(*text);
        if (!timeout) return timeout.error();
        options.timeout = *timeout;
    } else if (argument == "--json") {
        options.format = Format::json;
    } else if (argument == "--json=pretty") {
        options.format = Format::pretty_json;
    } else if (argument == "--no-legend") {
        options.legend = false;
    } else if (argument == "--wait") {
        options.wait = true;
    } else if (argument == "--help" || argument == "-h") {
        options.help = true;
    } else if (argument == "--version") {
        options.version = true;
    } else {
        return core::Error(fmt::format("unknown option {}; see holdfastctl --help", argument));
    }
    return core::Done{};
}

}  // namespace

core::Result<Options> read_options(std::span<const char* const> arguments) {
    Options options;
    options.run_folder = core::run_folder_for("");
    Cursor cursor(arguments);
    while (!cursor.done()) {
        const std::string_view argument = cursor.next();
        if (!argument.starts_with("-")) {
            options.words.emplace_back(argument);
        } else if (auto taken = take(options, cursor, argument); !taken) {
            return taken.error();
        }
    }
    return options;
}

std::string usage() {
    return std::string(kHelp);
}

}  // namespace holdfast::ctl
