#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/config.pb.h"

namespace holdfast::config::yaml {

/// The repeated field of the Config whose objects this field names; nothing for other fields. What
/// an entry of a list names may depend on the list.
[[nodiscard]] std::optional<std::string_view> collection_named_by(
    const google::protobuf::FieldDescriptor* field, const google::protobuf::FieldDescriptor* list);

/// The names of all objects in a repeated field of the Config.
[[nodiscard]] std::vector<std::string> names_in(const v1::Config& config,
                                                std::string_view config_field);

/// Where these objects stand in YAML: "vrrp.track_scripts".
[[nodiscard]] std::string yaml_path_of(std::string_view config_field);

}  // namespace holdfast::config::yaml
