// Commands: vrrp_script and the notify keywords. docs/decisions/shell-words-in-scripts.md says why
// some run through a shell.
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

bool known_user(Binder& binder, std::string_view user, std::string_view group) {
    const HostFacts* host = binder.request().host;
    return host == nullptr ||
           (host->user(std::string(user)) && (group.empty() || host->group(std::string(group))));
}

/// A hint when the host knows a user or group of nearly this name.
std::string near_account(Binder& binder, std::string_view user, std::string_view group) {
    const HostFacts& host = *binder.request().host;
    return host.user(std::string(user)) ? did_you_mean_group(host, group)
                                        : did_you_mean_user(host, user);
}

void parse_script(Binder& binder, Targets targets, Node& node) {
    bind_command_line(binder, *target_as<v1::VrrpScript>(targets).mutable_script(), node);
}

void parse_weight(Binder& binder, Targets targets, Node& node) {
    auto& script = target_as<v1::VrrpScript>(targets);
    const auto number = read_integer(node.word(0), -253, 253);
    if (!number.problem.empty()) {
        binder.refuse(node, fmt::format("weight: {}", number.problem), Complaint::invalid_number);
    }
    script.set_weight(static_cast<std::int32_t>(number.value.value_or(0)));
    if (node.word(1) == "reverse") {
        script.set_reverse(true);
    } else if (node.words.size() > 1) {
        binder.report().error(
            Complaint::general, "bad_value", node.place_of(1),
            fmt::format("weight: '{}' is unknown; only reverse may follow", node.word(1)));
    }
}

void parse_user(Binder&, Targets targets, Node& node) {
    auto& script = *target_as<v1::VrrpScript>(targets).mutable_script();
    script.set_user(std::string(node.word(0)));
    if (node.words.size() > 1) script.set_group(std::string(node.word(1)));
}

void drop_last_script(Binder& binder) {
    binder.config().mutable_vrrp_scripts()->RemoveLast();
    binder.places().scripts.pop_back();
}

void parse_vrrp_script(Binder& binder, Targets, Node& node) {
    const std::string name(node.word(0));
    if (!binder.claim("vrrp_script", name)) {
        binder.report().warning(
            "duplicate", node.place_of(0),
            fmt::format("vrrp_script {} is there already; this block is skipped", name));
        return;
    }
    auto& script = *binder.config().add_vrrp_scripts();
    script.set_name(name);
    ObjectPlaces& places = binder.places().scripts.emplace_back();
    places.block = node.place;
    binder.report().set_object("vrrp_script " + name);
    google::protobuf::Message* const targets[] = {&script};
    binder.bind_block(targets, node, &places);
    const v1::Script& command = script.script();
    if (command.argv_size() == 0) {
        binder.report().error(Complaint::general, "no_command", node.place,
                              fmt::format("vrrp_script {} has no command and is dropped", name));
        drop_last_script(binder);
    } else if (command.has_user() && !known_user(binder, command.user(), command.group())) {
        binder.report()
            .error(Complaint::general, "unknown_user", places.of("user"),
                   fmt::format("vrrp_script {}: there is no user {} {}; it is dropped", name,
                               command.user(), command.group()))
            .hint = near_account(binder, command.user(), command.group());
        drop_last_script(binder);
    }
    binder.report().set_object({});
}

void write_vrrp_scripts(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& script : block_as<v1::Config>(block).vrrp_scripts()) {
        const google::protobuf::Message* const parts[] = {&script};
        out.open("vrrp_script", script.name());
        write_settings("vrrp_script", parts, out);
        out.close();
    }
}
void write_script(const google::protobuf::Message& block, LegacyText& out) {
    const v1::Script& script = block_as<v1::VrrpScript>(block).script();
    if (script.argv_size() > 0) out.command_line("script", script);
}
void write_weight(const google::protobuf::Message& block, LegacyText& out) {
    const auto& script = block_as<v1::VrrpScript>(block);
    if (!script.has_weight()) return;
    std::vector<std::string> words = {std::to_string(script.weight())};
    if (script.reverse()) words.emplace_back("reverse");
    out.statement_of("weight", words);
}
void write_user(const google::protobuf::Message& block, LegacyText& out) {
    const v1::Script& script = block_as<v1::VrrpScript>(block).script();
    if (!script.has_user()) return;
    std::vector<std::string> words = {script.user()};
    if (script.has_group()) words.push_back(script.group());
    out.statement_of("user", words);
}

constexpr Irregular kTable[] = {
    {"", "vrrp_script", parse_vrrp_script, write_vrrp_scripts},
    {"vrrp_script", "script", parse_script, write_script},
    {"vrrp_script", "weight", parse_weight, write_weight},
    {"vrrp_script", "user", parse_user, write_user},
};

}  // namespace

void bind_command_line(Binder& binder, v1::Script& script, const Node& node) {
    script.clear_argv();
    const auto words = split_script_words(node.rest);
    if (!words) {
        binder.refuse(node, fmt::format("{}: a quote or an escape is left open", node.keyword));
        return;
    }
    // One quoted word holds the command; without quotes the line is the command itself.
    bind_command(binder, script, node,
                 words->size() == 1 ? words->front() : std::string(node.rest));
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
    const std::string_view user = words->size() > 1 ? std::string_view((*words)[1]) : "";
    const std::string_view group = words->size() > 2 ? std::string_view((*words)[2]) : "";
    if (!user.empty() && !known_user(binder, user, group)) {
        // keepalived only logs this; arguments outside of the quotes are the usual cause.
        auto& warning = binder.report().warning(
            "unknown_user", node.place_of(1),
            fmt::format("{}: there is no user '{}'{}; the script is dropped", node.keyword, user,
                        group.empty() ? "" : fmt::format(" or no group '{}'", group)));
        warning.hint = near_account(binder, user, group);
        if (warning.hint.empty()) {
            warning.hint = "put the command and its arguments into one pair of quotes";
        }
        return;
    }
    if (!bind_command(binder, script, node, words->front())) return;
    if (!user.empty()) script.set_user(std::string(user));
    if (!group.empty()) script.set_group(std::string(group));
}

std::span<const Irregular> script_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
