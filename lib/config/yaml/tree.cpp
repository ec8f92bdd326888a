// The only file that knows yaml-cpp, and the only one that knows exceptions.
#include "lib/config/yaml/tree.hpp"

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace holdfast::config::yaml {

namespace {

/// Maps up to this size are searched for a key; larger ones get a table.
constexpr std::size_t kSmallMap = 16;

/// What ends the parsing of a text: a limit, or a second document. Caught in parse().
class Refused : public std::exception {
  public:
    Refused(const YAML::Mark& at, std::string text) : mark(at), text_(std::move(text)) {}
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
    YAML::Mark mark;

  private:
    std::string text_;
};

/// Reads from octets that somebody else owns.
class TextBuffer : public std::streambuf {
  public:
    explicit TextBuffer(std::string_view text) {
        char* begin = const_cast<char*>(text.data());  // NOLINT: streambuf does not write to it
        setg(begin, begin, begin + text.size());
    }
};

/// A node that an alias may name.
struct Anchored {
    Node node;
    std::size_t depth = 0;
    std::size_t nodes = 0;
};

std::size_t depth_of(const Node& node) {
    std::size_t below = 0;
    for (const Node& item : node.items) below = std::max(below, depth_of(item));
    for (const Entry& entry : node.entries) below = std::max(below, depth_of(entry.value));
    return below + 1;
}

std::size_t count_of(const Node& node) {
    std::size_t count = 1;
    for (const Node& item : node.items) count += count_of(item);
    for (const Entry& entry : node.entries) count += count_of(entry.value);
    return count;
}

/// Puts the events of yaml-cpp together to a tree.
class Builder : public YAML::EventHandler {
  public:
    Builder(const Source& source, const Limits& limits, Reporter& report)
        : source_(source), limits_(limits), report_(report) {}

    Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (started_) throw Refused(mark, "a second document; a file holds one");
        started_ = true;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        finish(made(mark, Node::Kind::null), anchor);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = made(mark, Node::Kind::scalar);
        node.quoted = tag == "!";
        node.text = value;
        refuse_tag(mark, tag);
        finish(std::move(node), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchored_.find(anchor);
        if (found == anchored_.end()) throw Refused(mark, "an alias inside of what it stands for");
        if (stack_.size() + found->second.depth > limits_.depth) too_deep(mark);
        count_aliased(mark, found->second.nodes);
        finish(found->second.node, 0);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::map);
    }
    void OnMapEnd() override { close(); }

  private:
    /// A list or map that is not complete.
    struct Open {
        Node node;
        YAML::anchor_t anchor = 0;
        Entry entry;  // of a map: the key that waits for its value
        bool has_key = false;
        bool drop = false;  // the pair is refused already
        std::unordered_map<std::string, Mark> keys;
    };

    [[nodiscard]] Mark mark_of(const YAML::Mark& mark) const {
        return {&source_, static_cast<std::uint32_t>(mark.line + 1),
                static_cast<std::uint32_t>(mark.column + 1)};
    }
    void error(const Mark& at, std::string_view class_name, std::string text,
               std::string hint = {}) {
        report_.error(Complaint::general, class_name, at.place(), std::move(text)).hint =
            std::move(hint);
    }
    [[noreturn]] void too_deep(const YAML::Mark& mark) const {
        throw Refused(mark, fmt::format("nested more than {} deep", limits_.depth));
    }
    void count(const YAML::Mark& mark, std::size_t nodes) {
        nodes_ += nodes;
        if (nodes_ > limits_.nodes) {
            throw Refused(mark,
                          fmt::format("more than {} values, aliases spelt out", limits_.nodes));
        }
    }
    void count_aliased(const YAML::Mark& mark, std::size_t nodes) {
        aliased_ += nodes;
        if (aliased_ > limits_.aliased) {
            throw Refused(mark,
                          fmt::format("aliases stand for more than {} values", limits_.aliased));
        }
        count(mark, nodes);
    }
    Node made(const YAML::Mark& mark, Node::Kind kind) {
        count(mark, 1);
        opened_ = mark;
        Node node;
        node.kind = kind;
        node.mark = mark_of(mark);
        return node;
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!") return;
        error(mark_of(mark), "yaml_tag", fmt::format("a tag ({}) has no meaning here", tag),
              "leave it out; the setting itself says what its value is");
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              Node::Kind kind) {
        if (stack_.size() >= limits_.depth) too_deep(mark);
        refuse_tag(mark, tag);
        stack_.emplace_back();
        stack_.back().node = made(mark, kind);
        stack_.back().anchor = anchor;
    }
    void close() {
        Open done = std::move(stack_.back());
        stack_.pop_back();
        finish(std::move(done.node), done.anchor);
    }
    void finish(Node node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            const std::size_t nodes = count_of(node);
            count_aliased(opened_, nodes);
            anchored_.insert_or_assign(anchor, Anchored{node, depth_of(node), nodes});
        }
        if (stack_.empty()) {
            root_ = std::move(node);
        } else if (stack_.back().node.is_list()) {
            stack_.back().node.items.push_back(std::move(node));
        } else if (!stack_.back().has_key) {
            take_key(std::move(node));
        } else {
            Open& map = stack_.back();
            map.entry.value = std::move(node);
            if (!map.drop) map.node.entries.push_back(std::move(map.entry));
            map.has_key = false;
        }
    }

    void take_key(Node key) {
        Open& map = stack_.back();
        map.has_key = true;
        map.drop = false;
        map.entry = Entry{std::move(key.text), key.mark, {}};
        if (!key.is_scalar()) {
            error(key.mark, "yaml_key", "a key must be a word");
            map.drop = true;
        } else if (map.entry.key == "<<" && !key.quoted) {
            error(key.mark, "yaml_merge_key", "a merge key (<<) is not read",
                  "vrrp.defaults, server_pools and overrides say once what is common");
            map.drop = true;
        } else if (const Mark* first = same_key(map)) {
            error(key.mark, "duplicate_key",
                  fmt::format("the key \"{}\" is there twice; the first is in line {}",
                              map.entry.key, first->line));
            map.drop = true;
        }
    }
    /// Where the key that `map` waits with was written before.
    static const Mark* same_key(Open& map) {
        auto& entries = map.node.entries;
        if (entries.size() < kSmallMap) {
            const auto found = std::ranges::find(entries, map.entry.key, &Entry::key);
            return found != entries.end() ? &found->mark : nullptr;
        }
        if (map.keys.empty()) {
            for (const Entry& entry : entries) map.keys.emplace(entry.key, entry.mark);
        }
        const auto [found, is_new] = map.keys.emplace(map.entry.key, map.entry.mark);
        return is_new ? nullptr : &found->second;
    }

    const Source& source_;
    const Limits& limits_;
    Reporter& report_;
    std::vector<Open> stack_;
    std::unordered_map<YAML::anchor_t, Anchored> anchored_;
    Node root_;
    std::size_t nodes_ = 0;
    std::size_t aliased_ = 0;
    YAML::Mark opened_;  // where the last node began
    bool started_ = false;
};

Place place_of(const Source& source, const YAML::Mark& mark) {
    if (mark.is_null() || mark.line < 0) return source.place(0, 0);
    return source.place(static_cast<std::uint32_t>(mark.line + 1),
                        static_cast<std::uint32_t>(mark.column + 1));
}

void complain(Reporter& report, const Place& place, std::string text) {
    report.error(Complaint::general, "yaml_syntax", place, std::move(text));
}

}  // namespace

const Entry* Node::find(std::string_view key) const {
    const auto found = std::ranges::find(entries, key, &Entry::key);
    return found != entries.end() ? &*found : nullptr;
}

Entry* Node::find(std::string_view key) {
    const auto found = std::ranges::find(entries, key, &Entry::key);
    return found != entries.end() ? &*found : nullptr;
}

void Node::erase(std::string_view key) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
}

Node& Node::add(std::string key, Node value) {
    const Mark place = value.mark;
    return entries.emplace_back(Entry{std::move(key), place, std::move(value)}).value;
}

Node Node::plain(std::string text) {
    Node node;
    node.kind = Kind::scalar;
    node.text = std::move(text);
    return node;
}

Node Node::string(std::string text) {
    Node node = plain(std::move(text));
    node.quoted = true;
    return node;
}

Node Node::boolean(bool value) {
    return plain(value ? "true" : "false");
}

Node Node::list() {
    return list(std::vector<Node>{});
}
Node Node::list(std::vector<Node> items) {
    Node node;
    node.kind = Kind::list;
    node.items = std::move(items);
    return node;
}

Node Node::map() {
    Node node;
    node.kind = Kind::map;
    return node;
}

std::optional<Node> parse(const Source& source, const Limits& limits, Reporter& report) {
    Builder builder(source, limits, report);
    TextBuffer buffer(source.text());
    std::istream stream(&buffer);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take();
    } catch (const Refused& refused) {
        complain(report, place_of(source, refused.mark), refused.what());
    } catch (const YAML::Exception& failure) {
        complain(report, place_of(source, failure.mark),
                 fmt::format("this is no YAML: {}", failure.msg));
    }
    return std::nullopt;
}

}  // namespace holdfast::config::yaml
