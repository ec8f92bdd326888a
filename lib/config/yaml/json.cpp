#include "lib/config/yaml/json.hpp"

#include <fmt/format.h>

namespace holdfast::config::yaml {

namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

class Printer {
  public:
    void print(const Node& node) {
        switch (node.kind) {
            case Node::Kind::null:
                out += "null";
                break;
            case Node::Kind::scalar:
                out += node.quoted ? quoted(node.text) : node.text;
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
            out += quoted(node.entries[i].key) + ": ";
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
