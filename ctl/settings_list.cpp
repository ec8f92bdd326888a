#include "ctl/settings_list.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "lib/config/yaml/describe.hpp"
#include "lib/config/yaml/hints.hpp"
#include "lib/config/yaml/shape.hpp"
#include "proto/config.pb.h"
#include "proto/options.pb.h"

namespace holdfast::ctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// `above` are the messages on the way down: a model that contains itself ends there.
void collect(const Descriptor& message, const std::string& object,
             std::vector<const Descriptor*>& above, std::vector<SettingDefault>& found) {
    if (std::ranges::find(above, &message) != above.end()) return;
    above.push_back(&message);
    for (int i = 0; i < message.field_count(); ++i) {
        const FieldDescriptor& field = *message.field(i);
        const config::v1::Setting& setting = field.options().GetExtension(config::v1::setting);
        if (setting.has_default_text() && !setting.keyword().empty()) {
            found.push_back({object, setting.keyword(), setting.default_text(), setting.unit()});
        }
        if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
        std::string inner = object;
        if (!setting.keyword().empty()) inner += (inner.empty() ? "" : " ") + setting.keyword();
        collect(*field.message_type(), inner, above, found);
    }
    above.pop_back();
}

}  // namespace

std::vector<SettingDefault> setting_defaults(config::Language words) {
    std::vector<SettingDefault> found;
    if (words == config::Language::yaml) {
        const config::yaml::Map& root = config::yaml::Shape::of_model().root();
        config::yaml::for_each_key(
            root, {}, [&](const std::string& path, const config::yaml::Key& key) {
                const std::string text = config::yaml::default_text_of(key);
                if (text.empty()) return;
                const std::size_t dot = path.rfind('.');
                const bool top = dot == std::string::npos;
                found.push_back(
                    {top ? "" : path.substr(0, dot), top ? path : path.substr(dot + 1), text, ""});
            });
        return found;
    }
    std::vector<const Descriptor*> above;
    collect(*config::v1::Config::descriptor(), "", above, found);
    return found;
}

}  // namespace holdfast::ctl
