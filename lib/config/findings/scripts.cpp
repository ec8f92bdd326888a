// What keepalived does not say about scripts and other things that are tracked: objects that nobody
// uses, names that lead nowhere.
#include <set>
#include <vector>

#include <fmt/format.h>

#include "lib/config/findings/findings.hpp"
#include "lib/config/near_names.hpp"
#include "lib/config/resolve.hpp"

namespace holdfast::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Names = std::set<std::string>;

/// What an instance or a group tracks.
struct UsedNames {
    Names scripts;
};

template <class Owner>
void collect(const Owner& owner, UsedNames& used) {
    for (const auto& tracked : owner.track_scripts()) used.scripts.insert(tracked.name());
}

UsedNames used_names(const v1::Config& config) {
    UsedNames used;
    for (const auto& instance : config.vrrp_instances()) collect(instance, used);
    for (const auto& group : config.vrrp_sync_groups()) collect(group, used);
    return used;
}

/// `consequence` says what the object does when nobody uses it.
template <class Objects>
void find_unused(const Resolution& all, const Objects& objects,
                 const std::vector<ObjectPlaces>& places, const Names& used,
                 std::string_view keyword, std::string_view consequence) {
    for (int i = 0; i < objects.size(); ++i) {
        const std::string& name = objects.Get(i).name();
        if (used.contains(name)) continue;
        all.report.set_object(fmt::format("{} {}", keyword, name));
        all.report.warning("unused", places[static_cast<std::size_t>(i)].block,
                           fmt::format("nothing uses {} {}; {}", keyword, name, consequence));
    }
    all.report.set_object({});
}

void check_sync_daemon(const Resolution& all) {
    const v1::LvsSyncDaemon& daemon = all.config.global().lvs_sync_daemon();
    if (!daemon.has_instance()) return;
    std::vector<std::string> names;
    for (const auto& instance : all.config.vrrp_instances()) {
        if (instance.name() == daemon.instance()) return;
        names.push_back(instance.name());
    }
    all.report
        .warning("unknown_instance", all.places.global.of("lvs_sync_daemon"),
                 fmt::format("lvs_sync_daemon: there is no vrrp_instance {}", daemon.instance()))
        .hint = did_you_mean(daemon.instance(), names);
}

}  // namespace

void find_in_scripts(const Resolution& all) {
    const UsedNames used = used_names(all.config);
    find_unused(all, all.config.vrrp_scripts(), all.places.scripts, used.scripts, "vrrp_script",
                "it never runs");
    check_sync_daemon(all);
}

}  // namespace holdfast::config
