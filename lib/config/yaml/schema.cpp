#include "lib/config/yaml/schema.hpp"

#include <google/protobuf/descriptor.h>

#include <map>
#include <utility>

#include <fmt/format.h>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/describe.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/json.hpp"
#include "lib/config/yaml/merge.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "lib/config/yaml/shape.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

constexpr std::string_view kAddress = "https://holdfast.invalid/schema/holdfast.v1.schema.json";

/// {"type": ["object", "null"]}: a key without anything under it is an empty map.
Node object() {
    Node types = Node::list({Node::string("object"), Node::string("null")});
    Node schema = Node::map();
    schema.add("type", std::move(types));
    return schema;
}

Node with_doc(Node schema, std::string doc) {
    if (!doc.empty() && schema.find("description") == nullptr) {
        schema.add("description", Node::string(std::move(doc)));
    }
    return schema;
}

Node number_schema(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    Node schema = typed("integer");
    const auto type = field->cpp_type();
    const bool is_signed =
        type == FieldDescriptor::CPPTYPE_INT32 || type == FieldDescriptor::CPPTYPE_INT64;
    if (setting.has_min() || !is_signed) {
        schema.add("minimum", Node::plain(number_text(setting.min())));
    }
    if (setting.has_max()) schema.add("maximum", Node::plain(number_text(setting.max())));
    if (!setting.has_names()) return schema;
    return any_of({std::move(schema), typed("string")});
}

Node scalar_schema(const FieldDescriptor* field) {
    const v1::Setting& setting = setting_of(field);
    switch (type_of(field)) {
        case ScalarType::boolean:
            if (setting.words_size() == 2) {
                return words_schema({setting.words(0), setting.words(1)});
            }
            return typed("boolean");
        case ScalarType::integer:
            return number_schema(field);
        case ScalarType::duration:
            return text_with(std::string(duration_pattern()));
        case ScalarType::size:
            return text_with(std::string(size_pattern()));
        case ScalarType::word:
            return words_schema(words_of(field->enum_type()));
        case ScalarType::address:
            return text_with(std::string(setting.syntax() == v1::PREFIX ? network_pattern()
                                                                        : address_pattern()));
        case ScalarType::text:
            break;
    }
    // What looks like a number or a boolean is a text as well.
    Node schema = Node::map();
    schema.add("type", Node::list({Node::string("string"), Node::string("number"),
                                   Node::string("boolean")}));
    return schema;
}

class SchemaMaker {
  public:
    Node make() {
        Node properties = properties_of(Shape::of_model().root());
        add_defaults(properties);
        Node top = Node::map();
        top.add("$schema", Node::string("http://json-schema.org/draft-07/schema#"));
        top.add("$id", Node::string(std::string(kAddress)));
        top.add("title", Node::string("Holdfast configuration, version 1"));
        top.add("type", Node::string("object"));
        top.add("properties", top_properties(properties));
        top.add("additionalProperties", Node::boolean(false));
        top.add("required", Node::list({Node::string("version")}));
        Node definitions = Node::map();
        for (Entry& entry : properties.entries) {
            definitions.add("top_" + entry.key, std::move(entry.value));
        }
        definitions.add("server_pool", pool_schema());
        complete(definitions);
        top.add("definitions", std::move(definitions));
        return top;
    }

  private:
    Node properties_of(const Map& map) {
        Node properties = Node::map();
        for (const Key& key : map.keys) properties.add(key.name, key_schema(key));
        return properties;
    }

    Node map_schema(const Map& map) {
        Node schema = object();
        schema.add("properties", properties_of(map));
        schema.add("additionalProperties", Node::boolean(false));
        if (map.one_of) {
            schema.add("minProperties", Node::plain("1"));
            schema.add("maxProperties", Node::plain("1"));
        }
        return schema;
    }

    Node key_schema(const Key& key) {
        std::vector<Node> choices;
        if (key.form != nullptr) {
            choices.push_back(key.form->schema());
        } else if (!key.field.empty()) {
            choices.push_back(field_schema(key));
        } else if (!key.main.empty()) {
            if (const Key* main = key.below->find(key.main)) choices.push_back(key_schema(*main));
        }
        if (key.below) choices.push_back(map_schema(*key.below));
        Node schema = choices.size() == 1 ? std::move(choices.front()) : any_of(std::move(choices));
        if (schema.find("$ref") != nullptr) return schema;  // siblings of a reference do not count
        return with_doc(std::move(schema), description_of(key));
    }

    Node field_schema(const Key& key) {
        const FieldDescriptor* field = key.field.back();
        if (key.from_file) return typed("string");
        const bool is_message = field->message_type() != nullptr;
        Node one = is_message ? message_schema(field->message_type()) : scalar_schema(field);
        if (map_key_of(field) != nullptr) {
            Node schema = object();
            schema.add("additionalProperties", std::move(one));
            return schema;
        }
        if (field->is_repeated()) return list_of(std::move(one));
        if (!is_message) {
            if (auto value = default_of(field)) one.add("default", std::move(*value));
        }
        return one;
    }

    Node message_schema(const Descriptor* message) {
        if (const ValueForm* form = find_value_form(message)) return form->schema();
        wanted_.emplace(message->name(), message);
        Node whole = reference_to(message->name());
        const ShortForm* form = find_short_form(message);
        if (form == nullptr) return whole;
        const Key* main = Shape::of_model().of(message).find(form->key);
        if (main == nullptr) return whole;
        return any_of({key_schema(*main), std::move(whole)});
    }

    /// The definitions that are referred to, and those that these refer to.
    void complete(Node& definitions) {
        bool more = true;
        while (more) {
            more = false;
            const auto wanted = wanted_;
            for (const auto& [name, message] : wanted) {
                if (definitions.find(name) != nullptr) continue;
                Node schema = map_schema(Shape::of_model().of(message));
                if (message == v1::VirtualServer::descriptor()) add_pool_keys(schema);
                definitions.add(name, std::move(schema));
                more = true;
            }
        }
    }

    Node checks_schema() {
        Node list = list_of(message_schema(v1::Check::descriptor()));
        return with_doc(std::move(list), "Checks of the servers that have none of their own.");
    }
    void add_pool_keys(Node& service) {
        Node& properties = service.find("properties")->value;
        properties.add("pool", with_doc(typed("string"), "Name of one of server_pools."));
        properties.add("checks", checks_schema());
    }
    Node pool_schema() {
        Node schema = map_schema(Shape::of_model().of(v1::VirtualServer::descriptor()));
        schema.find("properties")->value.add("checks", checks_schema());
        return schema;
    }

    /// vrrp.defaults has the settings of an instance beside global ones.
    void add_defaults(Node& properties) {
        Node* vrrp = &properties.find("vrrp")->value.find("properties")->value;
        Node instance = map_schema(Shape::of_model().of(v1::VrrpInstance::descriptor()));
        with_defaults_doc(instance);
        if (Entry* defaults = vrrp->find("defaults")) {
            Reporter nobody;
            merge(defaults->value, instance, Clash::keep, {}, nobody);
        } else {
            vrrp->add("defaults", std::move(instance));
        }
    }
    static void with_defaults_doc(Node& schema) {
        schema.add("description",
                   Node::string("Settings for all instances that do not say otherwise."));
    }

    static Node top_properties(const Node& properties) {
        Node version = Node::map();
        version.add("enum", Node::list({Node::plain("1")}));
        Node all = Node::map();
        all.add("version", with_doc(std::move(version), "Version of this language."));
        all.add("include",
                with_doc(list_of(typed("string")), "Files and patterns, relative to this file."));
        Node override_map = Node::map();
        for (const Entry& entry : properties.entries) {
            override_map.add(entry.key, reference_to("top_" + entry.key));
        }
        Node pools = object();
        pools.add("additionalProperties", reference_to("server_pool"));
        override_map.add("server_pools",
                         with_doc(std::move(pools), "Servers and checks that services share."));
        for (const Entry& entry : override_map.entries) all.add(entry.key, entry.value);
        Node one = object();
        one.add("properties", std::move(override_map));
        one.add("additionalProperties", Node::boolean(false));
        Node overrides = object();
        overrides.add("additionalProperties", std::move(one));
        all.add("overrides", with_doc(std::move(overrides),
                                      "What differs on single nodes, by the name of the node."));
        return all;
    }

    std::map<std::string, const Descriptor*> wanted_;
};

}  // namespace

std::string make_schema() {
    return to_json(SchemaMaker().make());
}

}  // namespace holdfast::config::yaml
