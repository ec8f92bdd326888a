// Where a script lies, who runs it, and whether it can run at all.
#include <sys/stat.h>

#include <functional>

#include <fmt/format.h>

#include "lib/config/near_names.hpp"
#include "lib/config/resolve.hpp"
#include "lib/config/script_access.hpp"
#include "lib/config/source.hpp"
#include "lib/core/ids.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr const char* kDefaultUser = "keepalived_script";
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class ScriptResolver {
  public:
    explicit ScriptResolver(Resolution& all) : all_(all) {}

    void run() {
        decide_default_user();
        resolve_global();
        resolve_tracked();
        drop_trackers();
        for (int i = 0; i < all_.config.vrrp_instances_size(); ++i) {
            auto& instance = *all_.config.mutable_vrrp_instances(i);
            all_.report.set_object("vrrp_instance " + instance.name());
            if (instance.has_notify()) {
                resolve_notify(*instance.mutable_notify(), all_.places.instances[at(i)],
                               "vrrp_instance " + instance.name());
            }
        }
        for (int i = 0; i < all_.config.vrrp_sync_groups_size(); ++i) {
            auto& group = *all_.config.mutable_vrrp_sync_groups(i);
            all_.report.set_object("vrrp_sync_group " + group.name());
            if (group.has_notify()) {
                resolve_notify(*group.mutable_notify(), all_.places.groups[at(i)],
                               "vrrp_sync_group " + group.name());
            }
        }
        all_.report.set_object({});
        resolve_of_services();
        complain_about_security();
    }

  private:
    static std::size_t at(int index) { return static_cast<std::size_t>(index); }

    void decide_default_user() {
        auto& global = *all_.config.mutable_global();
        if (global.has_script_user()) return;
        const HostFacts* host = all_.request.host;
        if (host != nullptr && host->user(kDefaultUser)) {
            global.set_script_user(kDefaultUser);
        } else if (global.enable_script_security() && host != nullptr) {
            no_default_user_ = true;
        } else {
            global.set_script_user("root");
        }
    }

    /// "check.sh" by PATH, "./check.sh" from the file's folder.
    std::string find_program(const std::string& command, const Place& place) {
        if (command.starts_with('/')) return command;
        if (command.find('/') != std::string::npos && place.at.file != nullptr) {
            const std::string& file = place.at.file->path;
            return absolute(command, file.substr(0, file.rfind('/')));
        }
        std::string path = all_.request.host->environment("PATH");
        if (path.empty()) path = kDefaultPath;
        for (const std::string_view folder : core::split(path, ':')) {
            const std::string candidate = absolute(command, folder);
            const auto kind = all_.files.inspect(candidate);
            if (kind && kind->regular && kind->executable) return candidate;
        }
        return command;
    }

    /// What keeps a script from running, and what helps; empty when nothing does.
    struct Obstacle {
        std::string text;
        std::string hint;
    };
    Obstacle obstacle(v1::Script& script, const Place& place) {
        if (script.argv(0).starts_with('<')) return {};
        const std::string program = find_program(script.argv(0), place);
        const auto kind = all_.files.inspect(program);
        if (!kind || !kind->regular) {
            return {fmt::format("there is no program {}", script.argv(0)), {}};
        }
        if (!kind->executable) {
            return {fmt::format("{} is not executable", program), "chmod +x " + program};
        }
        script.set_argv(0, program);
        const std::string user =
            script.has_user() ? script.user() : all_.config.global().script_user();
        const auto account = all_.request.host->user(user);
        if (Obstacle closed = closed_to(script, program, user, place); !closed.text.empty()) {
            return closed;
        }
        const bool as_root = kind->set_id_root || (account && account->uid == 0);
        if (!as_root && (kind->mode & S_IWOTH) != 0) {
            all_.report.warning("unsafe_script", place,
                                fmt::format("anybody can change {}", program));
        }
        if (!as_root || kind->safe_for_root) return {};
        const std::string text =
            fmt::format("{} would run as root, but others can change it or its folders", program);
        if (all_.config.global().enable_script_security()) {
            all_.report.error(Complaint::security, "unsafe_script", place, text);
            return {text, {}};
        }
        all_.report.warning("unsafe_script", place, text);
        return {};
    }

    [[nodiscard]] std::optional<gid_t> group_of(const v1::Script& script, const User& account) {
        const auto& global = all_.config.global();
        const std::string name = script.has_group()  ? script.group()
                                 : script.has_user() ? std::string()
                                                     : global.script_group();
        return name.empty() ? account.gid : all_.request.host->group(name);
    }

    /// Root goes everywhere. Doubts are a warning here.
    Obstacle closed_to(const v1::Script& script, const std::string& program,
                       const std::string& user, const Place& place) {
        const auto account = all_.request.host->user(user);
        if (!account || account->uid == 0) return {};
        const auto group = group_of(script, *account);
        if (!group) return {};
        const auto key = fmt::format("{} {} {}", account->uid, *group, program);
        const auto [known, is_new] = barriers_.try_emplace(key);
        Barrier& barrier = known->second;
        if (is_new) barrier = barrier_for(all_.files, program, account->uid, *group);
        if (barrier.kind == Barrier::Kind::none) return {};
        const bool certain = barrier.kind == Barrier::Kind::certain;
        std::string text =
            fmt::format("user {} {} not run {}", user, certain ? "may" : "can perhaps", program);
        if (barrier.path != program) text += fmt::format(": {} is closed to it", barrier.path);
        if (certain) return {std::move(text), kAccessHint};
        all_.report.warning("closed_script", place, std::move(text)).hint = kAccessHint;
        return {};
    }
    static constexpr const char* kAccessHint =
        "let it read and run the file and enter its folders, or say another user";

    /// False when the script must be dropped; `complaint` is what keepalived's test says then.
    bool resolve(v1::Script& script, const Place& place, const std::string& key,
                 Complaint complaint) {
        script.set_id(core::object_id("script", key).value);
        if (all_.request.host == nullptr) {
            remember(place);
            return true;
        }
        auto [why, hint] = obstacle(script, place);
        if (why.empty() && no_default_user_ && !script.has_user()) {
            why = fmt::format("script security is on and there is no user {}", kDefaultUser);
        }
        if (why.empty()) {
            // keepalived has disabled a script of `[[`, so that it does not complain about this
            // one.
            if (script.argv(0) != "/bin/bash" || script.argv_size() < 2 || script.argv(1) != "-c") {
                remember(place);
            }
            return true;
        }
        const Severity severity =
            complaint == Complaint::none ? Severity::warning : Severity::error;
        all_.report
            .add(severity, complaint, "script_disabled", place, why + "; the script is disabled")
            .hint = std::move(hint);
        return false;
    }

    void remember(const Place& place) {
        if (!any_script_) first_script_ = place;
        any_script_ = true;
    }

    /// Scripts of global_defs. keepalived looks at the reader of a pipe only in the process that
    /// starts it, and a missing program is only logged.
    void resolve_global() {
        auto& global = *all_.config.mutable_global();
        const bool vrrp = all_.config.vrrp_instances_size() > 0;
        const bool services = all_.config.virtual_servers_size() > 0 || all_.tested.any;
        const auto resolve_if = [&](bool wanted, v1::Script* script, auto clear,
                                    std::string_view keyword) {
            if (wanted && script->argv_size() > 0 &&
                resolve(*script, all_.places.global.of(keyword), std::string(keyword),
                        Complaint::none)) {
                return;
            }
            (global.*clear)();
        };
        if (global.has_startup_script()) {
            resolve_if(true, global.mutable_startup_script(), &v1::GlobalDefs::clear_startup_script,
                       "startup_script");
        }
        if (global.has_shutdown_script()) {
            resolve_if(true, global.mutable_shutdown_script(),
                       &v1::GlobalDefs::clear_shutdown_script, "shutdown_script");
        }
        if (global.has_notify_fifo_script()) {
            resolve_if(global.has_notify_fifo() && (vrrp || services),
                       global.mutable_notify_fifo_script(),
                       &v1::GlobalDefs::clear_notify_fifo_script, "notify_fifo_script");
        }
        if (global.has_vrrp_notify_fifo_script()) {
            resolve_if(global.has_vrrp_notify_fifo() && vrrp,
                       global.mutable_vrrp_notify_fifo_script(),
                       &v1::GlobalDefs::clear_vrrp_notify_fifo_script, "vrrp_notify_fifo_script");
        }
        if (global.has_lvs_notify_fifo_script()) {
            resolve_if(global.has_lvs_notify_fifo() && services,
                       global.mutable_lvs_notify_fifo_script(),
                       &v1::GlobalDefs::clear_lvs_notify_fifo_script, "lvs_notify_fifo_script");
        }
    }

    /// False when a vrrp_script cannot be used at all.
    bool complete(v1::VrrpScript& script, const ObjectPlaces& places) {
        if (script.script().argv_size() == 0) {
            all_.report.error(
                Complaint::general, "no_command", places.block,
                fmt::format("vrrp_script {} has no command and is dropped", script.name()));
            return false;
        }
        if (!script.has_user()) return true;
        const HostFacts* host = all_.request.host;
        if (!knows_account(host, script.user(), script.group())) {
            all_.report
                .error(Complaint::general, "unknown_user", places.of("user"),
                       fmt::format("vrrp_script {}: there is no user {} {}; it is dropped",
                                   script.name(), script.user(), script.group()))
                .hint = did_you_mean_account(*host, script.user(), script.group());
            return false;
        }
        script.mutable_script()->set_user(script.user());
        if (script.has_group()) script.mutable_script()->set_group(script.group());
        return true;
    }

    /// Without a virtual router keepalived starts no process that would look at them.
    void resolve_tracked() {
        const bool used = all_.config.vrrp_instances_size() > 0;
        const bool other_scripts = any_script_;
        auto& scripts = *all_.config.mutable_vrrp_scripts();
        std::vector<bool> drop(at(scripts.size()));
        for (int i = 0; i < scripts.size(); ++i) {
            auto& script = *scripts.Mutable(i);
            const ObjectPlaces& places = all_.places.scripts[at(i)];
            all_.report.set_object("vrrp_script " + script.name());
            script.set_id(core::object_id("vrrp_script", script.name()).value);
            if (!script.has_interval_us()) script.set_interval_us(1'000'000);
            if (!script.has_timeout_us()) script.set_timeout_us(script.interval_us());
            if (!script.has_rise()) script.set_rise(1);
            if (!script.has_fall()) script.set_fall(1);
            if (!script.has_weight()) script.set_weight(0);
            drop[at(i)] =
                !complete(script, places) || !resolve(*script.mutable_script(), places.of("script"),
                                                      "vrrp_script " + script.name(),
                                                      used ? Complaint::general : Complaint::none);
        }
        any_script_ = used ? any_script_ : other_scripts;
        drop_marked(scripts, all_.places.scripts, drop);
        for (int i = 0; i < scripts.size(); ++i) usable_.emplace(scripts.Get(i).name(), i);
        all_.report.set_object({});
    }

    template <class Owner>
    void resolve_trackers(Owner& owner) {
        auto& tracked = *owner.mutable_track_scripts();
        for (int i = tracked.size(); i-- > 0;) {
            auto& entry = *tracked.Mutable(i);
            const auto found = usable_.find(entry.name());
            if (found == usable_.end()) {
                tracked.DeleteSubrange(i, 1);
                continue;
            }
            const auto& script = all_.config.vrrp_scripts(found->second);
            entry.set_script_id(script.id());
            if (!entry.has_weight()) entry.set_weight(script.weight());
            if (!entry.has_reverse()) entry.set_reverse(script.reverse());
        }
    }
    void drop_trackers() {
        for (auto& instance : *all_.config.mutable_vrrp_instances()) resolve_trackers(instance);
        for (auto& group : *all_.config.mutable_vrrp_sync_groups()) resolve_trackers(group);
    }

    void resolve_notify(v1::Notify& notify, const ObjectPlaces& places, const std::string& key) {
        const auto* reflection = notify.GetReflection();
        const auto* type = notify.GetDescriptor();
        for (int i = 0; i < type->field_count(); ++i) {
            const auto* field = type->field(i);
            if (!reflection->HasField(notify, field)) continue;
            auto& script = static_cast<v1::Script&>(*reflection->MutableMessage(&notify, field));
            const std::string& keyword = setting_of(field).keyword();
            if (script.argv_size() == 0 ||
                !resolve(script, places.of(keyword), key + " " + keyword, Complaint::none)) {
                reflection->ClearField(&notify, field);
            }
        }
    }

    template <class Message>
    void resolve_one(Message& owner, bool has, v1::Script* script, void (Message::*clear)(),
                     const Place& place, const std::string& key) {
        if (has && (script->argv_size() == 0 || !resolve(*script, place, key, Complaint::none))) {
            (owner.*clear)();
        }
    }

    void resolve_of_services() {
        int index = 0;
        for (auto& service : *all_.config.mutable_virtual_servers()) {
            const ObjectPlaces& places = all_.places.services[at(index)];
            const std::string key = fmt::format("virtual_server {}", index++);
            if (service.has_quorum_up()) {
                resolve_one(service, true, service.mutable_quorum_up(),
                            &v1::VirtualServer::clear_quorum_up, places.of("quorum_up"),
                            key + " quorum_up");
            }
            if (service.has_quorum_down()) {
                resolve_one(service, true, service.mutable_quorum_down(),
                            &v1::VirtualServer::clear_quorum_down, places.of("quorum_down"),
                            key + " quorum_down");
            }
            for (auto& server : *service.mutable_servers())
                resolve_of_server(server, places.block, key);
        }
    }

    void resolve_of_server(v1::RealServer& server, const Place& place, const std::string& service) {
        const auto key = [&](const char* keyword) {
            return fmt::format("{} {} {} {}", service, server.address(), server.port(), keyword);
        };
        if (server.has_notify_up()) {
            resolve_one(server, true, server.mutable_notify_up(), &v1::RealServer::clear_notify_up,
                        place, key("notify_up"));
        }
        if (server.has_notify_down()) {
            resolve_one(server, true, server.mutable_notify_down(),
                        &v1::RealServer::clear_notify_down, place, key("notify_down"));
        }
        for (auto& check : *server.mutable_checks()) {
            if (!check.has_command() || !check.command().has_script()) continue;
            auto& command = *check.mutable_command();
            if (command.has_user()) command.mutable_script()->set_user(command.user());
            if (command.has_group()) command.mutable_script()->set_group(command.group());
            resolve_one(command, true, command.mutable_script(), &v1::MiscCheck::clear_script,
                        place, key("misc_path"));
        }
    }

    void complain_about_security() {
        if (!any_script_ || all_.config.global().enable_script_security()) return;
        all_.report
            .error(Complaint::security, "script_security", first_script_,
                   "scripts are configured without enable_script_security")
            .hint = "write enable_script_security into global_defs";
    }

    Resolution& all_;
    std::unordered_map<std::string, int> usable_;
    std::unordered_map<std::string, Barrier> barriers_;  // by user, group and program
    bool no_default_user_ = false;
    bool any_script_ = false;
    Place first_script_;
};

}  // namespace

void resolve_scripts(Resolution& all) {
    ScriptResolver(all).run();
}

}  // namespace holdfast::config
