#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace holdfast::config {

namespace v1 {
class Config;
}

/// The language whose words and spelling something is said in.
enum class Language : unsigned char { legacy, yaml };

/// A configuration as a tree of objects and settings, in the words of one of the languages:
/// keepalived's blocks and statements, or YAML's maps and keys.
struct OutlineNode {
    std::string name;   // "vrrp_instance VI_1", "priority"; of an entry of a list nothing
    std::string value;  // of a setting, as people write it
    /// What it is matched by among its siblings: the name, or what identifies an entry.
    std::string key;
    bool is_object = false;  // something with a name of its own; else a setting or a group of them
    bool is_leaf = true;
    bool secret = false;
    const google::protobuf::Message* holder = nullptr;  // whose setting it is
    const google::protobuf::Message* object = nullptr;  // the object itself
    std::string_view keyword;                           // keepalived's, of a setting
    std::vector<OutlineNode> children;
};

/// The nodes point into `config`, which must outlive them.
[[nodiscard]] std::vector<OutlineNode> outline(const v1::Config& config, Language language);

}  // namespace holdfast::config
