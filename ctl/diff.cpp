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

/// One side that is a file; nothing, with its findings told, when it cannot be used.
WrittenPtr written_in(const Console& console, const std::string& file) {
    const ReadConfig read = read_config(console.options, file);
    if (read.result.usable) return read.result.written;
    fmt::print(console.complaints, "{}", report_of(read, false));
    return nullptr;
}

int compare(const Console& console, const config::Written& before, const config::Written& after) {
    const config::Difference found = config::difference(before, after);
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
    const WrittenPtr after =
        written_in(reading, file.empty() ? file_of_daemon(console.options) : file);
    if (!after) return console.fail(kRefused, kNothingCompared);
    const WrittenPtr masked = config::restored(config::shown(*after));
    return compare(console, *running->written, *masked);
}

}  // namespace

int diff(const Console& console, std::span<const std::string> words) {
    if (words.size() < 2) return compare_with_running(console, words.empty() ? "" : words.front());
    const WrittenPtr before = written_in(console, words[0]);
    const WrittenPtr after = written_in(console, words[1]);
    if (!before || !after) return console.fail(kRefused, kNothingCompared);
    return compare(console, *before, *after);
}

}  // namespace holdfast::ctl
