#include "lib/config/yaml/json.hpp"

#include "lib/core/json_text.hpp"

namespace holdfast::config::yaml {

namespace {

class Printer {
  public:
    void print(const Node& node) {
        switch (node.kind) {
            case Node::Kind::null:
                out += "null";
                break;
            case Node::Kind::scalar:
                out += node.quoted ? core::json_text(node.text) : node.text;
                break;
            case Node::Kind::list:
                print_list(node);
                break;
            case Node::Kind::map:
                print_map(node);
                break;
        }
    }
    std::string out;

  private:
    void new_line() { out += "\n" + std::string(2 * depth_, ' '); }
    void print_list(const Node& node) {
        out += '[';
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            if (i > 0) out += ", ";
            print(node.items[i]);
        }
        out += ']';
    }
    void print_map(const Node& node) {
        out += '{';
        ++depth_;
        for (std::size_t i = 0; i < node.entries.size(); ++i) {
            if (i > 0) out += ',';
            new_line();
            out += core::json_text(node.entries[i].key) + ": ";
            print(node.entries[i].value);
        }
        --depth_;
        if (!node.entries.empty()) new_line();
        out += '}';
    }

    std::size_t depth_ = 0;
};

}  // namespace

std::string to_json(const Node& node) {
    Printer printer;
    printer.print(node);
    return std::move(printer.out) + "\n";
}

}  // namespace holdfast::config::yaml
