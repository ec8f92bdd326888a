#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lib/config/binder.hpp"
#include "lib/config/tested_services.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

/// Everything that turns what was written into what is carried out: ids, defaults, inherited
/// values, names to ids, and keepalived's corrections with their complaints. What was dropped is
/// dropped from `places` too.
struct Resolution {
    const LoadRequest& request;
    FileAccess& files;
    v1::Config& config;
    Places& places;
    Reporter& report;
    TestedServices tested = {};  // of a test only
    /// Files and sessions that the checks of services look at which are not carried out yet.
    std::unordered_set<std::string> names_of_dropped = {};
    /// What services are called in YAML, and their resolved names.
    std::unordered_map<std::string, std::string> service_labels = {};

    /// 0 where nobody asks for ids, which cost more than anything else of a service.
    [[nodiscard]] std::uint64_t id_of(std::string_view kind, std::string_view key) const {
        return request.findings_only ? 0 : core::object_id(kind, key).value;
    }
};

/// Settings of global_defs that follow from others, and BFD sessions.
void resolve_globals(Resolution& all);
/// Scripts first: trackers of a script that cannot run are dropped with it.
void resolve_scripts(Resolution& all);
/// Files and processes that are tracked, and the trackers of all kinds that name them.
void resolve_trackers(Resolution& all);
void resolve_instances(Resolution& all);
/// The interfaces that are made on top of others: names, MAC addresses, and which addresses stand
/// on them. After the instances.
void resolve_virtual_interfaces(Resolution& all);
void resolve_authentication(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places,
                            bool strict);
void apply_strict_rules(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places);
/// What the instance leaves unsaid and global_defs say. After what strict mode decides.
void inherit_from_globals(const v1::GlobalDefs& global, v1::VrrpInstance& instance);
/// The keys of an instance's auth_hmac; it is dropped when its own key is not among them.
void resolve_hmac(Resolution& all, v1::VrrpInstance& instance, const Place& place, bool strict);
void resolve_groups(Resolution& all);
/// Weights that do not count in a group or for an owner. After the groups.
void resolve_weights(Resolution& all);
/// The addresses of one instance; its excluded ones join the others.
void resolve_addresses(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places);
/// Routes, rules, everything static, track and GARP groups, delays. After the instances.
void resolve_network(Resolution& all);
void resolve_services(Resolution& all);
/// The services that instances and groups track; after the services themselves.
void resolve_tracked_services(Resolution& all);
/// Says that a service was written before.
void report_duplicate(const Resolution& all, const v1::VirtualServer& second,
                      const ObjectPlaces& places);

/// What keepalived does not start with: instances without virtual router id, interface or address,
/// two of the same id on one interface. An interface that does not exist is an error
/// (docs/decisions/absent-interfaces.md). Changes nothing.
void validate(const Resolution& all);

/// Takes the marked objects out of a repeated field and out of the places that run beside it.
template <class Repeated>
void drop_marked(Repeated& objects, std::vector<ObjectPlaces>& places,
                 const std::vector<bool>& marked) {
    int kept = 0;
    for (int i = 0; i < objects.size(); ++i) {
        if (marked[static_cast<std::size_t>(i)]) continue;
        if (kept != i) {
            objects.SwapElements(kept, i);
            std::swap(places[static_cast<std::size_t>(kept)], places[static_cast<std::size_t>(i)]);
        }
        ++kept;
    }
    objects.DeleteSubrange(kept, objects.size() - kept);
    places.resize(static_cast<std::size_t>(kept));
}

}  // namespace holdfast::config
