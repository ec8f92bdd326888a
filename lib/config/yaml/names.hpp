#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/binder.hpp"
#include "lib/config/yaml/quantities.hpp"
#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

/// The list of places that runs beside a repeated field of the Config; nothing for other fields.
[[nodiscard]] std::vector<ObjectPlaces>* places_of(Places& places,
                                                   const google::protobuf::FieldDescriptor* field);

/// What findings about an object say: "vrrp_instance web".
[[nodiscard]] std::string object_text(const google::protobuf::FieldDescriptor* field,
                                      std::string_view name);

/// Notes where the entries of a list stand, and of servers their checks.
void note_entries(ObjectPlaces& places, const google::protobuf::FieldDescriptor* field,
                  const Node& list);

/// True for a setting of global_defs.
[[nodiscard]] bool is_global(const google::protobuf::FieldDescriptor* field);

/// Puts the key of a map by name into the object; says why not when it is no such name.
[[nodiscard]] std::optional<Refusal> set_name(google::protobuf::Message& object,
                                              const google::protobuf::FieldDescriptor* name,
                                              const std::string& text);
/// Takes the name of a complete object away when it says no more than made_up_name() does.
void finish_named(google::protobuf::Message& object, const google::protobuf::FieldDescriptor* name);

/// What a writer calls an object that has no name of its own: a service by its address,
/// tcp-192.0.2.1-80.
[[nodiscard]] std::string made_up_name(const google::protobuf::Message& object);

}  // namespace holdfast::config::yaml
