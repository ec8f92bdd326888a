#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/yaml/source.hpp"

namespace holdfast::config::yaml {

struct Entry;

/// A value of a YAML text: nothing, a scalar, a list or a map whose keys are texts. Scalars are
/// kept as they were written; who reads them decides what they mean.
struct Node {
    enum class Kind : std::uint8_t { null, scalar, list, map };
    Kind kind = Kind::null;
    bool quoted = false;  // of a scalar: it is a text, whatever it looks like
    Mark mark;
    std::string text;
    std::vector<Node> items;
    std::vector<Entry> entries;

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
    [[nodiscard]] bool is_list() const { return kind == Kind::list; }
    [[nodiscard]] bool is_map() const { return kind == Kind::map; }

    /// The entry of a map with this key, in linear time; nothing in other nodes.
    [[nodiscard]] const Entry* find(std::string_view key) const;
    [[nodiscard]] Entry* find(std::string_view key);
    void erase(std::string_view key);
    /// Adds an entry behind the others, whether the key is there or not.
    Node& add(std::string key, Node value);

    /// A plain word: a number, a duration, a name.
    [[nodiscard]] static Node plain(std::string text);
    /// A text that must stay one.
    [[nodiscard]] static Node string(std::string text);
    [[nodiscard]] static Node boolean(bool value);
    [[nodiscard]] static Node list();
    [[nodiscard]] static Node list(std::vector<Node> items);
    [[nodiscard]] static Node map();
};

struct Entry {
    std::string key;
    Mark mark;
    Node value;
};

/// Bounds of one text. An alias counts as many nodes as it stands for, and all aliases together
/// may stand for so many only: a short text must not become a large tree.
struct Limits {
    std::size_t depth = 100;
    std::size_t nodes = 8'000'000;
    std::size_t aliased = 500'000;
};

/// Parses one document. Nothing, and findings, when the text is no YAML; findings alone for what we
/// do not take: tags, merge keys, keys that are no text, keys that are there twice. `source` must
/// outlive the tree. Linear in the size of the text.
[[nodiscard]] std::optional<Node> parse(const Source& source, const Limits& limits,
                                        Reporter& report);

}  // namespace holdfast::config::yaml
