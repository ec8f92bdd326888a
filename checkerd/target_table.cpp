#include "checkerd/target_table.hpp"

namespace holdfast::checkerd {

std::unique_ptr<Monitor> TargetTable::make(CheckSpec spec, std::unique_ptr<Monitor> old,
                                           const Predecessor& predecessor) const {
    const auto known = old ? std::optional(old->saved()) : predecessor(spec.id);
    old.reset();  // its run ends before that of its successor begins
    if (known) return std::make_unique<Monitor>(surroundings_, std::move(spec), *known);
    return std::make_unique<Monitor>(surroundings_, std::move(spec));
}

TargetTable::Applied TargetTable::apply(std::vector<CheckSpec> specs,
                                        const Predecessor& predecessor) {
    Applied applied;
    std::unordered_map<core::ObjectId, std::unique_ptr<Monitor>> old;
    for (auto& monitor : monitors_) {
        const core::ObjectId id = monitor->spec().id;
        old.emplace(id, std::move(monitor));
    }
    clear();
    for (CheckSpec& spec : specs) {
        std::unique_ptr<Monitor> before;
        if (auto found = old.extract(spec.id)) before = std::move(found.mapped());
        if (before && before->spec() == spec) {
            ++applied.unchanged;
            monitors_.push_back(std::move(before));
            continue;
        }
        applied.changed.push_back(spec.id);
        monitors_.push_back(make(std::move(spec), std::move(before), predecessor));
    }
    for (const auto& monitor : monitors_) by_id_.emplace(monitor->spec().id, monitor.get());
    for (const auto& [id, monitor] : old) applied.removed.push_back(id);
    return applied;
}

const Monitor* TargetTable::find(core::ObjectId id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

void TargetTable::clear() {
    by_id_.clear();
    monitors_.clear();
}

}  // namespace holdfast::checkerd
