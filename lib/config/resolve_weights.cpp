// Weights that do not count: those of members of a synchronisation group, and of owners. What
// keepalived makes of them, with its complaints.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/resolve.hpp"
#include "lib/config/vrrp_defaults.hpp"

namespace holdfast::config {

namespace {

class WeightResolver {
  public:
    explicit WeightResolver(Resolution& all) : all_(all) {
        for (int i = 0; i < all.config.vrrp_instances_size(); ++i) {
            const auto& instance = all.config.vrrp_instances(i);
            instances_.emplace(instance.id(), &instance);
        }
    }

    void run() {
        for (int i = 0; i < all_.config.vrrp_sync_groups_size(); ++i) {
            auto& group = *all_.config.mutable_vrrp_sync_groups(i);
            const ObjectPlaces& places = all_.places.groups[static_cast<std::size_t>(i)];
            const ObjectScope object(all_.report, "vrrp_sync_group", group.name());
            for (const std::uint64_t member : group.member_ids()) groups_.emplace(member, &group);
            find_tracked_twice(group, places);
            correct_group(group, places);
        }
        for (int i = 0; i < all_.config.vrrp_instances_size(); ++i) {
            auto& instance = *all_.config.mutable_vrrp_instances(i);
            const ObjectScope object(all_.report, "vrrp_instance", instance.name());
            correct_member(instance, all_.places.instances[static_cast<std::size_t>(i)]);
        }
    }

  private:
    /// Calls `visit(entry, keyword, name)` for each tracker that has a weight.
    template <class Owner, class Visit>
    static void each_weighted(Owner& owner, const Visit& visit) {
        const auto each = [&](auto& entries, std::string_view keyword) {
            for (auto& entry : entries) {
                if (entry.weight() != 0) visit(entry, keyword, entry.name());
            }
        };
        for (auto& entry : *owner.mutable_track_interfaces()) {
            if (entry.weight() != 0) visit(entry, "track_interface", entry.interface());
        }
        each(*owner.mutable_track_scripts(), "track_script");
        each(*owner.mutable_track_files(), "track_file");
        each(*owner.mutable_track_processes(), "track_process");
        each(*owner.mutable_track_services(), "track_virtual_server");
        each(*owner.mutable_track_bfd(), "track_bfd");
    }

    /// keepalived says nothing about processes.
    void complain(const Place& place, std::string_view keyword, std::string_view class_name,
                  std::string text, std::string_view hint) {
        const bool silent = keyword == "track_process";
        all_.report
            .add(silent ? Severity::warning : Severity::error,
                 silent ? Complaint::none : Complaint::general, class_name, place, std::move(text))
            .hint = std::string(hint);
    }

    void correct_group(v1::VrrpSyncGroup& group, const ObjectPlaces& places) {
        const bool owned = std::ranges::any_of(group.member_ids(), [&](std::uint64_t member) {
            return instances_.at(member)->priority() == kOwner;
        });
        if (!owned && group.tracking_weight()) return;
        each_weighted(group, [&](auto& entry, std::string_view keyword, const std::string& name) {
            if (!owned) {
                all_.report
                    .warning(
                        "weight_in_group", places.of(keyword),
                        fmt::format("the weight of {} {} does not count in a group", keyword, name))
                    .hint = kGroupHint;
                return;
            }
            all_.report
                .error(Complaint::general, "weight_of_owner", places.of(keyword),
                       fmt::format("{} {} cannot have a weight, since a member has priority 255; "
                                   "it becomes 0: down means Fault",
                                   keyword, name))
                .hint = "give every member a priority below 255";
            entry.set_weight(0);
        });
    }

    void correct_member(v1::VrrpInstance& instance, const ObjectPlaces& places) {
        const auto found = groups_.find(instance.id());
        const v1::VrrpSyncGroup* group = found != groups_.end() ? found->second : nullptr;
        const bool counts_in_group = group == nullptr || group->tracking_weight();
        if (counts_in_group && instance.priority() != kOwner) return;
        each_weighted(instance,
                      [&](auto& entry, std::string_view keyword, const std::string& name) {
                          const std::string start =
                              fmt::format("the weight of {} {} does not count: ", keyword, name);
                          if (counts_in_group) {
                              complain(places.of(keyword), keyword, "weight_of_owner",
                                       start + "priority 255 stays as it is",
                                       "give the instance a priority below 255");
                              return;
                          }
                          complain(places.of(keyword), keyword, "weight_in_group",
                                   fmt::format("{}{} is in vrrp_sync_group {}", start,
                                               instance.name(), group->name()),
                                   kGroupHint);
                          if (keyword == "track_interface")
                              entry.set_weight(0);  // Fault, as in keepalived
                      });
    }

    /// An interface that a member watches and its group as well.
    void find_tracked_twice(const v1::VrrpSyncGroup& group, const ObjectPlaces& places) {
        if (group.track_interfaces().empty()) return;
        std::unordered_set<std::string_view> shared;
        for (const auto& tracked : group.track_interfaces()) shared.insert(tracked.interface());
        for (const std::uint64_t member : group.member_ids()) {
            const v1::VrrpInstance& instance = *instances_.at(member);
            const auto check = [&](const std::string& name) {
                if (!shared.contains(name)) return;
                all_.report
                    .error(Complaint::general, "tracked_twice", places.of("track_interface"),
                           fmt::format("vrrp_instance {} watches {} itself", instance.name(), name))
                    .hint = "name it in one of the two places";
            };
            check(instance.interface());
            for (const auto& tracked : instance.track_interfaces()) check(tracked.interface());
        }
    }

    static constexpr const char* kGroupHint =
        "write sync_group_tracking_weight into the group, or weight 0: down means Fault";

    Resolution& all_;
    std::unordered_map<std::uint64_t, const v1::VrrpInstance*> instances_;
    std::unordered_map<std::uint64_t, const v1::VrrpSyncGroup*> groups_;  // by member
};

}  // namespace

void resolve_weights(Resolution& all) {
    WeightResolver(all).run();
}

}  // namespace holdfast::config
