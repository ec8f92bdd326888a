// The shape of the model in YAML: everything has a place of its own, and what is generated is
// fresh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/hints.hpp"
#include "lib/config/yaml/manual.hpp"
#include "lib/config/yaml/schema.hpp"
#include "lib/config/yaml/shape.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// Every field that a front end may set, and where in the messages it was met.
void collect(const Descriptor* message, std::set<const FieldDescriptor*>& fields,
             std::set<const Descriptor*>& seen) {
    if (!seen.insert(message).second) return;
    for (int i = 0; i < message->field_count(); ++i) {
        const FieldDescriptor* field = message->field(i);
        const bool written = field->options().HasExtension(v1::setting);
        if (!written || setting_of(field).yaml() == "-") continue;
        fields.insert(field);
        if (field->message_type() != nullptr) collect(field->message_type(), fields, seen);
    }
}

TEST(YamlShape, EverySettingHasAPlace) {
    std::set<const FieldDescriptor*> wanted;
    std::set<const Descriptor*> seen;
    collect(v1::Config::descriptor(), wanted, seen);
    for_each_key(Shape::of_model().root(), {}, [&](const std::string&, const Key& key) {
        for (const FieldDescriptor* field : key.sets) wanted.erase(field);
        for (const Path* path : {&key.field, &key.made, &key.owner}) {
            for (const FieldDescriptor* field : *path) wanted.erase(field);
        }
        if (key.field.empty()) return;
        if (const FieldDescriptor* name = map_key_of(key.field.back())) wanted.erase(name);
        // A value form stands for the fields of its message.
        const Descriptor* type = key.field.back()->message_type();
        for (int i = 0; type != nullptr && i < type->field_count(); ++i) {
            if (type->name() == "StatusRange" || type->name() == "NumberRange") {
                wanted.erase(type->field(i));
            }
        }
    });
    for (const FieldDescriptor* field : wanted) {
        ADD_FAILURE() << field->full_name() << " has no place in YAML";
    }
}

TEST(YamlShape, EveryListOfTheTopIsAMapByNameOrHasNoNames) {
    const Descriptor* config = v1::Config::descriptor();
    for (int i = 0; i < config->field_count(); ++i) {
        const FieldDescriptor* field = config->field(i);
        const v1::Setting& setting = setting_of(field);
        if (!field->is_repeated() || setting.yaml() == "-") continue;
        EXPECT_NE(setting.yaml().find('.'), std::string::npos) << field->name();
        EXPECT_EQ(setting.has_map_key(), map_key_of(field) != nullptr) << field->name();
    }
}

std::string content(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

void expect_fresh(const char* file, const std::string& made) {
    const std::filesystem::path path = std::filesystem::path(HOLDFAST_SOURCES) / file;
    if (std::getenv("HOLDFAST_REWRITE") != nullptr) std::ofstream(path) << made;
    EXPECT_TRUE(content(path) == made) << file << " is old; HOLDFAST_REWRITE=1 writes it anew";
}

TEST(YamlShape, TheSchemaIsFresh) {
    expect_fresh("etc/schema/holdfast.v1.schema.json", make_schema());
}
TEST(YamlShape, TheManualIsFresh) {
    expect_fresh("docs/man/holdfast.yaml.5", make_manual());
}
TEST(YamlShape, TheTableOfKeywordsIsFresh) {
    expect_fresh("docs/reference/keepalived-keywords.md", make_keyword_table());
}

}  // namespace
}  // namespace holdfast::config::yaml
