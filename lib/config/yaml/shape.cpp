#include "lib/config/yaml/shape.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <functional>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/core/text.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

/// The key at `path` below `map`, with the maps on the way; an empty path gives nothing.
Key& key_at(Map& map, std::string_view path) {
    Map* at = &map;
    const auto names = core::split(path, '.');
    for (std::size_t i = 0;; ++i) {
        auto found = std::ranges::find(at->keys, names[i], &Key::name);
        if (found == at->keys.end()) {
            Key key;
            key.name = std::string(names[i]);
            found = at->keys.insert(at->keys.end(), std::move(key));
        }
        if (i + 1 == names.size()) return *found;
        if (!found->below) found->below = std::make_unique<Map>();
        at = found->below.get();
    }
}

/// Puts the fields of messages into maps.
class MapMaker {
  public:
    /// `name` is the field that the map around this one has as its key already.
    explicit MapMaker(Map& map, const FieldDescriptor* name = nullptr) : map_(map), name_(name) {}

    void add_message(const Descriptor* message, const Path& prefix) {
        if (message->real_oneof_decl_count() > 0) {
            add_kinds(message, prefix);
            return;
        }
        add_forms(message, prefix, [](const KeyForm& form) {
            return !form.fields.empty() && form.fields[0].find('.') != std::string_view::npos;
        });
        add_fields(message, prefix);
        add_forms(message, prefix, [](const KeyForm&) { return true; });
        for (const MainKey& main : main_keys()) {
            if (main.message == message->name()) key_at(map_, main.path).main = main.key;
        }
    }

  private:
    static bool is_written(const FieldDescriptor* field) {
        return field->options().HasExtension(v1::setting) && setting_of(field).yaml() != "-";
    }
    static bool has_form(const FieldDescriptor* field) {
        return std::ranges::any_of(key_forms(), [&](const KeyForm& form) {
            const auto fields = fields_of(form);
            return std::ranges::find(fields, field) != fields.end();
        });
    }
    static Path extended(Path path, const FieldDescriptor* field) {
        path.push_back(field);
        return path;
    }
    /// Global settings say their path from the top; one that says none stands below `global`.
    static std::string path_of(const FieldDescriptor* field) {
        const v1::Setting& setting = setting_of(field);
        if (setting.has_yaml()) return setting.yaml();
        const bool global = field->containing_type() == v1::GlobalDefs::descriptor();
        return (global ? "global." : "") + default_key(field);
    }

    static void set_field(Key& key, const Path& path) {
        key.field = path;
        key.sets = {path.back()};
    }

    void add_fields(const Descriptor* message, const Path& prefix) {
        for (int i = 0; i < message->field_count(); ++i) {
            const FieldDescriptor* field = message->field(i);
            if (has_form(field)) {
                // It stands where its field would.
                add_forms(message, prefix, [&](const KeyForm& form) {
                    const auto fields = fields_of(form);
                    return std::ranges::find(fields, field) != fields.end();
                });
                continue;
            }
            const bool elsewhere = field == name_ || field->real_containing_oneof() != nullptr;
            if (is_written(field) && !elsewhere) add_field(field, extended(prefix, field));
        }
    }
    void add_field(const FieldDescriptor* field, const Path& path) {
        const Descriptor* type = field->message_type();
        const std::string key = path_of(field);
        if (type != nullptr && key.empty()) {
            add_message(type, path);  // its settings stand in the map around it
            if (field->is_repeated()) {
                Key& list = key_at(map_, default_key(field));
                set_field(list, path);
                list.inlined = true;
            }
            return;
        }
        Key& made = key_at(map_, key);
        const bool is_value = type == nullptr || field->is_repeated() ||
                              find_value_form(type) != nullptr || find_short_form(type) != nullptr;
        if (is_value) {
            set_field(made, path);
            if (type == nullptr && setting_of(field).secret()) add_secret_file(key, path);
            return;
        }
        made.made = path;
        if (!made.below) made.below = std::make_unique<Map>();
        MapMaker(*made.below).add_message(type, path);
    }
    void add_secret_file(const std::string& key, const Path& path) {
        Key& file = key_at(map_, key + std::string(kFileSuffix));
        set_field(file, path);
        file.from_file = true;
    }
    template <class Wanted>
    void add_forms(const Descriptor* message, const Path& prefix, const Wanted& wanted) {
        for (const KeyForm& form : key_forms()) {
            if (form.message != message->name() || !wanted(form)) continue;
            Key& key = key_at(map_, form.key);
            key.form = &form;
            key.owner = prefix;
            key.sets = fields_of(form);
        }
    }

    /// A message with kinds: one key for each of them, and what is common stands inside.
    void add_kinds(const Descriptor* message, const Path& prefix) {
        map_.one_of = true;
        for (int i = 0; i < message->field_count(); ++i) {
            const FieldDescriptor* field = message->field(i);
            if (field->real_containing_oneof() == nullptr || !is_written(field)) continue;
            Key& kind = key_at(map_, path_of(field));
            kind.made = extended(prefix, field);
            kind.below = std::make_unique<Map>();
            MapMaker inside(*kind.below);
            inside.add_message(field->message_type(), kind.made);
            inside.add_fields(message, prefix);
            inside.add_forms(message, prefix, [](const KeyForm&) { return true; });
            if (const auto* form = find_short_form(field->message_type())) kind.main = form->key;
        }
    }

    Map& map_;
    const FieldDescriptor* name_;
};

const Message& first_of(const Message& owner, const FieldDescriptor* field) {
    const auto* reflection = owner.GetReflection();
    return field->is_repeated() ? reflection->GetRepeatedMessage(owner, field, 0)
                                : reflection->GetMessage(owner, field);
}

bool is_set(const Message& owner, const FieldDescriptor* field) {
    const auto* reflection = owner.GetReflection();
    return field->is_repeated() ? reflection->FieldSize(owner, field) > 0
                                : reflection->HasField(owner, field);
}

}  // namespace

const v1::Setting& Key::setting() const {
    return setting_of(field.back());
}

const Key* Map::find(std::string_view name) const {
    const auto found = std::ranges::find(keys, name, &Key::name);
    return found != keys.end() ? &*found : nullptr;
}

Shape::Shape() {
    add(v1::Config::descriptor(), nullptr);
}

const Shape& Shape::of_model() {
    static const Shape kShape;
    return kShape;
}

const Map& Shape::root() const {
    return of(v1::Config::descriptor());
}

const Map& Shape::of(const Descriptor* message) const {
    return *maps_.at(message);
}

void Shape::add(const Descriptor* message, const FieldDescriptor* name) {
    auto [entry, is_new] = maps_.try_emplace(message);
    if (!is_new) return;
    auto map = std::make_unique<Map>();
    MapMaker(*map, name).add_message(message, {});
    const Map& made = *(entry->second = std::move(map));
    add_entries(made);
}

void Shape::add_entries(const Map& map) {
    for (const Key& key : map.keys) {
        if (!key.field.empty() && key.field.back()->message_type() != nullptr) {
            add(key.field.back()->message_type(), map_key_of(key.field.back()));
        }
        if (key.below) add_entries(*key.below);
    }
}

std::string default_key(const FieldDescriptor* field) {
    const std::string& name = field->name();
    for (const std::string_view suffix : {"_us", "_ms", "_s"}) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE && name.ends_with(suffix)) {
            return name.substr(0, name.size() - suffix.size());
        }
    }
    return name;
}

const FieldDescriptor* map_key_of(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    if (!field->is_repeated() || field->message_type() == nullptr || !setting.has_map_key()) {
        return nullptr;
    }
    return field->message_type()->FindFieldByName(setting.map_key());
}

bool stands_inline(const Map& map, const FieldDescriptor* list, const Message& entry) {
    std::vector<const FieldDescriptor*> set;
    entry.GetReflection()->ListFields(entry, &set);
    const std::function<bool(const Map&, const FieldDescriptor*)> has_key =
        [&](const Map& at, const FieldDescriptor* field) {
            return std::ranges::any_of(at.keys, [&](const Key& key) {
                const auto leads = [&](const Path& path) {
                    const auto found = std::ranges::find(path, list);
                    return path.end() - found > 1 && *(found + 1) == field;
                };
                const bool by_form = std::ranges::find(key.owner, list) != key.owner.end() &&
                                     std::ranges::find(key.sets, field) != key.sets.end();
                return leads(key.field) || leads(key.made) || by_form ||
                       (key.below && has_key(*key.below, field));
            });
        };
    return std::ranges::all_of(set,
                               [&](const FieldDescriptor* field) { return has_key(map, field); });
}

Message& mutable_at(Message& message, const Path& path, std::size_t steps) {
    Message* at = &message;
    for (std::size_t i = 0; i < steps; ++i) {
        const auto* reflection = at->GetReflection();
        if (!path[i]->is_repeated()) {
            at = reflection->MutableMessage(at, path[i]);
        } else if (reflection->FieldSize(*at, path[i]) == 0) {
            at = reflection->AddMessage(at, path[i]);
        } else {
            at = reflection->MutableRepeatedMessage(at, path[i], 0);
        }
    }
    return *at;
}

const Message* find_at(const Message& message, const Path& path, std::size_t steps) {
    const Message* at = &message;
    for (std::size_t i = 0; i < steps; ++i) {
        if (!is_set(*at, path[i])) return nullptr;
        at = &first_of(*at, path[i]);
    }
    return at;
}

}  // namespace holdfast::config::yaml
