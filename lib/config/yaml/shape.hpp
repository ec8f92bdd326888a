#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace holdfast::config::v1 {
class Setting;
}

namespace holdfast::config::yaml {

struct KeyForm;
struct Map;

/// Behind the key of a secret: its value is the name of a file that holds it.
inline constexpr std::string_view kFileSuffix = "_file";

/// From a message to a field inside of it. A repeated message on the way stands for its first
/// entry.
using Path = std::vector<const google::protobuf::FieldDescriptor*>;

/// One key of a map. It may have a value and keys below it at once: `preempt: false` and
/// `preempt: {delay: 30s}`.
struct Key {
    std::string name;
    Path field;                     // that the value sets; empty: none
    const KeyForm* form = nullptr;  // reads the value by hand, into `owner`
    Path owner;                     // from the map's message to the form's
    std::string main;               // a value that is no map is that of this key below
    bool inlined = false;           // a list whose only entry may stand in the map around it
    bool from_file = false;         // the value names a file whose content is the field's value
    std::unique_ptr<Map> below;  // keys of the map under this key; they start at the same message
    Path made;                   // the message that the map below stands for; empty: none
    std::vector<const google::protobuf::FieldDescriptor*> sets;  // all that the value says

    [[nodiscard]] const v1::Setting& setting() const;  // of `field`
};

/// The keys of a map, in the order of the model.
struct Map {
    std::vector<Key> keys;
    bool one_of = false;  // exactly one of the keys: the kind of a check

    [[nodiscard]] const Key* find(std::string_view name) const;
};

/// How the whole model is written in YAML, from the `setting` options of its fields and the forms.
/// What a field without setting or with `yaml: "-"` holds is not written.
class Shape {
  public:
    [[nodiscard]] static const Shape& of_model();

    [[nodiscard]] const Map& root() const;
    /// The map of a message that is an entry of a list or of a map by name.
    [[nodiscard]] const Map& of(const google::protobuf::Descriptor* message) const;

    Shape(const Shape&) = delete;
    Shape& operator=(const Shape&) = delete;

  private:
    Shape();
    void add(const google::protobuf::Descriptor* message,
             const google::protobuf::FieldDescriptor* name);
    void add_entries(const Map& map);

    std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<Map>> maps_;
};

/// The key's name of a field that says no other: without _us, _ms or _s.
[[nodiscard]] std::string default_key(const google::protobuf::FieldDescriptor* field);

/// A repeated message that YAML writes as a map by name: the field that is the name; else nothing.
[[nodiscard]] const google::protobuf::FieldDescriptor* map_key_of(
    const google::protobuf::FieldDescriptor* field);

/// True when the only entry of an inlined list can stand in the map around it: all that is set
/// there has a key in this map.
[[nodiscard]] bool stands_inline(const Map& map, const google::protobuf::FieldDescriptor* list,
                                 const google::protobuf::Message& entry);

/// The message after so many steps of a path, made where missing; find_at() gives nothing there.
google::protobuf::Message& mutable_at(google::protobuf::Message& message, const Path& path,
                                      std::size_t steps);
[[nodiscard]] const google::protobuf::Message* find_at(const google::protobuf::Message& message,
                                                       const Path& path, std::size_t steps);

}  // namespace holdfast::config::yaml
