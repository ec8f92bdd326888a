#include "lib/config/model_index.hpp"

namespace holdfast::config {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const v1::Setting& setting_of(const FieldDescriptor* field) {
    return field->options().GetExtension(v1::setting);
}

void ModelIndex::collect(const Descriptor* message, std::vector<const FieldDescriptor*>& path,
                         Routes& routes) {
    for (int i = 0; i < message->field_count(); ++i) {
        const FieldDescriptor* field = message->field(i);
        const v1::Setting& setting = setting_of(field);
        path.push_back(field);
        if (setting.has_keyword()) {
            for (const std::string& old : setting.deprecated()) {
                routes.emplace(old, Route{path, &setting, true});
            }
            for (const std::string& old : setting.renamed()) {
                routes.emplace(old, Route{path, &setting, true});
            }
            // Behind the old names: a keyword may be one itself.
            routes.emplace(setting.keyword(), Route{path, &setting, false});
            for (const std::string& alias : setting.alias()) {
                routes.emplace(alias, Route{path, &setting, false});
            }
        } else if (field->message_type() != nullptr && !field->is_repeated() && path.size() < 3) {
            collect(field->message_type(), path, routes);
        }
        path.pop_back();
    }
}

const Route* ModelIndex::find(const Descriptor* message, std::string_view keyword) {
    auto [entry, is_new] = routes_.try_emplace(message);
    if (is_new) {
        std::vector<const FieldDescriptor*> path;
        collect(message, path, entry->second);
    }
    const auto route = entry->second.find(keyword);
    return route != entry->second.end() ? &route->second : nullptr;
}

Message& ModelIndex::holder(Message& message, const Route& route) {
    Message* at = &message;
    for (std::size_t i = 0; i + 1 < route.path.size(); ++i) {
        at = at->GetReflection()->MutableMessage(at, route.path[i]);
    }
    return *at;
}

}  // namespace holdfast::config
