#include "lib/config/yaml/reader.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <net/if.h>

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "lib/config/model_index.hpp"
#include "lib/config/origins.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/hints.hpp"
#include "lib/config/yaml/names.hpp"
#include "lib/config/yaml/references.hpp"
#include "lib/config/yaml/secrets.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

std::string_view kind_text(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            return "nothing";
        case Node::Kind::scalar:
            return "a single value";
        case Node::Kind::list:
            return "a list";
        default:
            return "a map";
    }
}

/// The owner of the field at the end of a key's path.
Message& owner_of(Message& message, const Path& field) {
    return mutable_at(message, field, field.size() - 1);
}

std::string_view wanted_text(ScalarType type) {
    switch (type) {
        case ScalarType::boolean:
            return "true or false";
        case ScalarType::integer:
            return "a number";
        case ScalarType::duration:
            return "a duration";
        case ScalarType::size:
            return "a size";
        case ScalarType::word:
            return "a word";
        case ScalarType::address:
            return "an address";
        case ScalarType::text:
            break;
    }
    return "a text";
}

/// Limits of texts that no setting says.
std::optional<Refusal> misfit(const FieldDescriptor* field, const std::string& text) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || field->is_repeated()) {
        return std::nullopt;
    }
    const bool names_interface =
        field->name() == "interface" || field->containing_type()->name() == "TrackedInterface";
    if (names_interface && (text.empty() || text.size() >= IFNAMSIZ)) {
        return Refusal{fmt::format("\"{}\" is no name of an interface, which has 1 to {} octets",
                                   text, IFNAMSIZ - 1),
                       {}};
    }
    if (is_password(field) && text.size() > kLongestPassword) {
        return Refusal{fmt::format("more than {} octets", kLongestPassword),
                       "VRRPv2 carries no more; RFC 2338 5.3.10"};
    }
    return std::nullopt;
}

}  // namespace

Reader::Step::Step(Reader& reader, std::string_view key)
    : reader_(reader), length_(reader.path_.size()) {
    if (!key.starts_with('[') && length_ > 0) reader.path_ += '.';
    reader.path_ += key;
}

void Reader::error(std::string_view class_name, const Mark& at, std::string text,
                   std::string hint) {
    if (!complained_.insert(at).second && at.source != nullptr) return;
    all_.report.error(Complaint::general, class_name, at.place(), std::move(text)).hint =
        std::move(hint);
}

void Reader::refuse(const Node& node, Refusal refusal) {
    error("bad_value", node.mark, fmt::format("{}: {}", path_, refusal.text),
          std::move(refusal.hint));
}

const std::string* Reader::text_of(const Node& node, std::string_view wanted) {
    if (node.is_scalar()) return &node.text;
    error("wrong_type", node.mark,
          fmt::format("{} wants {}, not {}", path_, wanted, kind_text(node)));
    return nullptr;
}

void Reader::read(const Node& root) {
    read_map(Shape::of_model().root(), root, all_.config);
    check_references();
}

void Reader::try_out(const Node& map, const Descriptor* message, std::string path) {
    // What is read here is gone afterwards: nobody may remember a place of it.
    Origins* const origins = std::exchange(all_.origins, nullptr);
    std::swap(path_, path);
    const Message* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(message);
    const std::unique_ptr<Message> scratch(prototype->New());
    read_map(Shape::of_model().of(message), map, *scratch);
    std::swap(path_, path);
    listed_.clear();
    all_.origins = origins;
}

void Reader::read_map(const Map& map, const Node& node, Message& message) {
    if (node.is_null()) return;
    if (!node.is_map()) {
        error("wrong_type", node.mark,
              fmt::format("{} wants a map, not {}", path_.empty() ? "the file" : path_,
                          kind_text(node)));
        return;
    }
    if (map.one_of) check_kinds(map, node);
    check_files(map, node);
    for (const Entry& entry : node.entries) read_entry(map, entry, message);
}

void Reader::check_files(const Map& map, const Node& node) {
    for (const Key& key : map.keys) {
        if (!key.from_file) continue;
        const Entry* const file = node.find(key.name);
        const std::string direct = key.name.substr(0, key.name.size() - kFileSuffix.size());
        if (file == nullptr || node.find(direct) == nullptr) continue;
        error("said_twice", file->mark,
              fmt::format("{} says {} and {}; one of them is enough", path_, direct, key.name));
    }
}

void Reader::check_kinds(const Map& map, const Node& node) {
    std::size_t known = 0;
    for (const Entry& entry : node.entries) known += map.find(entry.key) != nullptr ? 1 : 0;
    if (known <= 1 && !node.entries.empty()) return;
    std::vector<std::string> kinds;
    for (const Key& key : map.keys) kinds.push_back(key.name);
    error("wrong_kind", node.mark,
          fmt::format("{} wants exactly one of {}", path_, core::join(kinds, ", ")));
}

void Reader::read_entry(const Map& map, const Entry& entry, Message& message) {
    const Key* key = map.find(entry.key);
    if (key == nullptr) {
        unknown_key(map, entry);
        return;
    }
    const Step step(*this, entry.key);
    take(*key, entry.value, message);
    note_places(*key, entry, message);
}

void Reader::read_key(const Map& map, std::string_view name, const Node& node, Message& owner) {
    if (const Key* key = map.find(name)) take(*key, node, owner);
}

bool Reader::clashes_with_list(const Key& key, const Message& message) const {
    for (const Path* path : {&key.field, &key.owner, &key.made}) {
        const std::size_t steps =
            path == &key.owner || path->empty() ? path->size() : path->size() - 1;
        for (std::size_t i = 0; i < steps; ++i) {
            const FieldDescriptor* const field = (*path)[i];
            if (field->is_repeated() && listed_.contains({find_at(message, *path, i), field})) {
                return true;
            }
        }
    }
    return false;
}

void Reader::take(const Key& key, const Node& node, Message& message) {
    if (clashes_with_list(key, message)) {
        said_twice(node);
    } else if (key.form != nullptr && !(node.is_map() && key.below)) {
        key.form->read(*this, node, mutable_at(message, key.owner, key.owner.size()));
    } else if (!key.main.empty() && !node.is_map() && !node.is_null()) {
        read_key(*key.below, key.main, node, message);
        if (!key.made.empty()) mutable_at(message, key.made, key.made.size());
    } else if (key.below && (node.is_map() || key.field.empty())) {
        take_below(key, node, message);
    } else {
        take_field(key, node, message);
    }
}

void Reader::said_twice(const Node& node) {
    error("said_twice", node.mark,
          fmt::format("{} and a list of such entries cannot stand together", path_));
}

void Reader::take_below(const Key& key, const Node& node, Message& message) {
    if (!key.made.empty() && (node.is_map() || node.is_null())) {
        mutable_at(message, key.made, key.made.size());
    }
    read_map(*key.below, node, message);
}

void Reader::take_field(const Key& key, const Node& node, Message& message) {
    const FieldDescriptor* field = key.field.back();
    if (node.is_null() && map_key_of(field) == nullptr) {
        error("wrong_type", node.mark, fmt::format("{} has no value", path_));
        return;
    }
    Message& owner = owner_of(message, key.field);
    if (key.inlined) {
        listed_.emplace(&owner, field);
        if (owner.GetReflection()->FieldSize(owner, field) > 0) return said_twice(node);
    }
    if (map_key_of(field) != nullptr) {
        take_names(key, node, owner);
    } else if (field->is_repeated()) {
        take_list(key, node, owner);
    } else if (field->message_type() != nullptr) {
        take_message(node, *owner.GetReflection()->MutableMessage(&owner, field));
    } else if (key.from_file) {
        take_file(key, node, owner);
    } else {
        take_scalar(key, node, owner);
    }
}

void Reader::take_list(const Key& key, const Node& node, Message& owner) {
    const FieldDescriptor* field = key.field.back();
    if (!node.is_list()) {
        error("wrong_type", node.mark,
              fmt::format("{} wants a list, not {}", path_, kind_text(node)),
              node.is_scalar() ? fmt::format("write [{}]", node.text) : std::string());
        return;
    }
    ObjectPlaces* const places = std::exchange(places_, nullptr);
    const FieldDescriptor* const list = std::exchange(list_, field);
    std::size_t index = 0;
    for (const Node& item : node.items) {
        const Step step(*this, fmt::format("[{}]", ++index));
        if (field->message_type() != nullptr) {
            Message& made = *owner.GetReflection()->AddMessage(&owner, field);
            if (all_.origins != nullptr) all_.origins->add_object(&made, item.mark.place().at);
            take_message(item, made);
        } else {
            take_scalar(key, item, owner);
        }
    }
    places_ = places;
    list_ = list;
}

void Reader::take_names(const Key& key, const Node& node, Message& owner) {
    const FieldDescriptor* field = key.field.back();
    if (node.is_null()) return;
    if (!node.is_map()) {
        error("wrong_type", node.mark,
              fmt::format("{} wants a map whose keys are names, not {}", path_, kind_text(node)));
        return;
    }
    std::vector<ObjectPlaces>* const list = places_of(all_.places, field);
    for (const Entry& entry : node.entries) {
        const Step step(*this, entry.key);
        Message& made = *owner.GetReflection()->AddMessage(&owner, field);
        if (auto refusal = set_name(made, map_key_of(field), entry.key)) {
            error("bad_value", entry.mark, fmt::format("{}: {}", path_, refusal->text),
                  std::move(refusal->hint));
        }
        if (all_.origins != nullptr) all_.origins->add_object(&made, entry.mark.place().at);
        if (list != nullptr) {
            places_ = &list->emplace_back();
            places_->block = entry.mark.place();
        }
        all_.report.set_object(object_text(field, entry.key));
        take_message(entry.value, made);
        finish_named(made, map_key_of(field));
        if (list != nullptr) places_ = nullptr;
    }
    all_.report.set_object({});
}

void Reader::take_message(const Node& node, Message& message) {
    const Descriptor* type = message.GetDescriptor();
    if (const ValueForm* form = find_value_form(type)) {
        form->read(*this, node, message);
        return;
    }
    const Map& map = Shape::of_model().of(type);
    const ShortForm* form = find_short_form(type);
    if (form != nullptr && !node.is_map() && !node.is_null()) {
        read_key(map, form->key, node, message);
    } else {
        read_map(map, node, message);
    }
}

std::optional<Refusal> Reader::set_scalar(const Node& node, Message& owner,
                                          const FieldDescriptor* field) {
    if (setting_of(field).has_names()) return read_named_number(node, owner, field);
    if (type_of(field) != ScalarType::text) return read_scalar(node, owner, field);
    Node expanded = Node::string(node.text);
    if (holds_credential(node.text)) {
        if (auto refusal = expand_credentials(all_, expanded.text)) return refusal;
    }
    if (auto refusal = misfit(field, expanded.text)) return refusal;
    return read_scalar(expanded, owner, field);
}

void Reader::take_scalar(const Key& key, const Node& node, Message& owner) {
    const FieldDescriptor* field = key.field.back();
    const ScalarType type = type_of(field);
    if (text_of(node, wanted_text(type)) == nullptr) return;
    if (auto refusal = set_scalar(node, owner, field)) {
        refuse(node, std::move(*refusal));
        return;
    }
    if (const auto collection = collection_named_by(field, list_)) {
        refer(*collection, node.text, node.mark);
    }
}

std::optional<Refusal> Reader::read_named_number(const Node& node, Message& owner,
                                                 const FieldDescriptor* field) {
    const bool is_number =
        !node.text.empty() && node.text.front() >= '0' && node.text.front() <= '9';
    if (is_number) return read_scalar(node, owner, field);
    const std::string& table = setting_of(field).names();
    const auto number = names_.find(table, node.text);
    if (!number) return Refusal{fmt::format("there is no \"{}\" in {}", node.text, table), {}};
    return read_scalar(Node::plain(fmt::format("{}", *number)), owner, field);
}

void Reader::take_file(const Key& key, const Node& node, Message& owner) {
    const std::string* name = text_of(node, "the name of a file");
    if (name == nullptr) return;
    Node content = Node::string({});
    content.mark = node.mark;
    std::optional<Refusal> refusal = read_secret_file(all_, node.mark, *name, content.text);
    if (!refusal) refusal = misfit(key.field.back(), content.text);
    if (!refusal) refusal = read_scalar(content, owner, key.field.back());
    if (refusal) {
        refuse(node, std::move(*refusal));
    } else if (complained_.insert(node.mark).second) {
        warn_if_open(all_, node.mark, *name);
    }
}

void Reader::note_places(const Key& key, const Entry& entry, Message& message) {
    const Place place = entry.mark.place();
    if (!key.made.empty()) warn_if_not_carried_out(key.made.back(), place);
    for (const FieldDescriptor* field : key.sets) {
        warn_if_not_carried_out(field, place);
        const std::string& keyword = setting_of(field).keyword();
        if (keyword.empty()) continue;
        const bool top = field->containing_type() == v1::Config::descriptor();
        ObjectPlaces* places = is_global(field) ? &all_.places.global
                               : top            ? &all_.places.top
                                                : places_;
        if (places != nullptr) places->add(keyword, place);
        if (places != nullptr && field->is_repeated()) note_entries(*places, field, entry.value);
        if (all_.origins == nullptr) continue;
        std::vector<Position> entries;
        for (const Node& item : entry.value.items) entries.push_back(item.mark.place().at);
        const Path& way = key.form != nullptr ? key.owner : key.field;
        const std::size_t steps = key.form != nullptr ? way.size() : way.size() - 1;
        const Message* owner = find_at(message, way, steps);
        if (owner != nullptr && owner != &message) {
            all_.origins->add_setting(owner, keyword, place.at, entries);
        }
        all_.origins->add_setting(&message, keyword, place.at, std::move(entries));
    }
}

void Reader::warn_if_not_carried_out(const FieldDescriptor* field, const Place& place) {
    if (!setting_of(field).accepted_only() || !not_carried_out_.insert(field).second) return;
    all_.report.warning("not_carried_out", place,
                        fmt::format("{} is accepted, not carried out yet", path_));
}

void Reader::unknown_key(const Map& map, const Entry& entry) {
    error("unknown_key", entry.mark,
          fmt::format("unknown key \"{}\" in {}", entry.key, path_.empty() ? "the file" : path_),
          take_hint() ? hint_for_unknown(map, entry.key) : std::string());
}

}  // namespace holdfast::config::yaml
