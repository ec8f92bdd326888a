// holdfastctl diff: two configurations by object and setting.
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

/// One side that is a file; nothing, with its findings told, when it cannot be used.
WrittenPtr written_in(const Console& console, const std::string& file) {
    const ReadConfig read = read_config(console.options, file);
    if (read.result.usable) return read.result.written;
    fmt::print(console.complaints, "{}", report_of(read, false));
    return nullptr;
}

int compare(const Console& console, const config::Written& before, const config::Written& after,
            config::Language words) {
    const config::Difference found = config::difference(before, after, words);
    if (console.for_machines()) {
        console.print(envelope("diff", items_of(found)));
    } else {
        fmt::print(console.out, "{}", config::render(found));
    }
    return found.empty() ? kOk : kNo;
}

}  // namespace

int diff(const Console& console, std::span<const std::string> words) {
    const std::string last = words.empty() ? "" : words.back();
    WrittenPtr before;
    if (words.size() < 2) {
        auto running = running_config(console.options);
        if (!running) return fail_to_ask(console, running.error());
        before = std::move(*running);
    } else {
        before = written_in(console, words.front());
    }
    WrittenPtr after = before ? written_in(console, last) : nullptr;
    if (!after) return console.fail(kRefused, "a file cannot be used; nothing was compared");
    // The running configuration shows no secrets: those of the file are no difference.
    if (words.size() < 2) after = config::restored(config::shown(*after));
    return compare(console, *before, *after, config::Language::legacy);
}

}  // namespace holdfast::ctl
