// Findings about virtual routers, their groups and what they track.
#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/findings/findings.hpp"
#include "lib/config/resolve.hpp"
#include "lib/config/vrrp_defaults.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kLowest = 1;
constexpr std::int64_t kHighest = 254;

/// One entry of a track list, whatever it tracks.
struct Tracker {
    std::string_view keyword;  // track_script
    const std::string* name = nullptr;
    std::int64_t weight = 0;
    bool reverse = false;
};

std::string to_text(const Tracker& tracker) {
    return fmt::format("{} {}", tracker.keyword, *tracker.name);
}

template <class Owner>
std::vector<Tracker> trackers_of(const Owner& owner) {
    std::vector<Tracker> all;
    for (const auto& each : owner.track_interfaces()) {
        all.push_back({"track_interface", &each.interface(), each.weight(), each.reverse()});
    }
    const auto add = [&](std::string_view keyword, const auto& entries) {
        for (const auto& each : entries) {
            all.push_back({keyword, &each.name(), each.weight(), each.reverse()});
        }
    };
    add("track_script", owner.track_scripts());
    add("track_process", owner.track_processes());
    add("track_bfd", owner.track_bfd());
    return all;
}

/// What the weights can make of a base priority before it is limited.
struct Reach {
    std::int64_t lowest = 0;
    std::int64_t highest = 0;
};
Reach reach_of(std::int64_t base, const std::vector<Tracker>& trackers) {
    Reach reach{base, base};
    for (const Tracker& each : trackers) {
        const std::int64_t change = each.reverse ? -each.weight : each.weight;
        (change > 0 ? reach.highest : reach.lowest) += change;
    }
    return reach;
}

/// Where vrrpd looks for the router of an advertisement: one router a place.
using Seat = std::tuple<std::string, bool, std::uint32_t, bool>;

class RouterFindings {
  public:
    explicit RouterFindings(const Resolution& all) : all_(all) {}

    void run() {
        look_at_groups();
        for (int i = 0; i < all_.config.vrrp_instances_size(); ++i) {
            const auto& instance = all_.config.vrrp_instances(i);
            const ObjectPlaces& places = all_.places.instances[static_cast<std::size_t>(i)];
            const ObjectScope object(all_.report, "vrrp_instance", instance.name());
            look_at_seat(instance, places);
            look_at_peers(instance, places);
            look_at_priority(instance, places);
            look_at_directions(instance, places);
            for (const auto& script : instance.track_scripts()) used_scripts_.insert(script.name());
        }
        look_at_scripts();
    }

  private:
    void warn(const Place& place, std::string_view class_name, std::string text,
              std::string_view hint) {
        all_.report.warning(class_name, place, std::move(text)).hint = std::string(hint);
    }

    void look_at_groups() {
        for (int i = 0; i < all_.config.vrrp_sync_groups_size(); ++i) {
            const auto& group = all_.config.vrrp_sync_groups(i);
            const ObjectPlaces& places = all_.places.groups[static_cast<std::size_t>(i)];
            const ObjectScope object(all_.report, "vrrp_sync_group", group.name());
            for (const std::string& member : group.members()) groups_[member] = &group;
            for (const auto& script : group.track_scripts()) used_scripts_.insert(script.name());
            look_at_directions(group, places);
        }
    }
    [[nodiscard]] const v1::VrrpSyncGroup* group_of(const v1::VrrpInstance& instance) const {
        const auto found = groups_.find(instance.name());
        return found != groups_.end() ? found->second : nullptr;
    }

    /// Two routers of one id that keepalived tells apart by their group or source; ours hears by
    /// interface, family, id and kind of destination.
    void look_at_seat(const v1::VrrpInstance& instance, const ObjectPlaces& places) {
        if (!instance.has_virtual_router_id()) return;
        const Seat seat{instance.interface(), instance.ipv6(), instance.virtual_router_id(),
                        instance.unicast()};
        const auto [first, is_new] = seats_.emplace(seat, &instance);
        if (is_new || sends_alike(*first->second, instance)) return;  // the same is fatal
        warn(places.of("virtual_router_id"), "shared_router_id",
             fmt::format(
                 "vrrp_instance {} and {} both use virtual_router_id {} with IPv{} on {} and "
                 "differ in {}; only {} hears advertisements{}",
                 first->second->name(), instance.name(), instance.virtual_router_id(),
                 instance.ipv6() ? 6 : 4, where(instance),
                 instance.unicast() ? "the source address" : "the multicast group",
                 first->second->name(), differences(*first->second, instance)),
             "give each of them a virtual_router_id of its own, on all its routers");
    }
    static std::string where(const v1::VrrpInstance& instance) {
        return instance.interface().empty() ? std::string("all interfaces") : instance.interface();
    }
    static bool sends_alike(const v1::VrrpInstance& one, const v1::VrrpInstance& other) {
        return one.unicast() ? one.source_address() == other.source_address()
                             : one.multicast_group() == other.multicast_group();
    }
    static std::string differences(const v1::VrrpInstance& one, const v1::VrrpInstance& other) {
        std::string text;
        if (one.authentication().password() != other.authentication().password()) {
            text += "; their passwords differ";
        }
        if (one.advert_interval_us() != other.advert_interval_us()) {
            text += "; their advert_int differs";
        }
        return text;
    }

    /// What advertisements may come from: the address that is written, else those of the interface.
    [[nodiscard]] std::unordered_set<std::string> own_sources(
        const v1::VrrpInstance& instance) const {
        if (!instance.source_address().empty()) return {instance.source_address()};
        std::unordered_set<std::string> own;
        const HostFacts* host = all_.request.host;
        if (host == nullptr || instance.interface().empty()) return own;
        for (const auto& each : host->addresses_of(instance.interface())) {
            own.insert(each.address.octets());
        }
        return own;
    }

    void look_at_peers(const v1::VrrpInstance& instance, const ObjectPlaces& places) {
        if (instance.unicast_peers().empty()) return;
        std::unordered_set<std::string_view> own;
        for (const auto& address : instance.addresses()) own.insert(address.address());
        const auto sources = own_sources(instance);
        for (const auto& peer : instance.unicast_peers()) {
            if (sources.contains(peer.address()) && !own.contains(peer.address())) {
                warn(places.of("unicast_peer"), "peer_is_self",
                     fmt::format("the peer {} is this router's own {}",
                                 address_text(peer.address(), "?"),
                                 instance.source_address().empty() ? "address on " + where(instance)
                                                                   : "source address"),
                     "name the other routers only");
            }
            if (!own.contains(peer.address())) continue;
            warn(places.of("unicast_peer"), "peer_is_virtual",
                 fmt::format("the peer {} is a virtual address of the same instance",
                             address_text(peer.address(), "?")),
                 "name the peer by an address that stays with it");
        }
    }

    void look_at_priority(const v1::VrrpInstance& instance, const ObjectPlaces& places) {
        std::vector<Tracker> trackers = trackers_of(instance);
        std::erase_if(trackers, [](const Tracker& each) { return each.weight == 0; });
        if (trackers.empty()) return;
        const v1::VrrpSyncGroup* group = group_of(instance);
        if (instance.priority() == kOwner || (group != nullptr && !group->tracking_weight()))
            return;
        if (group != nullptr) {
            const std::vector<Tracker> shared = trackers_of(*group);
            trackers.insert(trackers.end(), shared.begin(), shared.end());
        }
        look_at_reach(instance, trackers, places);
    }

    void look_at_reach(const v1::VrrpInstance& instance, const std::vector<Tracker>& trackers,
                       const ObjectPlaces& places) {
        const Place& place = places.of(trackers.front().keyword);
        const Reach reach = reach_of(instance.priority(), trackers);
        const std::int64_t lowest = std::clamp(reach.lowest, kLowest, kHighest);
        const std::int64_t highest = std::clamp(reach.highest, kLowest, kHighest);
        if (lowest == highest) {
            warn(place, "weight_without_effect",
                 fmt::format("the weight of {} changes nothing: a priority of {} cannot go {}",
                             to_text(trackers.front()), instance.priority(),
                             lowest == kHighest ? "above 254" : "below 1"),
                 "leave room for the weights between 1 and 254");
        } else if (reach.lowest != lowest || reach.highest != highest) {
            warn(place, "weight_cut",
                 fmt::format("priority {} and its weights reach from {} to {}; it stays between 1 "
                             "and 254",
                             instance.priority(), reach.lowest, reach.highest),
                 "a part of the weights is lost; choose a priority that leaves room for them");
        }
        if (instance.nopreempt()) {
            warn(place, "weight_with_nopreempt",
                 fmt::format("with nopreempt no weight makes {} take over from a router that is "
                             "there",
                             instance.name()),
                 "weight 0 gives up the addresses on failure, and works with nopreempt");
        }
    }

    /// `weight 0 reverse` is seldom meant.
    template <class Owner>
    void look_at_directions(const Owner& owner, const ObjectPlaces& places) {
        for (const Tracker& each : trackers_of(owner)) {
            if (each.weight != 0 || !each.reverse) continue;
            warn(places.of(each.keyword), "reverse_without_weight",
                 fmt::format("{} {}: reverse with weight 0 means Fault while it is UP",
                             each.keyword, *each.name),
                 "leave reverse out if Fault is for its failure");
        }
    }

    void look_at_scripts() {
        for (int i = 0; i < all_.config.vrrp_scripts_size(); ++i) {
            const auto& script = all_.config.vrrp_scripts(i);
            if (!script.init_fail() || !used_scripts_.contains(script.name())) continue;
            const ObjectScope object(all_.report, "vrrp_script", script.name());
            warn(all_.places.scripts[static_cast<std::size_t>(i)].of("init_fail"), "no_effect",
                 fmt::format("init_fail has no effect on {}, because it is tracked", script.name()),
                 "with weight 0 an instance waits for the first result anyway");
        }
    }

    const Resolution& all_;
    std::map<Seat, const v1::VrrpInstance*> seats_;
    std::map<std::string, const v1::VrrpSyncGroup*> groups_;
    std::unordered_set<std::string> used_scripts_;
};

}  // namespace

void find_in_routers(const Resolution& all) {
    RouterFindings(all).run();
}

}  // namespace holdfast::config
