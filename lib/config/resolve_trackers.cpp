// track_file and vrrp_track_process, and what the lists of instances and groups say about these and
// about BFD sessions.
#include <unordered_map>

#include <fmt/format.h>

#include "lib/config/resolve.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

class TrackerResolver {
  public:
    explicit TrackerResolver(Resolution& all) : all_(all) {}

    void run() {
        resolve_files();
        resolve_processes();
        collect_bfd();
        for (int i = 0; i < all_.config.vrrp_instances_size(); ++i) {
            auto& instance = *all_.config.mutable_vrrp_instances(i);
            all_.report.set_object("vrrp_instance " + instance.name());
            resolve_lists(instance, all_.places.instances[static_cast<std::size_t>(i)]);
        }
        for (int i = 0; i < all_.config.vrrp_sync_groups_size(); ++i) {
            auto& group = *all_.config.mutable_vrrp_sync_groups(i);
            all_.report.set_object("vrrp_sync_group " + group.name());
            resolve_lists(group, all_.places.groups[static_cast<std::size_t>(i)]);
        }
        all_.report.set_object({});
    }

  private:
    struct Definition {
        std::uint64_t id = 0;
        std::int32_t weight = 0;
        bool reverse = false;
    };
    using Definitions = std::unordered_map<std::string, Definition>;

    void resolve_files() {
        auto& files = *all_.config.mutable_track_files();
        std::vector<bool> drop(static_cast<std::size_t>(files.size()));
        for (int i = 0; i < files.size(); ++i) {
            auto& file = *files.Mutable(i);
            const auto at = static_cast<std::size_t>(i);
            all_.report.set_object("track_file " + file.name());
            file.set_id(core::object_id("track_file", file.name()).value);
            if (!file.has_weight()) file.set_weight(1);
            drop[at] = !file.has_file();
            if (drop[at]) {
                all_.report.error(
                    Complaint::general, "no_file", all_.places.track_files[at].block,
                    fmt::format("track_file {} names no file and is dropped", file.name()));
            } else {
                files_[file.name()] = {file.id(), file.weight(), file.reverse()};
            }
        }
        drop_marked(files, all_.places.track_files, drop);
    }

    void resolve_processes() {
        auto& processes = *all_.config.mutable_track_processes();
        std::vector<bool> drop(static_cast<std::size_t>(processes.size()));
        for (int i = 0; i < processes.size(); ++i) {
            auto& process = *processes.Mutable(i);
            const auto at = static_cast<std::size_t>(i);
            all_.report.set_object("vrrp_track_process " + process.name());
            process.set_id(core::object_id("vrrp_track_process", process.name()).value);
            complete(process);
            drop[at] = process.command_size() == 0;
            if (drop[at]) {
                all_.report.error(Complaint::general, "no_process",
                                  all_.places.track_processes[at].block,
                                  fmt::format("vrrp_track_process {} names no process and is "
                                              "dropped",
                                              process.name()));
            } else {
                processes_[process.name()] = {process.id(), process.weight(), process.reverse()};
            }
        }
        drop_marked(processes, all_.places.track_processes, drop);
    }

    /// A session that only checks hear of is none for keepalived's virtual routers.
    void collect_bfd() {
        for (const auto& session : all_.config.bfd_instances()) {
            if (!session.for_vrrp()) continue;
            bfd_[session.name()] = {session.id(), session.weight(), session.reverse()};
        }
    }

    static void complete(v1::TrackProcess& process) {
        if (!process.has_weight()) process.set_weight(0);
        if (!process.has_quorum()) {
            process.set_quorum(process.has_quorum_max() && process.quorum_max() == 0 ? 0 : 1);
        }
        if (!process.has_fork_delay_us()) process.set_fork_delay_us(process.delay_us());
        if (!process.has_terminate_delay_us()) process.set_terminate_delay_us(process.delay_us());
        if (process.command_size() > 1 || process.has_parameter_match()) {
            process.set_full_command(true);
        }
    }

    template <class Owner>
    void resolve_lists(Owner& owner, const ObjectPlaces& places) {
        resolve_list(*owner.mutable_track_files(), files_, "track_file", places);
        resolve_list(*owner.mutable_track_processes(), processes_, "track_process", places);
        resolve_list(*owner.mutable_track_bfd(), bfd_, "track_bfd", places);
        for (auto& tracked : *owner.mutable_track_interfaces()) {
            if (!tracked.has_weight()) tracked.set_weight(0);
            if (!tracked.has_reverse()) tracked.set_reverse(false);
        }
    }

    template <class Entries>
    void resolve_list(Entries& entries, const Definitions& definitions, std::string_view keyword,
                      const ObjectPlaces& places) {
        for (int i = entries.size(); i-- > 0;) {
            auto& tracked = *entries.Mutable(i);
            const auto found = definitions.find(tracked.name());
            if (found == definitions.end()) {
                all_.report.error(
                    Complaint::general, "unknown_tracker", places.of(keyword),
                    fmt::format("{}: {} is not there{}; it is ignored", keyword, tracked.name(),
                                keyword == "track_bfd" ? " for virtual routers" : ""));
                entries.DeleteSubrange(i, 1);
                continue;
            }
            tracked.set_id(found->second.id);
            if (!tracked.has_weight()) tracked.set_weight(found->second.weight);
            if (!tracked.has_reverse()) tracked.set_reverse(found->second.reverse);
        }
    }

    Resolution& all_;
    Definitions files_;
    Definitions processes_;
    Definitions bfd_;
};

class TrackedServices {
  public:
    explicit TrackedServices(Resolution& all) : all_(all) {
        for (const auto& service : all.config.virtual_servers())
            ids_[service.name()] = service.id();
    }

    template <class Owner>
    void resolve(Owner& owner, const ObjectPlaces& places) {
        auto& entries = *owner.mutable_track_services();
        for (int i = entries.size(); i-- > 0;) {
            auto& tracked = *entries.Mutable(i);
            const auto label = all_.service_labels.find(tracked.name());
            if (label != all_.service_labels.end()) tracked.set_name(label->second);
            const auto found = ids_.find(tracked.name());
            if (found != ids_.end()) tracked.set_id(found->second);
            if (!tracked.has_weight()) tracked.set_weight(0);
            if (!tracked.has_reverse()) tracked.set_reverse(false);
            if (found != ids_.end() || all_.tested.names.contains(tracked.name())) continue;
            all_.report
                .error(Complaint::none, "unknown_service", places.of("track_virtual_server"),
                       fmt::format("track_virtual_server: there is no virtual server {}; it is "
                                   "ignored",
                                   tracked.name()))
                .hint = "write [192.0.2.1]:tcp:80, \"FWM 5\" or [group]:0, as the log has it";
            entries.DeleteSubrange(i, 1);
        }
    }

  private:
    Resolution& all_;
    std::unordered_map<std::string, std::uint64_t> ids_;
};

}  // namespace

void resolve_trackers(Resolution& all) {
    TrackerResolver(all).run();
}

void resolve_tracked_services(Resolution& all) {
    TrackedServices services(all);
    for (int i = 0; i < all.config.vrrp_instances_size(); ++i) {
        auto& instance = *all.config.mutable_vrrp_instances(i);
        const ObjectScope object(all.report, "vrrp_instance", instance.name());
        services.resolve(instance, all.places.instances[static_cast<std::size_t>(i)]);
    }
    for (int i = 0; i < all.config.vrrp_sync_groups_size(); ++i) {
        auto& group = *all.config.mutable_vrrp_sync_groups(i);
        const ObjectScope object(all.report, "vrrp_sync_group", group.name());
        services.resolve(group, all.places.groups[static_cast<std::size_t>(i)]);
    }
}

}  // namespace holdfast::config
