// Commands: of the notify keywords, of vrrp_script and of MISC_CHECK.
// docs/decisions/shell-words-in-scripts.md says why some run through a shell.
#include <array>

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/near_names.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::array<std::string_view, 4> kShellOperators = {"&&", "||", "|", ";"};

/// What only a shell understands: an operator as a word of its own, or `[[` as the command.
bool wants_shell(const std::vector<Argument>& arguments) {
    if (arguments.empty()) return false;
    if (arguments.front().bare && arguments.front().text == "[[") return true;
    return std::ranges::any_of(arguments, [](const Argument& argument) {
        return argument.bare &&
               std::ranges::find(kShellOperators, argument.text) != kShellOperators.end();
    });
}

void bind_shell(Binder& binder, v1::Script& script, const Node& node, const std::string& command) {
    const bool bash = core::trim(command).starts_with("[[");
    script.add_argv(bash ? "/bin/bash" : "/bin/sh");
    script.add_argv("-c");
    script.add_argv(command);
    const std::string text =
        fmt::format("the command holds shell syntax and is run by {} -c", script.argv(0));
    if (bash) {
        binder.report().error(Complaint::general, "shell_script", node.place_of(0), text).hint =
            "keepalived looks for a program named [[ and disables the script; `test` is one";
    } else {
        binder.report().warning("shell_script", node.place_of(0), text).hint =
            "keepalived passes these words to the command as arguments";
    }
}

/// The command of a script; false when the words cannot be split.
bool bind_command(Binder& binder, v1::Script& script, const Node& node,
                  const std::string& command) {
    const auto arguments = to_arguments(command);
    if (!arguments || arguments->empty()) {
        binder.refuse(node,
                      fmt::format("{}: the command ends in an open quote or escape, or is empty",
                                  node.keyword));
        return false;
    }
    if (wants_shell(*arguments)) {
        bind_shell(binder, script, node, command);
        return true;
    }
    for (const Argument& argument : *arguments) script.add_argv(argument.text);
    return true;
}

/// keepalived 2.2 takes the backslash away before it looks for quotes, so that `"sh -c \"a b\""`
/// runs `a b`; 2.4 keeps it, and the quote is a character of the command.
void warn_escaped_quotes(Binder& binder, const Node& node, std::string_view command) {
    if (command.find("\\\"") == std::string_view::npos) return;
    binder.report()
        .warning("escaped_quote", node.place_of(0),
                 fmt::format("{}: \\\" is a character of the command and keeps no words together, "
                             "unlike in keepalived 2.2",
                             node.keyword))
        .hint = "write '...' within \"...\" for words that belong together";
}

}  // namespace

void bind_command_line(Binder& binder, v1::Script& script, const Node& node) {
    script.clear_argv();
    const auto words = split_script_words(node.rest);
    if (!words) {
        binder.refuse(node, fmt::format("{}: a quote or an escape is left open", node.keyword));
        return;
    }
    // One quoted word holds the command; without quotes the line is the command itself.
    const std::string command = words->size() == 1 ? words->front() : std::string(node.rest);
    if (bind_command(binder, script, node, command)) warn_escaped_quotes(binder, node, command);
}

void bind_script(Binder& binder, v1::Script& script, const Node& node) {
    if (script.argv_size() > 0) {
        binder.refuse(node, fmt::format("{} is given already; this one is ignored", node.keyword));
        return;
    }
    const auto words = split_script_words(node.rest);
    if (!words || words->empty()) {
        if (!node.words.empty()) {
            binder.refuse(node, fmt::format("{}: a quote or an escape is left open", node.keyword));
        }
        return;
    }
    const std::string user = words->size() > 1 ? (*words)[1] : "";
    const std::string group = words->size() > 2 ? (*words)[2] : "";
    const HostFacts* host = binder.request().host;
    if (!user.empty() && !knows_account(host, user, group)) {
        // keepalived only logs this; arguments outside of the quotes are the usual cause.
        auto& warning = binder.report().warning(
            "unknown_user", node.place_of(1),
            fmt::format("{}: there is no user '{}'{}; the script is dropped", node.keyword, user,
                        group.empty() ? "" : fmt::format(" or no group '{}'", group)));
        warning.hint = did_you_mean_account(*host, user, group);
        if (warning.hint.empty()) {
            warning.hint = "put the command and its arguments into one pair of quotes";
        }
        return;
    }
    if (!bind_command(binder, script, node, words->front())) return;
    warn_escaped_quotes(binder, node, words->front());
    if (!user.empty()) script.set_user(std::string(user));
    if (!group.empty()) script.set_group(std::string(group));
}

}  // namespace holdfast::config
