#include <algorithm>
#include <string_view>

#include "lib/config/load.hpp"
#include "lib/config/model_index.hpp"

namespace holdfast::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string_view word_of(messages::v1::Role role) {
    switch (role) {
        case messages::v1::ROLE_VRRPD:
            return "vrrpd";
        case messages::v1::ROLE_CHECKERD:
            return "checkerd";
        case messages::v1::ROLE_IPVSD:
            return "ipvsd";
        default:
            return "supervisor";
    }
}

bool may_see(const v1::Setting& setting, std::string_view role) {
    return setting.roles_size() == 0 ||
           std::ranges::find(setting.roles(), role) != setting.roles().end();
}

void keep_for(Message& message, std::string_view role) {
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
        if (!may_see(setting_of(field), role)) {
            reflection->ClearField(&message, field);
        } else if (field->message_type() == nullptr) {
            continue;
        } else if (!field->is_repeated()) {
            keep_for(*reflection->MutableMessage(&message, field), role);
        } else {
            for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
                keep_for(*reflection->MutableRepeatedMessage(&message, field, i), role);
            }
        }
    }
}

}  // namespace

v1::Config for_role(const v1::Config& config, messages::v1::Role role) {
    v1::Config kept = config;
    keep_for(kept, word_of(role));
    return kept;
}

}  // namespace holdfast::config
