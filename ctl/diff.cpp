// holdfastctl diff: two configurations by object and setting.
#include <algorithm>

#include <fmt/format.h>

#include "ctl/config_file.hpp"
#include "ctl/config_verbs.hpp"
#include "ctl/daemon.hpp"
#include "ctl/json.hpp"
#include "lib/config/difference.hpp"
#include "lib/config/display_text.hpp"
#include "lib/config/rendering.hpp"
#include "lib/config/shown.hpp"
#include "proto/shown_config.pb.h"

namespace holdfast::ctl {
namespace {

constexpr const char* kNothingCompared = "a file cannot be used; nothing was compared";
using WrittenPtr = std::shared_ptr<const config::Written>;

Json text_of(const std::optional<std::string>& value) {
    return value ? Json(config::printable(*value)) : Json();
}

Json place_of(const config::Position& at) {
    return at.file == nullptr ? Json() : Json(config::place_text(at));
}

Json setting_item(const config::SettingChange& change) {
    return Json::Object{{"setting", change.setting},
                        {"before", text_of(change.before)},
                        {"after", text_of(change.after)},
                        {"secret", change.secret},
                        {"before_at", place_of(change.before_at)},
                        {"after_at", place_of(change.after_at)}};
}

std::string_view word_of(config::ObjectChange::Kind kind) {
    switch (kind) {
        case config::ObjectChange::Kind::added:
            return "added";
        case config::ObjectChange::Kind::removed:
            return "removed";
        case config::ObjectChange::Kind::changed:
            break;
    }
    return "changed";
}

Json::Array items_of(const config::Difference& difference) {
    Json::Array items;
    for (const config::ObjectChange& change : difference) {
        Json::Array settings;
        for (const config::SettingChange& one : change.settings) {
            settings.push_back(setting_item(one));
        }
        items.emplace_back(Json::Object{{"object", config::printable(change.object)},
                                        {"change", word_of(change.kind)},
                                        {"before_at", place_of(change.before_at)},
                                        {"after_at", place_of(change.after_at)},
                                        {"settings", std::move(settings)}});
    }
    return items;
}

struct Side {
    WrittenPtr written;
    bool is_yaml = false;
};

/// One side that is a file; nothing, with its findings told, when it cannot be used.
Side read_side(const Console& console, const std::string& file) {
    const ReadConfig read = read_config(console.options, file);
    if (read.result.usable) {
        return {read.result.written, read.result.language == config::Language::yaml};
    }
    fmt::print(console.complaints, "{}", report_of(read, false));
    return {};
}

/// Services have names in YAML only; without them both languages know them by their addresses.
config::v1::Config without_names(config::v1::Config config) {
    for (auto& service : *config.mutable_virtual_servers()) service.clear_label();
    return config;
}

bool has_names(const config::v1::Config& config) {
    const auto& services = config.virtual_servers();
    return std::all_of(services.begin(), services.end(),
                       [](const auto& service) { return service.has_label(); });
}

/// In the words of YAML when both know its names. What neither language's words can say is not
/// overlooked: nothing found means the same configuration.
config::Difference difference_of(const config::Written& before, const config::Written& after,
                                 bool yaml) {
    using config::Language;
    config::Difference found =
        config::difference(before, after, yaml ? Language::yaml : Language::legacy);
    if (!found.empty()) return found;
    return config::difference(without_names(before.config), without_names(after.config),
                              yaml ? Language::legacy : Language::yaml);
}

int compare(const Console& console, const config::Written& before, const config::Written& after,
            bool yaml) {
    const config::Difference found = difference_of(before, after, yaml);
    if (console.for_machines()) {
        console.print(envelope("diff", items_of(found)));
    } else {
        fmt::print(console.out, "{}", config::render(found));
    }
    return found.empty() ? kOk : kNo;
}

/// The running configuration shows no secrets: those of the file are no difference.
int compare_with_running(const Console& console, const std::string& file) {
    const auto running = running_config(console.options);
    if (!running) return fail_to_ask(console, running.error());
    Options as_daemon = console.options;
    if (as_daemon.node.empty()) as_daemon.node = running->config_id;
    const Console reading{as_daemon, console.out, console.complaints};
    const Side after = read_side(reading, file.empty() ? file_of_daemon(console.options) : file);
    if (!after.written) return console.fail(kRefused, kNothingCompared);
    const WrittenPtr masked = config::restored(config::shown(*after.written));
    return compare(console, *running->written, *masked,
                   after.is_yaml && has_names(running->written->config));
}

}  // namespace

int diff(const Console& console, std::span<const std::string> words) {
    if (words.size() < 2) return compare_with_running(console, words.empty() ? "" : words.front());
    const Side before = read_side(console, words[0]);
    const Side after = read_side(console, words[1]);
    if (!before.written || !after.written) return console.fail(kRefused, kNothingCompared);
    return compare(console, *before.written, *after.written, before.is_yaml && after.is_yaml);
}

}  // namespace holdfast::ctl
