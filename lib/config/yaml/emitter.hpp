#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/config/yaml/tree.hpp"

namespace google::protobuf {
class Message;
}

namespace holdfast::config::yaml {

/// A key with its value, or an entry of a list, and what it stands for in the model.
struct Line {
    enum class Kind : unsigned char { value, map, list };
    Kind kind = Kind::value;
    std::string key;  // empty in a list
    Node value;       // of Kind::value; small maps and lists stand on the line
    std::vector<Line> children;
    bool in_list = false;
    bool named = false;  // a map whose keys are names of objects
    bool secret = false;
    const google::protobuf::Message* holder = nullptr;  // whose map it stands in
    const google::protobuf::Message* owner = nullptr;   // whose field it is, inside of that
    const google::protobuf::Message* object = nullptr;  // that its children describe
    std::string_view keyword;                           // keepalived's, of a setting
    std::vector<std::string> above;                     // comments, without their sign
    std::string behind;
};

/// The text of a map's entries, in block style: maps on lines of their own, short lists of plain
/// values in brackets. Every reader of YAML 1.1 and 1.2 reads the same values.
[[nodiscard]] std::string text_of(const std::vector<Line>& lines);

/// The value on one line.
[[nodiscard]] std::string inline_text(const Node& node);

/// `text` as a scalar that is read as that text: quoted where it must be.
[[nodiscard]] std::string scalar_text(std::string_view text);

/// False when YAML has no way to say it: broken UTF-8.
[[nodiscard]] bool is_sayable(std::string_view text);

}  // namespace holdfast::config::yaml
