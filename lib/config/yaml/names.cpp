#include "lib/config/yaml/names.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

struct PlaceList {
    std::string_view field;
    std::vector<ObjectPlaces> Places::*list;
};
constexpr std::array kPlaces = {PlaceList{"vrrp_scripts", &Places::scripts},
                                PlaceList{"vrrp_instances", &Places::instances},
                                PlaceList{"vrrp_sync_groups", &Places::groups},
                                PlaceList{"virtual_servers", &Places::services},
                                PlaceList{"service_groups", &Places::service_groups},
                                PlaceList{"track_files", &Places::track_files},
                                PlaceList{"track_processes", &Places::track_processes},
                                PlaceList{"bfd_instances", &Places::bfd}};

std::string name_of_service(const v1::VirtualServer& service) {
    const v1::ServiceKey& key = service.key();
    if (service.has_group()) return "group-" + service.group();
    if (key.has_fwmark()) return fmt::format("fwmark-{}", key.fwmark());
    const std::string protocol =
        key.has_protocol() ? word_of(v1::Protocol_descriptor()->FindValueByNumber(key.protocol()))
                           : std::string("any");
    return fmt::format("{}-{}-{}", protocol, address_text(key.address()), key.port());
}

}  // namespace

std::vector<ObjectPlaces>* places_of(Places& places, const FieldDescriptor* field) {
    if (field->containing_type() != v1::Config::descriptor()) return nullptr;
    const auto found = std::ranges::find(kPlaces, field->name(), &PlaceList::field);
    return found != kPlaces.end() ? &(places.*(found->list)) : nullptr;
}

std::string object_text(const FieldDescriptor* field, std::string_view name) {
    const v1::Setting& setting = setting_of(field);
    return fmt::format("{} {}", setting.has_keyword() ? setting.keyword() : field->name(), name);
}

void note_entries(ObjectPlaces& places, const FieldDescriptor* field, const Node& list) {
    const bool servers = field->message_type() == v1::RealServer::descriptor();
    const std::string& keyword = setting_of(field).keyword();
    for (const Node& item : list.items) {
        places.add_entry(keyword, item.mark.place());
        if (!servers) continue;
        ServerPlaces& server = places.servers.emplace_back();
        server.block = item.mark.place();
        const Entry* checks = item.find("checks");
        if (checks == nullptr) continue;
        for (const Node& check : checks->value.items) server.checks.push_back(check.mark.place());
    }
}

bool is_global(const FieldDescriptor* field) {
    return field->containing_type() == v1::GlobalDefs::descriptor();
}

std::optional<Refusal> set_name(Message& object, const FieldDescriptor* name,
                                const std::string& text) {
    if (text.empty()) return Refusal{"a name is empty", {}};
    return read_scalar(Node::plain(text), object, name);
}

void finish_named(Message& object, const FieldDescriptor* name) {
    const auto* reflection = object.GetReflection();
    if (name->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return;
    const std::string made_up = made_up_name(object);
    if (!made_up.empty() && reflection->GetString(object, name) == made_up) {
        reflection->ClearField(&object, name);
    }
}

std::string made_up_name(const Message& object) {
    if (object.GetDescriptor() != v1::VirtualServer::descriptor()) return {};
    return name_of_service(static_cast<const v1::VirtualServer&>(object));
}

}  // namespace holdfast::config::yaml
