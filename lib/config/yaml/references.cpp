#include "lib/config/yaml/references.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/reader.hpp"
#include "lib/config/yaml/shape.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

struct Reference {
    std::string_view field;
    std::string_view config_field;
};
constexpr std::array kReferences = {
    Reference{"TrackedScript.name", "vrrp_scripts"},
    Reference{"track_files", "track_files"},
    Reference{"track_processes", "track_processes"},
    Reference{"track_bfd", "bfd_instances"},
    Reference{"LvsSyncDaemon.instance", "vrrp_instances"},
    Reference{"FileCheck.track_file", "track_files"},
    Reference{"BfdCheck.name", "bfd_instances"},
    Reference{"TrackGroup.members", "vrrp_instances"},
    Reference{"VirtualAddress.track_group", "track_groups"},
    Reference{"Route.track_group", "track_groups"},
    Reference{"Rule.track_group", "track_groups"},
    Reference{"VrrpSyncGroup.members", "vrrp_instances"},
    Reference{"VirtualServer.group", "service_groups"},
};

const FieldDescriptor* collection(std::string_view config_field) {
    return v1::Config::descriptor()->FindFieldByName(std::string(config_field));
}

}  // namespace

std::optional<std::string_view> collection_named_by(const FieldDescriptor* field,
                                                    const FieldDescriptor* list) {
    std::string name = fmt::format("{}.{}", field->containing_type()->name(), field->name());
    if (name == "TrackedObject.name" && list != nullptr) name = list->name();
    const auto found = std::ranges::find(kReferences, name, &Reference::field);
    if (found == kReferences.end() || collection(found->config_field) == nullptr) {
        return std::nullopt;
    }
    return found->config_field;
}

std::vector<std::string> names_in(const v1::Config& config, std::string_view config_field) {
    std::vector<std::string> names;
    const FieldDescriptor* field = collection(config_field);
    if (field == nullptr) return names;
    const FieldDescriptor* name = map_key_of(field);
    if (name == nullptr || name->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return names;
    const auto* reflection = config.GetReflection();
    for (int i = 0; i < reflection->FieldSize(config, field); ++i) {
        const Message& object = reflection->GetRepeatedMessage(config, field, i);
        names.push_back(object.GetReflection()->GetString(object, name));
    }
    return names;
}

std::string yaml_path_of(std::string_view config_field) {
    const FieldDescriptor* field = collection(config_field);
    return field != nullptr ? setting_of(field).yaml() : std::string(config_field);
}

void Reader::refer(std::string_view config_field, const std::string& name, const Mark& at) {
    references_.push_back({config_field, name, at, path_, all_.report.object()});
}

void Reader::check_references() {
    std::map<std::string_view, std::vector<std::string>> sorted;
    for (const Reference& reference : references_) {
        auto [entry, is_new] = sorted.try_emplace(reference.config_field);
        std::vector<std::string>& names = entry->second;
        if (is_new) {
            names = names_in(all_.config, reference.config_field);
            std::ranges::sort(names);
        }
        if (std::ranges::binary_search(names, reference.name)) continue;
        const auto near = take_hint() ? core::closest(reference.name, names) : std::nullopt;
        all_.report.set_object(reference.object);
        error("undefined_name", reference.at,
              fmt::format("{}: there is no \"{}\" in {}", reference.path, reference.name,
                          yaml_path_of(reference.config_field)),
              near ? fmt::format("did you mean \"{}\"?", *near) : std::string());
    }
    all_.report.set_object({});
}

}  // namespace holdfast::config::yaml
