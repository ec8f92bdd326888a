#include "lib/config/yaml/hints.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/shape.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

using Visitor = std::function<void(const std::string&, const Key&)>;

bool has_keyword(const FieldDescriptor* field, std::string_view word) {
    if (word.empty()) return false;
    const v1::Setting& setting = setting_of(field);
    return setting.keyword() == word ||
           std::ranges::find(setting.alias(), word) != setting.alias().end() ||
           std::ranges::find(setting.deprecated(), word) != setting.deprecated().end();
}

bool stands_for(const Key& key, std::string_view word) {
    if (!key.made.empty() && has_keyword(key.made.back(), word)) return true;
    return std::ranges::any_of(
        key.sets, [&](const FieldDescriptor* field) { return has_keyword(field, word); });
}

class Walk {
  public:
    explicit Walk(const Visitor& visit) : visit_(visit) {}

    void below(const Map& map, const std::string& path) {
        for (const Key& key : map.keys) {
            const std::string here = path.empty() ? key.name : path + "." + key.name;
            visit_(here, key);
            if (key.below) below(*key.below, here);
            if (!key.field.empty()) entries(key.field.back(), here);
        }
    }

  private:
    void entries(const FieldDescriptor* field, const std::string& path) {
        const Descriptor* type = field->message_type();
        if (type == nullptr || find_value_form(type) != nullptr) return;
        if (!open_.insert(type).second) return;
        const bool by_name = map_key_of(field) != nullptr;
        below(Shape::of_model().of(type), by_name                ? path + ".NAME"
                                          : field->is_repeated() ? path + "[]"
                                                                 : path);
        open_.erase(type);
    }

    const Visitor& visit_;
    std::set<const Descriptor*> open_;
};

/// A flag that says the opposite: nopreempt is `preempt: false`.
std::string meant_value(const Key& key, std::string_view word) {
    if (key.field.empty() || !has_keyword(key.field.back(), word)) return {};
    const FieldDescriptor* field = key.field.back();
    const bool inverted =
        field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL && setting_of(field).inverted();
    return inverted ? ": false" : "";
}

/// The key for a keyword of keepalived, in this map or one below it.
std::string key_for_keyword(const Map& map, std::string_view word, const std::string& path = {}) {
    for (const Key& key : map.keys) {
        const std::string here = path.empty() ? key.name : path + "." + key.name;
        if (!key.from_file && stands_for(key, word)) return here + meant_value(key, word);
        if (!key.below) continue;
        std::string found = key_for_keyword(*key.below, word, here);
        if (found.empty()) continue;
        // `preempt: false` is short for `preempt: {enabled: false}`.
        const std::string main = here + "." + key.main;
        if (!key.main.empty() && found.starts_with(main + ":")) found.replace(0, main.size(), here);
        return found;
    }
    return {};
}

}  // namespace

void for_each_key(const Map& map, const std::string& path, const Visitor& visit) {
    Walk(visit).below(map, path);
}

std::string hint_for_unknown(const Map& map, std::string_view word) {
    if (const std::string key = key_for_keyword(map, word); !key.empty()) {
        return fmt::format("keepalived's {} is {} here", word, key);
    }
    std::vector<std::string> names;
    for (const Key& key : map.keys) names.push_back(key.name);
    if (const auto near = core::closest(word, names)) {
        return fmt::format("did you mean \"{}\"?", *near);
    }
    std::string keyword;
    std::string elsewhere;
    for_each_key(Shape::of_model().root(), {}, [&](const std::string& path, const Key& key) {
        if (key.name == word && elsewhere.empty()) elsewhere = path;
        if (!key.from_file && keyword.empty() && stands_for(key, word)) keyword = path;
    });
    if (!elsewhere.empty()) {
        const std::size_t dot = elsewhere.rfind('.');
        if (dot == std::string::npos) return fmt::format("{} stands at the top of the file", word);
        return fmt::format("{} belongs in {}", word, elsewhere.substr(0, dot));
    }
    return keyword.empty() ? std::string()
                           : fmt::format("keepalived's {} is {} here", word, keyword);
}

}  // namespace holdfast::config::yaml
