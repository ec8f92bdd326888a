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

using Names = std::set<std::string>;

/// What an instance or a group tracks, and what a check looks at.
struct UsedNames {
    Names scripts;
    Names files;
    Names processes;
    Names bfd;
};

template <class Owner>
void collect(const Owner& owner, UsedNames& used) {
    for (const auto& tracked : owner.track_scripts()) used.scripts.insert(tracked.name());
    for (const auto& tracked : owner.track_files()) used.files.insert(tracked.name());
    for (const auto& tracked : owner.track_processes()) used.processes.insert(tracked.name());
    for (const auto& tracked : owner.track_bfd()) used.bfd.insert(tracked.name());
}

UsedNames used_names(const Resolution& all) {
    const v1::Config& config = all.config;
    UsedNames used;
    used.files.insert(all.names_of_dropped.begin(), all.names_of_dropped.end());
    used.bfd = used.files;
    for (const auto& instance : config.vrrp_instances()) collect(instance, used);
    for (const auto& group : config.vrrp_sync_groups()) collect(group, used);
    for (const auto& service : config.virtual_servers()) {
        for (const auto& server : service.servers()) {
            for (const auto& check : server.checks()) {
                if (check.has_file()) used.files.insert(check.file().track_file());
                if (check.has_bfd()) used.bfd.insert(check.bfd().name());
            }
        }
    }
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
    const HostFacts* host = all.request.host;
    if (daemon.has_interface() && host != nullptr && !all.config.global().dynamic_interfaces() &&
        !host->interface_exists(daemon.interface())) {
        all.report.warning(
            "no_interface", all.places.global.of("lvs_sync_daemon"),
            fmt::format("lvs_sync_daemon: there is no interface {}", daemon.interface()));
    }
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
    const UsedNames used = used_names(all);
    find_unused(all, all.config.vrrp_scripts(), all.places.scripts, used.scripts, "vrrp_script",
                "it never runs");
    find_unused(all, all.config.track_files(), all.places.track_files, used.files, "track_file",
                "nobody looks at the file");
    find_unused(all, all.config.track_processes(), all.places.track_processes, used.processes,
                "vrrp_track_process", "nobody looks for the process");
    find_unused(all, all.config.bfd_instances(), all.places.bfd, used.bfd, "bfd_instance",
                "nobody hears of its session");
    check_sync_daemon(all);
}

}  // namespace holdfast::config
