#include "lib/config/yaml/writer.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/names.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "lib/config/yaml/secrets.hpp"
#include "lib/config/yaml/shape.hpp"
#include "proto/config.pb.h"

namespace holdfast::config {

namespace yaml {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

bool is_set(const Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                : reflection->HasField(message, field);
}

Line value_line(Node value) {
    Line line;
    line.value = std::move(value);
    return line;
}

Line map_line(std::vector<Line> children, const Message& object) {
    Line line;
    line.kind = Line::Kind::map;
    line.children = std::move(children);
    line.object = &object;
    return line;
}

/// Walks the shape of the model along a Config.
class Writer {
  public:
    /// `whole` is the map of the message, `map` itself or one around it.
    std::vector<Line> map(const Map& map, const Message& message, const Map& whole) {
        std::vector<Line> lines;
        for (const Key& key : map.keys) {
            if (key.from_file) continue;
            if (map.one_of && find_at(message, key.made, key.made.size()) == nullptr) continue;
            if (stands_elsewhere(key, message, whole)) continue;
            add_key(key, message, whole, lines);
        }
        return lines;
    }

    std::vector<std::string> take_problems() { return std::move(problems_); }

  private:
    /// The only entry of some lists stands in the map around it; several stand in the list.
    bool stands_elsewhere(const Key& key, const Message& message, const Map& whole) {
        if (key.inlined) {
            const Message* owner = find_at(message, key.field, key.field.size() - 1);
            return owner != nullptr && is_single(*owner, key.field.back(), whole);
        }
        for (const Path* path : {&key.field, &key.owner, &key.made}) {
            const bool is_owner = path == &key.owner;
            for (std::size_t i = 0; i + (is_owner ? 0 : 1) < path->size(); ++i) {
                if (!(*path)[i]->is_repeated()) continue;
                const Message* owner = find_at(message, *path, i);
                return owner == nullptr || !is_single(*owner, (*path)[i], whole);
            }
        }
        return false;
    }
    /// One entry, in which something is said and all of it can be said in the map around it.
    bool is_single(const Message& owner, const FieldDescriptor* field, const Map& whole) {
        const auto* reflection = owner.GetReflection();
        if (reflection->FieldSize(owner, field) != 1) return false;
        const Message& entry = reflection->GetRepeatedMessage(owner, field, 0);
        if (&entry != single_) {  // asked for by every key that leads into it
            single_ = &entry;
            single_fits_ = entry.ByteSizeLong() > 0 && stands_inline(whole, field, entry);
        }
        return single_fits_;
    }

    void add_key(const Key& key, const Message& message, const Map& whole,
                 std::vector<Line>& lines) {
        std::optional<Line> value = value_of(key, message);
        std::vector<Line> below;
        bool is_map = false;
        if (key.below) {
            below = map(*key.below, message, whole);
            is_map = !below.empty() ||
                     (!key.made.empty() && find_at(message, key.made, key.made.size()) != nullptr);
        }
        if (value && !below.empty()) {
            problem(
                fmt::format("{}: its own value cannot stand beside what is below it", key.name));
        }
        const bool is_main =
            !key.main.empty() && below.size() == 1 && below.front().key == key.main &&
            below.front().kind == Line::Kind::value && !below.front().value.is_map();
        if (is_main) {
            below.front().key = key.name;
            if (!key.made.empty()) {
                below.front().object = find_at(message, key.made, key.made.size());
            }
            lines.push_back(std::move(below.front()));
        } else if (!below.empty() || (is_map && !value)) {
            Line line;
            line.kind = Line::Kind::map;
            line.children = std::move(below);
            if (!key.made.empty()) line.object = find_at(message, key.made, key.made.size());
            add(key, message, std::move(line), lines);
        } else if (value) {
            add(key, message, std::move(*value), lines);
        }
    }

    void add(const Key& key, const Message& message, Line line, std::vector<Line>& lines) {
        line.key = key.name;
        line.holder = &message;
        line.owner = key.form != nullptr ? find_at(message, key.owner, key.owner.size())
                                         : find_at(message, key.field,
                                                   key.field.empty() ? 0 : key.field.size() - 1);
        if (const FieldDescriptor* field = field_of(key)) {
            line.keyword = setting_of(field).keyword();
            line.secret = setting_of(field).secret();
        }
        lines.push_back(std::move(line));
    }

    static const FieldDescriptor* field_of(const Key& key) {
        if (!key.field.empty()) return key.field.back();
        if (key.form == nullptr) return key.made.empty() ? nullptr : key.made.back();
        for (const FieldDescriptor* field : fields_of(*key.form)) {
            if (setting_of(field).has_keyword()) return field;
        }
        return nullptr;
    }

    std::optional<Line> value_of(const Key& key, const Message& message) {
        if (key.form != nullptr) {
            const Message* owner = find_at(message, key.owner, key.owner.size());
            if (owner == nullptr) return std::nullopt;
            auto node = key.form->write(*owner);
            if (!node) return std::nullopt;
            check(*node);
            return value_line(std::move(*node));
        }
        if (key.field.empty()) return std::nullopt;
        const FieldDescriptor* field = key.field.back();
        const Message* owner = find_at(message, key.field, key.field.size() - 1);
        if (owner == nullptr || !is_set(*owner, field)) return std::nullopt;
        if (field->message_type() == nullptr) return values(*owner, field);
        if (map_key_of(field) != nullptr) return by_name(*owner, field);
        if (field->is_repeated()) return list(*owner, field);
        return entry(owner->GetReflection()->GetMessage(*owner, field));
    }

    std::optional<Line> values(const Message& owner, const FieldDescriptor* field) {
        if (!field->is_repeated()) return value_line(checked(write_scalar(owner, field)));
        Node list = Node::list();
        const int count = owner.GetReflection()->FieldSize(owner, field);
        for (int i = 0; i < count; ++i)
            list.items.push_back(checked(write_scalar(owner, field, i)));
        return value_line(std::move(list));
    }

    Line list(const Message& owner, const FieldDescriptor* field) {
        Line all;
        all.kind = Line::Kind::list;
        const auto* reflection = owner.GetReflection();
        for (int i = 0; i < reflection->FieldSize(owner, field); ++i) {
            Line line = entry(reflection->GetRepeatedMessage(owner, field, i));
            line.in_list = true;
            all.children.push_back(std::move(line));
        }
        return all;
    }

    /// Checks that all servers of a service have alike stand once, in the service.
    static void hoist_checks(std::vector<Line>& service) {
        const auto named = [](std::string_view key) {
            return [key](const Line& line) { return line.key == key; };
        };
        const auto servers = std::ranges::find_if(service, named("servers"));
        if (servers == service.end() || servers->children.size() < 2) return;
        std::optional<std::string> common;
        for (const Line& server : servers->children) {
            const auto checks = std::ranges::find_if(server.children, named("checks"));
            if (checks == server.children.end()) return;
            std::string text = text_of({*checks});
            if (!common)
                common = std::move(text);
            else if (*common != text)
                return;
        }
        std::optional<Line> hoisted;
        for (Line& server : servers->children) {
            const auto checks = std::ranges::find_if(server.children, named("checks"));
            if (!hoisted) hoisted = std::move(*checks);
            server.children.erase(checks);
            shorten(server, "address");
        }
        service.insert(servers, std::move(*hoisted));
    }

    /// A map with one key that has a short form is just the value of that key.
    static void shorten(Line& line, std::string_view key) {
        const bool is_short = line.kind == Line::Kind::map && line.children.size() == 1 &&
                              line.children.front().key == key &&
                              line.children.front().kind == Line::Kind::value;
        if (!is_short) return;
        line.value = std::move(line.children.front().value);
        line.children.clear();
        line.kind = Line::Kind::value;
    }

    Line by_name(const Message& owner, const FieldDescriptor* field) {
        Line all;
        all.kind = Line::Kind::map;
        all.named = true;
        std::unordered_set<std::string> names;
        const auto* reflection = owner.GetReflection();
        for (int i = 0; i < reflection->FieldSize(owner, field); ++i) {
            const Message& object = reflection->GetRepeatedMessage(owner, field, i);
            Line line = entry(object);
            line.object = &object;
            line.key = unused(name_of(object, map_key_of(field)), names);
            all.children.push_back(std::move(line));
        }
        return all;
    }

    /// The name of an object; one that has none gets a name from what it is.
    static std::string name_of(const Message& object, const FieldDescriptor* key) {
        if (!is_set(object, key)) return made_up_name(object);
        return write_scalar(object, key).text;
    }
    static std::string unused(const std::string& name, std::unordered_set<std::string>& names) {
        std::string free = name;
        for (unsigned i = 2; !names.insert(free).second; ++i) free = fmt::format("{}-{}", name, i);
        return free;
    }

    Line entry(const Message& message) {
        const auto* type = message.GetDescriptor();
        if (const ValueForm* form = find_value_form(type)) {
            Line line = value_line(checked(form->write(message)));
            line.object = &message;
            return line;
        }
        const Map& keys = Shape::of_model().of(type);
        std::vector<Line> lines = map(keys, message, keys);
        if (type == v1::VirtualServer::descriptor()) hoist_checks(lines);
        const ShortForm* form = find_short_form(type);
        if (form != nullptr) {
            // What an entry is about stands first.
            std::stable_partition(lines.begin(), lines.end(),
                                  [&](const Line& line) { return line.key == form->key; });
        }
        Line line = map_line(std::move(lines), message);
        if (form != nullptr) shorten(line, form->key);
        return line;
    }

    Node checked(Node node) {
        check(node);
        return node;
    }
    void check(const Node& node) {
        if (!is_sayable(node.text)) problem("a text is not UTF-8 and cannot stand in YAML");
        if (holds_credential(node.text)) {
            problem(fmt::format("\"{}\" means a credential in YAML", node.text));
        }
        for (const Node& item : node.items) check(item);
        for (const Entry& entry : node.entries) check(entry.value);
    }
    void problem(std::string text) { problems_.push_back(std::move(text)); }

    std::vector<std::string> problems_;
    const Message* single_ = nullptr;
    bool single_fits_ = false;
};

}  // namespace

Written write(const v1::Config& written) {
    Writer writer;
    Written result;
    Line version = value_line(Node::plain("1"));
    version.key = "version";
    result.lines.push_back(std::move(version));
    const Map& root = Shape::of_model().root();
    for (Line& line : writer.map(root, written, root)) {
        result.lines.push_back(std::move(line));
    }
    result.problems = writer.take_problems();
    return result;
}

}  // namespace yaml

YamlOutput write_yaml(const v1::Config& written) {
    yaml::Written made = yaml::write(written);
    return {yaml::text_of(made.lines), std::move(made.problems)};
}

}  // namespace holdfast::config
