// keepalived's completion of vrrp_sync_group.
#include <unordered_map>

#include <fmt/format.h>

#include "lib/config/near_names.hpp"
#include "lib/config/resolve.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

class GroupResolver {
  public:
    explicit GroupResolver(Resolution& all) : all_(all) {
        for (auto& instance : *all_.config.mutable_vrrp_instances()) {
            instances_.emplace(instance.name(), &instance);
        }
    }

    void run() {
        const auto& global = all_.config.global();
        auto& groups = *all_.config.mutable_vrrp_sync_groups();
        std::vector<bool> drop(static_cast<std::size_t>(groups.size()));
        for (int i = 0; i < groups.size(); ++i) {
            const auto at = static_cast<std::size_t>(i);
            const ObjectScope object(all_.report, "vrrp_sync_group", groups.Get(i).name());
            place_ = &all_.places.groups[at].of("group");
            drop[at] = !resolve(*groups.Mutable(i));
        }
        drop_marked(groups, all_.places.groups, drop);
        for (auto& instance : *all_.config.mutable_vrrp_instances()) {
            if (instance.has_notify_priority_changes()) continue;
            instance.set_notify_priority_changes(global.notify_priority_changes());
        }
    }

  private:
    void complain(std::string_view class_name, std::string text, std::string hint) {
        all_.report.error(Complaint::general, class_name, *place_, std::move(text)).hint =
            std::move(hint);
    }

    /// False when the group has no member and must be dropped.
    bool resolve(v1::VrrpSyncGroup& group) {
        group.set_id(core::object_id("vrrp_sync_group", group.name()).value);
        std::vector<std::string> members;
        for (const std::string& member : group.members()) {
            v1::VrrpInstance* taken = take(member, group.name());
            if (taken == nullptr) continue;
            members.push_back(member);
            group.add_member_ids(taken->id());
            if (group.has_notify_priority_changes() && !taken->has_notify_priority_changes()) {
                taken->set_notify_priority_changes(group.notify_priority_changes());
            }
        }
        if (!group.has_smtp_alert()) {
            group.set_smtp_alert(all_.config.global().smtp_alert_vrrp());
        }
        group.mutable_members()->Assign(members.begin(), members.end());
        const std::string name = "vrrp_sync_group " + group.name();
        if (members.empty()) {
            complain("empty_group", fmt::format("{} has no member and is dropped", name), {});
        } else if (members.size() == 1) {
            complain("lonely_group", fmt::format("{} has one member only", name),
                     "a group is for instances that change their state together");
        }
        return !members.empty();
    }

    /// Null when the group cannot have it.
    v1::VrrpInstance* take(const std::string& member, const std::string& group) {
        const auto found = instances_.find(member);
        if (found == instances_.end()) {
            complain("unknown_member",
                     fmt::format("there is no vrrp_instance {}; it is ignored", member),
                     did_you_mean(member, first_names(all_.config.vrrp_instances())));
            return nullptr;
        }
        const auto [first, is_new] = taken_.emplace(member, group);
        if (!is_new) {
            complain("member_taken",
                     fmt::format("{} is in a group already; it is ignored here", member),
                     fmt::format("it is in vrrp_sync_group {}", first->second));
            return nullptr;
        }
        return found->second;
    }

    Resolution& all_;
    std::unordered_map<std::string, v1::VrrpInstance*> instances_;
    std::unordered_map<std::string, std::string> taken_;  // member to the group that has it
    const Place* place_ = nullptr;
};

}  // namespace

void resolve_groups(Resolution& all) {
    GroupResolver(all).run();
}

}  // namespace holdfast::config
