#include "lib/config/origins.hpp"

#include <algorithm>

namespace holdfast::config {

const Origin::Setting* Origin::find(std::string_view keyword) const {
    const auto found = std::ranges::find(settings, keyword, &Setting::keyword);
    return found != settings.end() ? &*found : nullptr;
}

void Origins::add_object(const Message* object, const Position& at) {
    objects_.insert_or_assign(object, Origin{at, {}});
}

void Origins::add_setting(const Message* object, std::string_view keyword, const Position& at,
                          std::vector<Position> entries) {
    auto& settings = objects_[object].settings;
    const auto before = std::ranges::find(settings, keyword, &Origin::Setting::keyword);
    if (before == settings.end()) {
        settings.push_back({keyword, at, std::move(entries)});
        return;
    }
    // The last one counts; blocks of data add up.
    if (entries.empty()) before->at = at;
    before->entries.insert(before->entries.end(), entries.begin(), entries.end());
}

const Origin* Origins::find(const Message* object) const {
    const auto found = objects_.find(object);
    return found != objects_.end() ? &found->second : nullptr;
}

Position Origins::of(const Message* object, std::string_view keyword) const {
    const Origin* origin = find(object);
    if (origin == nullptr) return {};
    const Origin::Setting* setting = origin->find(keyword);
    return setting != nullptr ? setting->at : origin->block;
}

}  // namespace holdfast::config
