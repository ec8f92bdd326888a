// Commands: a list of words, or a text that is split as keepalived splits a script.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/config/lexer.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

constexpr std::array<std::string_view, 5> kShellOperators = {"&&", "||", "|", ";", "[["};

void read_list(Reader& reader, const Node& value, v1::Script& script) {
    for (const Node& item : value.items) {
        if (const std::string* word = reader.text_of(item, "a word of the command")) {
            script.add_argv(*word);
        }
    }
    if (value.items.empty()) reader.refuse(value, {"a command has at least one word", {}});
}

void read_line(Reader& reader, const Node& value, v1::Script& script) {
    const auto arguments = to_arguments(value.text);
    if (!arguments || arguments->empty()) {
        reader.refuse(value, {"the command ends in an open quote or escape, or is empty", {}});
        return;
    }
    for (const Argument& argument : *arguments) {
        const bool shell = argument.bare && std::ranges::find(kShellOperators, argument.text) !=
                                                kShellOperators.end();
        if (shell) {
            reader.refuse(value, {fmt::format("{} means something to a shell only", argument.text),
                                  "write [/bin/sh, -c, \"...\"]"});
            script.clear_argv();
            return;
        }
        script.add_argv(argument.text);
    }
}

void read_command(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    auto& script = static_cast<v1::Script&>(owner);
    script.clear_argv();
    if (value.is_list()) {
        read_list(reader, value, script);
    } else if (reader.text_of(value, "a list of words") != nullptr) {
        read_line(reader, value, script);
    }
}

std::optional<Node> write_command(const google::protobuf::Message& owner) {
    const auto& script = static_cast<const v1::Script&>(owner);
    if (script.argv_size() == 0) return std::nullopt;
    Node list = Node::list();
    for (const std::string& word : script.argv()) list.items.push_back(Node::string(word));
    return list;
}

Node command_schema() {
    Node list = list_of(typed("string"));
    list.add("minItems", Node::plain("1"));
    return any_of({std::move(list), typed("string")});
}

}  // namespace

std::span<const KeyForm> script_keys() {
    static const std::array kKeys = {KeyForm{
        "Script",
        "command",
        {"argv"},
        read_command,
        write_command,
        command_schema,
        "[PROGRAM, ARGUMENT, ...]",
        "Program and arguments, as a list of words or as one text with quotes and escapes."}};
    return kKeys;
}

}  // namespace holdfast::config::yaml
