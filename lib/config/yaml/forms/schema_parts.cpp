#include "lib/config/yaml/forms/schema_parts.hpp"

#include <utility>

namespace holdfast::config::yaml {

Node typed(std::string_view type) {
    Node schema = Node::map();
    schema.add("type", Node::string(std::string(type)));
    return schema;
}

Node text_with(std::string pattern) {
    Node schema = typed("string");
    schema.add("pattern", Node::string(std::move(pattern)));
    return schema;
}

Node list_of(Node items) {
    Node schema = typed("array");
    schema.add("items", std::move(items));
    return schema;
}

Node any_of(std::vector<Node> choices) {
    Node schema = Node::map();
    schema.add("anyOf", Node::list(std::move(choices)));
    return schema;
}

Node words_schema(const std::vector<std::string>& words) {
    Node list = Node::list();
    for (const std::string& word : words) list.items.push_back(Node::string(word));
    Node schema = Node::map();
    schema.add("enum", std::move(list));
    return schema;
}

Node reference_to(std::string_view definition) {
    Node schema = Node::map();
    schema.add("$ref", Node::string("#/definitions/" + std::string(definition)));
    return schema;
}

std::string_view address_pattern() {
    return "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$";
}
std::string_view network_pattern() {
    return "^(default|any|all|default6|([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)"
           "(/[0-9]{1,3})?)$";
}
std::string_view prefix_pattern() {
    return "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$";
}
std::string_view endpoint_pattern() {
    return "^([0-9]{1,3}(\\.[0-9]{1,3}){3}(:[0-9]{1,5})?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|"
           "\\[[0-9A-Fa-f:.]+\\](:[0-9]{1,5})?)$";
}
std::string_view duration_pattern() {
    return "^([0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d))+$";
}
std::string_view size_pattern() {
    return "^([0-9]+(\\.[0-9]+)?(B|kB|KiB|MB|MiB|GB|GiB))+$";
}

}  // namespace holdfast::config::yaml
