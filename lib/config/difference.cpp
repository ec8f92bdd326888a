#include "lib/config/difference.hpp"

#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "lib/config/written.hpp"

namespace holdfast::config {

namespace {

using Nodes = std::vector<OutlineNode>;
using Kind = ObjectChange::Kind;

/// Keys of siblings; what has the same key as one before it is told from it by a number.
std::vector<std::string> keys_of(const Nodes& nodes) {
    std::unordered_map<std::string_view, unsigned> times;
    std::vector<std::string> keys;
    keys.reserve(nodes.size());
    for (const OutlineNode& node : nodes) {
        const unsigned before = times[node.key]++;
        keys.push_back(before == 0 ? node.key : fmt::format("{}\n{}", node.key, before));
    }
    return keys;
}

class Comparison {
  public:
    Comparison(const Origins* before, const Origins* after, Language words)
        : before_(before), after_(after), yaml_(words == Language::yaml) {}

    /// Settings that differ go to `owner`, objects that differ to the result.
    void compare(const Nodes& before, const Nodes& after, const std::string& path,
                 const std::string& prefix, ObjectChange& owner) {
        const auto keys_before = keys_of(before);
        const auto keys_after = keys_of(after);
        std::unordered_map<std::string_view, const OutlineNode*> old;
        for (std::size_t i = 0; i < before.size(); ++i) old.emplace(keys_before[i], &before[i]);
        for (std::size_t i = 0; i < after.size(); ++i) {
            const auto found = old.find(keys_after[i]);
            const OutlineNode* match = found != old.end() ? found->second : nullptr;
            take_pair(match, &after[i], path, prefix, owner);
            if (match != nullptr) old.erase(found);
        }
        for (std::size_t i = 0; i < before.size(); ++i) {
            if (old.contains(keys_before[i])) take_pair(&before[i], nullptr, path, prefix, owner);
        }
    }

    Difference take() { return std::move(changes_); }

  private:
    void take_pair(const OutlineNode* before, const OutlineNode* after, const std::string& path,
                   const std::string& prefix, ObjectChange& owner) {
        const OutlineNode& either = after != nullptr ? *after : *before;
        if (either.is_object) {
            take_object(before, after, path, owner);
        } else if (!either.is_leaf) {
            static const Nodes kNone;
            compare(before != nullptr ? before->children : kNone,
                    after != nullptr ? after->children : kNone, path,
                    prefix + either.name + (yaml_ ? '.' : '/'), owner);
        } else if (before == nullptr || after == nullptr || before->value != after->value) {
            take_setting(before, after, prefix, owner);
        }
    }

    void take_object(const OutlineNode* before, const OutlineNode* after, const std::string& path,
                     const ObjectChange& owner) {
        const OutlineNode& either = after != nullptr ? *after : *before;
        ObjectChange change;
        change.kind = after == nullptr    ? Kind::removed
                      : before == nullptr ? Kind::added
                                          : Kind::changed;
        change.object = path.empty() ? either.name : path + (yaml_ ? '.' : ' ') + either.name;
        if (before != nullptr) change.before_at = place(before_, before->object, {});
        if (after != nullptr) change.after_at = place(after_, after->object, {});
        const std::size_t at = changes_.size();
        changes_.emplace_back();
        static const Nodes kNone;
        compare(before != nullptr ? before->children : kNone,
                after != nullptr ? after->children : kNone, change.object, "", change);
        // What stands in an object that came or went comes and goes with it.
        const bool inside = owner.kind != Kind::changed && change.kind == owner.kind;
        if (inside || (change.kind == Kind::changed && change.settings.empty())) {
            changes_.erase(changes_.begin() + static_cast<std::ptrdiff_t>(at));
        } else {
            changes_[at] = std::move(change);
        }
    }

    void take_setting(const OutlineNode* before, const OutlineNode* after,
                      const std::string& prefix, ObjectChange& owner) const {
        const OutlineNode& either = after != nullptr ? *after : *before;
        SettingChange change;
        change.setting = prefix + either.name;
        if (change.setting.ends_with(yaml_ ? '.' : '/')) change.setting.pop_back();
        change.secret = either.secret;
        if (before != nullptr) change.before = either.secret ? "" : before->value;
        if (after != nullptr) change.after = either.secret ? "" : after->value;
        if (before != nullptr) change.before_at = place(before_, before->holder, before->keyword);
        if (after != nullptr) change.after_at = place(after_, after->holder, after->keyword);
        owner.settings.push_back(std::move(change));
    }

    static Position place(const Origins* origins, const google::protobuf::Message* message,
                          std::string_view keyword) {
        return origins != nullptr && message != nullptr ? origins->of(message, keyword)
                                                        : Position{};
    }

    const Origins* before_;
    const Origins* after_;
    bool yaml_;
    Difference changes_;
};

Difference compare_all(const v1::Config& before, const v1::Config& after,
                       const Origins* origins_before, const Origins* origins_after,
                       Language words) {
    Comparison comparison(origins_before, origins_after, words);
    ObjectChange top;
    comparison.compare(outline(before, words), outline(after, words), "", "", top);
    Difference changes = comparison.take();
    if (!top.settings.empty()) changes.insert(changes.begin(), std::move(top));
    return changes;
}

std::string place_text(const Position& at) {
    return at.file != nullptr ? fmt::format("{}:{}", at.file->path, at.line) : std::string();
}

std::string places_text(const Position& before, const Position& after) {
    const std::string old = place_text(before);
    const std::string now = place_text(after);
    if (old.empty() && now.empty()) return {};
    if (old.empty() || now.empty()) return fmt::format("  ({}{})", old, now);
    return fmt::format("  ({} -> {})", old, now);
}

/// A flag has no value: it is there or not.
std::string value_text(const std::optional<std::string>& value) {
    if (!value) return "not set";
    return value->empty() ? "set" : *value;
}

std::string change_text(const SettingChange& change) {
    if (change.secret) return "changed, not shown";
    return value_text(change.before) + " -> " + value_text(change.after);
}

}  // namespace

Difference difference(const v1::Config& before, const v1::Config& after, Language words) {
    return compare_all(before, after, nullptr, nullptr, words);
}

Difference difference(const Written& before, const Written& after, Language words) {
    return compare_all(before.config, after.config, &before.origins, &after.origins, words);
}

std::string render(const Difference& difference) {
    std::string text;
    for (const ObjectChange& change : difference) {
        const std::string_view kind = change.kind == Kind::added     ? "added"
                                      : change.kind == Kind::removed ? "removed"
                                                                     : "changed";
        text += fmt::format("{} {}{}\n", kind, change.object,
                            places_text(change.before_at, change.after_at));
        if (change.kind != Kind::changed) continue;
        for (const SettingChange& setting : change.settings) {
            text += fmt::format("    {}: {}{}\n", setting.setting, change_text(setting),
                                places_text(setting.before_at, setting.after_at));
        }
    }
    return text;
}

}  // namespace holdfast::config
