// holdfastctl show config: the running configuration, that of the file, or the defaults.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "ctl/config_file.hpp"
#include "ctl/config_verbs.hpp"
#include "ctl/daemon.hpp"
#include "ctl/json.hpp"
#include "ctl/settings_list.hpp"
#include "ctl/table.hpp"
#include "ctl/written_text.hpp"
#include "lib/config/display_text.hpp"
#include "lib/config/rendering.hpp"
#include "lib/config/shown.hpp"
#include "lib/core/text.hpp"
#include "proto/shown_config.pb.h"

namespace holdfast::ctl {
namespace {

using config::OutlineNode;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

/// Objects of the top level that have one of these names. `missing` is a name that none has.
std::set<const Message*> named(const config::Written& written, std::span<const std::string> names,
                               std::optional<std::string>& missing) {
    std::set<const Message*> found;
    std::set<std::string> met;
    const std::function<void(const OutlineNode&)> look = [&](const OutlineNode& node) {
        for (const std::string& name : names) {
            const bool fits = node.is_object && (node.name == name || node.key == name ||
                                                 node.name.ends_with(" " + name));
            if (!fits) continue;
            found.insert(node.object);
            met.insert(name);
        }
        for (const OutlineNode& child : node.children) look(child);
    };
    for (const auto language : {config::Language::legacy, config::Language::yaml}) {
        for (const OutlineNode& node : config::outline(written.config, language)) look(node);
    }
    for (const std::string& name : names) {
        if (!met.contains(name)) missing = name;
    }
    return found;
}

/// Takes everything but these objects out of the message.
void keep_only(Message& config, const std::vector<bool>& wanted) {
    const Reflection& reflection = *config.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(config, &fields);
    std::size_t number = 0;
    for (const FieldDescriptor* field : fields) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || !field->is_repeated()) {
            if (!wanted[number++]) reflection.ClearField(&config, field);
            continue;
        }
        int kept = 0;
        const int count = reflection.FieldSize(config, field);
        for (int i = 0; i < count; ++i) {
            if (wanted[number++]) reflection.SwapElements(&config, field, i, kept++);
        }
        while (reflection.FieldSize(config, field) > kept) reflection.RemoveLast(&config, field);
    }
}

/// For each object of the top level, in the order of keep_only, whether it is one of `objects`.
std::vector<bool> wanted_of(const Message& config, const std::set<const Message*>& objects) {
    const Reflection& reflection = *config.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(config, &fields);
    std::vector<bool> wanted;
    for (const FieldDescriptor* field : fields) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
            wanted.push_back(false);
        } else if (!field->is_repeated()) {
            wanted.push_back(objects.contains(&reflection.GetMessage(config, field)));
        } else {
            const int count = reflection.FieldSize(config, field);
            for (int i = 0; i < count; ++i) {
                wanted.push_back(
                    objects.contains(&reflection.GetRepeatedMessage(config, field, i)));
            }
        }
    }
    return wanted;
}

struct Place {
    std::string object;
    std::string text;
};

/// Where each object was written, and what is in it; of these objects, or of all when there are
/// none.
class PlaceList {
  public:
    PlaceList(const config::Written& written, const std::set<const Message*>& objects)
        : written_(written), objects_(objects) {
        for (const OutlineNode& node : config::outline(written.config, config::Language::legacy)) {
            look(node, "", objects.empty());
        }
    }
    [[nodiscard]] const std::vector<Place>& places() const { return places_; }

  private:
    void look(const OutlineNode& node, const std::string& above, bool wanted) {
        const std::string path = above.empty() ? node.name : above + " " + node.name;
        wanted = wanted || objects_.contains(node.object);
        if (wanted && node.is_object && node.object != nullptr) {
            const config::Origin* origin = written_.origins.find(node.object);
            places_.push_back({path, origin != nullptr ? config::place_text(origin->block) : "-"});
        }
        for (const OutlineNode& child : node.children) {
            look(child, node.is_object ? path : above, wanted);
        }
    }

    const config::Written& written_;
    const std::set<const Message*>& objects_;
    std::vector<Place> places_;
};

int show_origins(const Console& console, const config::Written& written,
                 const std::set<const Message*>& objects) {
    const PlaceList list(written, objects);
    if (console.for_machines()) {
        Json::Array items;
        for (const Place& place : list.places()) {
            items.emplace_back(
                Json::Object{{"object", config::printable(place.object)}, {"at", place.text}});
        }
        console.print(envelope("origins", std::move(items)));
        return kOk;
    }
    Table table({"OBJECT", "AT"});
    for (const Place& place : list.places()) {
        table.add({config::printable(place.object), place.text});
    }
    fmt::print(console.out, "{}", table.text(console.options.legend));
    return kOk;
}

int show_text(const Console& console, const config::Written& written) {
    const std::string& language = console.options.language;
    if (console.for_machines() || language == "json") {
        console.print(envelope("config", {written_json(written)}));
        return kOk;
    }
    const WrittenText text = written_text(
        written, language == "keepalived" ? config::Language::legacy : config::Language::yaml);
    for (const std::string& problem : text.problems) {
        fmt::print(console.complaints, "no equivalent: {}\n", problem);
    }
    fmt::print(console.out, "{}", text.text);
    return kOk;
}

int show_defaults(const Console& console) {
    const std::vector<SettingDefault> settings =
        setting_defaults(console.options.language == "keepalived" ? config::Language::legacy
                                                                  : config::Language::yaml);
    if (console.for_machines() || console.options.language == "json") {
        Json::Array items;
        for (const SettingDefault& one : settings) {
            items.emplace_back(Json::Object{{"object", one.object},
                                            {"setting", one.setting},
                                            {"default", one.text},
                                            {"unit", one.unit}});
        }
        console.print(envelope("defaults", std::move(items)));
        return kOk;
    }
    Table table({"OBJECT", "SETTING", "DEFAULT", "UNIT"});
    for (const SettingDefault& one : settings)
        table.add({one.object, one.setting, one.text, one.unit});
    fmt::print(console.out, "{}", table.text(console.options.legend));
    return kOk;
}

/// The configuration that was asked for; nothing, with `status` set, when there is none.
std::shared_ptr<const config::Written> shown_config(const Console& console, int& status) {
    if (console.options.source == Source::running) {
        auto running = running_config(console.options);
        if (running) return running->written;
        status = fail_to_ask(console, running.error());
        return nullptr;
    }
    const ReadConfig read = read_config(console.options, file_of_daemon(console.options));
    fmt::print(console.complaints, "{}", report_of(read, false));
    if (read.result.usable) return config::restored(config::shown(*read.result.written));
    status = console.fail(kRefused, read.file + " cannot be used");
    return nullptr;
}

}  // namespace

int show_config(const Console& console, std::span<const std::string> words) {
    if (console.options.source == Source::defaults) return show_defaults(console);
    int status = kOk;
    const auto written = shown_config(console, status);
    if (!written) return status;
    std::set<const Message*> objects;
    if (const auto names = words.subspan(1); !names.empty()) {
        std::optional<std::string> missing;
        objects = named(*written, names, missing);
        if (missing) {
            return console.fail(kNoSuchObject, fmt::format("nothing is named \"{}\"", *missing));
        }
    }
    if (console.options.origin) return show_origins(console, *written, objects);
    if (objects.empty()) return show_text(console, *written);
    config::Written some;
    some.config = written->config;
    keep_only(some.config, wanted_of(written->config, objects));
    return show_text(console, some);
}

}  // namespace holdfast::ctl
