// What make_sayable() does to virtual routers, their groups and what they track.
#include "tests/unit/config/model_comparison.hpp"
#include "tests/unit/config/random_fixes.hpp"

namespace holdfast::config::testing {

using google::protobuf::Message;

namespace {

void fix_vrrp_script(Message& message, Language) {
    auto& script = as<v1::VrrpScript>(message);
    script.mutable_script()->clear_user();  // stands beside the command
    script.mutable_script()->clear_group();
    needs(script, "group", "user");
    needs(script, "reverse", "weight");
}

void fix_track_file(Message& message, Language) {
    needs(message, "reverse", "weight");
    needs(message, "overwrite", "initial_value");
}

void fix_track_process(Message& message, Language) {
    auto& process = as<v1::TrackProcess>(message);
    needs(process, "reverse", "weight");
    if (!process.has_quorum_max()) return;
    if (process.quorum_max() == 0) process.clear_quorum();
    if (process.quorum() > process.quorum_max()) process.set_quorum(process.quorum_max());
}

void fix_weight(Message& message, Language) {
    needs(message, "reverse", "weight");
}

void fix_hmac(Message& message, Language) {
    auto& hmac = as<v1::AuthHmac>(message);
    for (auto& key : *hmac.mutable_keys()) {
        if (!key.has_id()) key.set_id(1);
        if (!key.has_secret()) key.set_secret("0123456789abcdef0123456789abcdef");
    }
    keep_distinct(*hmac.mutable_keys(),
                  [](const v1::HmacKey& key) { return std::to_string(key.id()); });
}

bool is_interface_name(const std::string& name) {
    return name.find_first_of("/: \t") == std::string::npos;
}

/// 01:... is multicast and 00:00:5e:00:01 belongs to the standard.
void fix_vmac(Message& message, Language) {
    auto& vmac = as<v1::Vmac>(message);
    if (vmac.has_name() || vmac.has_address() || vmac.has_netlink_notify() || vmac.has_group()) {
        vmac.set_enabled(true);
    }
    if (vmac.has_address()) vmac.mutable_address()->front() = '\x02';
    if (!is_interface_name(vmac.name())) vmac.clear_name();
}

void fix_ipvlan(Message& message, Language) {
    auto& ipvlan = as<v1::Ipvlan>(message);
    if (ipvlan.ByteSizeLong() > 0) ipvlan.set_enabled(true);
    needs(ipvlan, "prefix_length", "address");
    const std::uint32_t longest = is_ipv6(ipvlan.address()) ? 128 : 32;
    if (ipvlan.prefix_length() > longest) ipvlan.set_prefix_length(longest);
    if (!is_interface_name(ipvlan.name())) ipvlan.clear_name();
}

/// The family that is said first counts for all of it.
bool family_of(const v1::VrrpInstance& instance) {
    if (instance.addresses_size() > 0) return is_ipv6(instance.addresses(0).address());
    if (instance.has_multicast_source()) return is_ipv6(instance.multicast_source());
    if (instance.has_unicast_source()) return is_ipv6(instance.unicast_source());
    if (instance.has_multicast_group()) return is_ipv6(instance.multicast_group());
    return instance.unicast_peers_size() > 0 && is_ipv6(instance.unicast_peers(0).address());
}

void fix_family(v1::VrrpInstance& instance) {
    const bool ipv6 = instance.native_ipv6() || family_of(instance);
    erase_if(*instance.mutable_addresses(),
             [&](const v1::VirtualAddress& address) { return is_ipv6(address.address()) != ipv6; });
    for (auto& peer : *instance.mutable_unicast_peers()) {
        peer.set_address(of_family(peer.address(), ipv6));
    }
    keep_distinct(*instance.mutable_unicast_peers(),
                  [](const v1::UnicastPeer& peer) { return peer.address(); });
    if (instance.has_multicast_source()) {
        instance.set_multicast_source(of_family(instance.multicast_source(), ipv6));
    }
    if (instance.has_unicast_source()) {
        instance.set_unicast_source(of_family(instance.unicast_source(), ipv6));
    }
    if (instance.has_multicast_group()) {
        instance.set_multicast_group(multicast_of(instance.multicast_group(), ipv6));
    }
}

void fix_peer(Message& message, Language) {
    auto& peer = as<v1::UnicastPeer>(message);
    if (!peer.has_address()) peer.set_address("peer");
}

void fix_instance(Message& message, Language language) {
    auto& instance = as<v1::VrrpInstance>(message);
    needs(instance, "garp_extra_all", "garp_extra_interval_us");
    keep_one_of(instance, {"multicast_source", "unicast_source"});
    if (language == Language::legacy) keep_one_of(instance, {"interface", "vrf"});
    if (language == Language::legacy &&
        instance.old_unicast_checksum() == v1::OLD_CHECKSUM_AUTOMATIC) {
        instance.clear_old_unicast_checksum();
    }
    fix_family(instance);
    for (auto* list : {instance.mutable_addresses(), instance.mutable_excluded_addresses()}) {
        for (auto& address : *list) address.clear_track_group();
    }
    for (auto& route : *instance.mutable_virtual_routes()) route.clear_track_group();
    for (auto& rule : *instance.mutable_virtual_rules()) rule.clear_track_group();
}

/// Only instances run these two.
void fix_group(Message& message, Language language) {
    if (language != Language::legacy) return;
    auto& notify = *as<v1::VrrpSyncGroup>(message).mutable_notify();
    notify.clear_deleted();
    notify.clear_lower_priority_heard();
}

/// Entries of a list of trackers name what there is, each once.
template <class Entries>
void track(Entries& entries, const std::vector<std::string>& names) {
    for (auto& entry : entries) entry.set_name(existing(entry.name(), names));
    if (names.empty()) entries.Clear();
    keep_distinct(entries, [](const auto& entry) { return entry.name(); });
}

/// Those that a resolved configuration gives to services of an address and of a mark.
std::vector<std::string> names_of_services(const v1::Config& config) {
    std::vector<std::string> names;
    for (const auto& service : config.virtual_servers())
        if (service.key().has_fwmark() && !service.has_group())
            names.push_back("FWM " + std::to_string(service.key().fwmark()));
    return names;
}

template <class Owner>
void link_trackers(const v1::Config& config, Owner& owner, Language language) {
    track(*owner.mutable_track_scripts(), names_of(config.vrrp_scripts()));
    track(*owner.mutable_track_files(), names_of(config.track_files()));
    track(*owner.mutable_track_processes(), names_of(config.track_processes()));
    track(*owner.mutable_track_bfd(), names_of(config.bfd_instances()));
    track(*owner.mutable_track_services(), names_of_services(config));
    for (auto* entries : {owner.mutable_track_bfd(), owner.mutable_track_services()}) {
        for (auto& tracked : *entries)
            if (tracked.has_weight()) tracked.set_weight(std::clamp(tracked.weight(), -253, 253));
    }
    auto& interfaces = *owner.mutable_track_interfaces();
    for (auto& tracked : interfaces) {
        if (!tracked.has_interface()) tracked.set_interface("eth0");
        if (language == Language::legacy && !tracked.reverse()) tracked.clear_reverse();
    }
    keep_distinct(interfaces, [](const auto& tracked) { return tracked.interface(); });
}

/// Lines that name a track_group stand outside of instances.
template <class Lines>
void link_groups(Lines& lines, const std::vector<std::string>& groups) {
    for (auto& line : lines) {
        if (!line.has_track_group()) continue;
        if (groups.empty()) {
            line.clear_track_group();
        } else {
            line.set_track_group(existing(line.track_group(), groups));
        }
    }
}

/// A line says something.
template <class Rules>
void fill_empty(Rules& rules) {
    for (auto& rule : rules) {
        drop_empty_holders(rule);
        if (rule.ByteSizeLong() == 0) rule.set_l3mdev(true);
    }
}

template <class Objects>
void keep_names_distinct(Objects& objects) {
    for (auto& object : objects) {
        if (!object.has_name()) object.set_name("unnamed");
    }
    keep_distinct(objects, [](const auto& object) { return object.name(); });
}

/// Two blocks say these; what has delays stands in the first.
void fix_interfaces(v1::Config& config, Language language) {
    auto& all = *config.mutable_interfaces();
    keep_names_distinct(all);
    erase_if(all, [](const v1::InterfaceSettings& each) {
        return !each.has_down_delay_us() && !each.has_up_delay_us() && !each.has_carrier_polling();
    });
    if (language != Language::legacy) return;
    std::vector<v1::InterfaceSettings> sorted(all.begin(), all.end());
    std::stable_partition(sorted.begin(), sorted.end(), [](const v1::InterfaceSettings& each) {
        return each.has_down_delay_us();
    });
    all.Assign(sorted.begin(), sorted.end());
}

/// An interface is in one group, and a group without a time is none.
void fix_garp_groups(v1::Config& config) {
    std::vector<std::string> seen;
    for (auto& group : *config.mutable_garp_groups()) {
        if (!group.has_garp_interval_us() && !group.has_gna_interval_us()) {
            group.set_gna_interval_us(1000);
        }
        erase_if(*group.mutable_interfaces(), [&](const std::string& name) {
            const bool known = std::ranges::find(seen, name) != seen.end();
            seen.push_back(name);
            return known;
        });
    }
}

constexpr Fix kFixes[] = {
    {"VrrpScript", fix_vrrp_script},
    {"TrackFile", fix_track_file},
    {"TrackProcess", fix_track_process},
    {"BfdInstance", fix_weight},
    {"TrackedInterface", fix_weight},
    {"TrackedScript", fix_weight},
    {"TrackedObject", fix_weight},
    {"AuthHmac", fix_hmac},
    {"Vmac", fix_vmac},
    {"Ipvlan", fix_ipvlan},
    {"UnicastPeer", fix_peer},
    {"VrrpInstance", fix_instance},
    {"VrrpSyncGroup", fix_group},
};

}  // namespace

std::span<const Fix> router_fixes() {
    return kFixes;
}

void link_routers(v1::Config& config, Language language) {
    keep_names_distinct(*config.mutable_vrrp_scripts());
    keep_names_distinct(*config.mutable_track_files());
    keep_names_distinct(*config.mutable_track_processes());
    keep_names_distinct(*config.mutable_bfd_instances());
    keep_names_distinct(*config.mutable_vrrp_instances());
    keep_names_distinct(*config.mutable_vrrp_sync_groups());
    keep_names_distinct(*config.mutable_track_groups());
    for (auto& instance : *config.mutable_vrrp_instances())
        link_trackers(config, instance, language);
    for (auto& group : *config.mutable_vrrp_sync_groups()) link_trackers(config, group, language);
    const std::vector<std::string> groups = names_of(config.track_groups());
    link_groups(*config.mutable_static_addresses(), groups);
    link_groups(*config.mutable_static_routes(), groups);
    link_groups(*config.mutable_static_rules(), groups);
    for (auto& address : *config.mutable_static_addresses()) address.clear_use_vmac();
    fill_empty(*config.mutable_static_rules());
    for (auto& instance : *config.mutable_vrrp_instances()) {
        fill_empty(*instance.mutable_virtual_rules());
    }
    fix_interfaces(config, language);
    fix_garp_groups(config);
}

}  // namespace holdfast::config::testing
