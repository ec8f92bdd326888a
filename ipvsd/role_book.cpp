#include "ipvsd/role_book.hpp"

#include <algorithm>

namespace holdfast::ipvsd {

std::string_view to_text(RouterState state) {
    switch (state) {
        case RouterState::initialize:
            return "initialize";
        case RouterState::backup:
            return "backup";
        case RouterState::active:
            return "active";
        case RouterState::fault:
            return "fault";
    }
    return "unknown";
}

void RoleBook::set_instances(const std::map<core::ObjectId, Instance>& instances) {
    std::erase_if(entries_, [&](const auto& each) { return !instances.contains(each.first); });
    for (const auto& [id, instance] : instances) {
        entries_.try_emplace(id, Entry{.down_interval = instance.down_interval});
    }
}

void RoleBook::keep_for_a_while(Entry& entry, core::Instant now) {
    if (entry.wish == Wish::absent || entry.keep_until) return;
    any_waits_ = true;
    entry.keep_until = now + std::max<core::Interval>(entry.down_interval, std::chrono::seconds(1));
}

void RoleBook::start(core::Instant now) {
    for (auto& [id, entry] : entries_) keep_for_a_while(entry, now);
}

void RoleBook::vrrpd_lost(core::Instant now) {
    for (auto& [id, entry] : entries_) keep_for_a_while(entry, now);
}

void RoleBook::begin() {
    for (auto& [id, entry] : entries_) entry.said = false;
}

void RoleBook::take(const RoleSaid& role) {
    const auto found = entries_.find(role.instance);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    entry.wish = role.state == RouterState::active ? Wish::present : Wish::absent;
    entry.said = true;
    entry.keep_until.reset();
    if (role.down_interval.count() > 0) entry.down_interval = role.down_interval;
}

void RoleBook::end() {
    for (auto& [id, entry] : entries_) {
        if (entry.said) continue;
        entry.wish = Wish::absent;
        entry.keep_until.reset();
    }
}

/// Asked for after every change of a role, when mostly nobody waits.
std::optional<core::Instant> RoleBook::next_withdrawal() {
    std::optional<core::Instant> next;
    if (!any_waits_) return next;
    for (const auto& [id, entry] : entries_) {
        if (entry.keep_until && (!next || *entry.keep_until < *next)) next = entry.keep_until;
    }
    any_waits_ = next.has_value();
    return next;
}

std::vector<core::ObjectId> RoleBook::withdraw(core::Instant now) {
    std::vector<core::ObjectId> withdrawn;
    for (auto& [id, entry] : entries_) {
        if (!entry.keep_until || *entry.keep_until > now) continue;
        entry.keep_until.reset();
        entry.wish = Wish::absent;
        withdrawn.push_back(id);
    }
    return withdrawn;
}

Wish RoleBook::wish_of(core::ObjectId instance) const {
    const auto found = entries_.find(instance);
    return found == entries_.end() ? Wish::absent : found->second.wish;
}

void RoleBook::release_all() {
    for (auto& [id, entry] : entries_) entry = {.wish = Wish::absent, .said = entry.said};
}

}  // namespace holdfast::ipvsd
