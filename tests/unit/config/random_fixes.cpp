#include "tests/unit/config/random_fixes.hpp"

#include <google/protobuf/descriptor.h>

#include <map>
#include <numeric>

#include "lib/core/address.hpp"
#include "tests/unit/config/model_comparison.hpp"

namespace holdfast::config::testing {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

bool is_set(const Message& message, const char* name) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
    const auto* reflection = message.GetReflection();
    return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                : reflection->HasField(message, field);
}

void clear(Message& message, const char* name) {
    message.GetReflection()->ClearField(&message, message.GetDescriptor()->FindFieldByName(name));
}

void fix_script(Message& message, Language) {
    auto& script = as<v1::Script>(message);
    if (script.argv_size() == 0) script.add_argv("/usr/bin/true");
    needs(script, "group", "user");
}

void fix_pipe(Message& message, Language) {
    auto& pipe = as<v1::NotifyFifo>(message);
    needs(pipe, "user", "path");
    needs(pipe, "group", "user");
}

void fix_sync_daemon(Message& message, Language) {
    auto& daemon = as<v1::LvsSyncDaemon>(message);
    if (!daemon.has_interface()) daemon.Clear();
    if (daemon.has_multicast_group()) {
        daemon.set_multicast_group(
            multicast_of(daemon.multicast_group(), is_ipv6(daemon.multicast_group())));
    }
}

void fix_chains(Message& message, Language) {
    auto& chains = as<v1::Iptables>(message);
    needs(chains, "output_chain", "input_chain");
    if (chains.input_chain() == chains.output_chain()) chains.clear_output_chain();
}

/// In keepalived.conf the names follow each other.
void fix_sets(Message& message, Language language) {
    auto& sets = as<v1::Ipsets>(message);
    if (language == Language::yaml) return;
    if (sets.disabled()) {
        sets.Clear();
        sets.set_disabled(true);
        return;
    }
    sets.clear_disabled();
    // Up to the last one that is there all have names of their own.
    const auto* type = sets.GetDescriptor();
    const int first = type->FindFieldByName("addresses")->index();
    std::vector<std::string> names;
    for (int i = type->field_count() - 1; i >= first; --i) {
        const FieldDescriptor* field = type->field(i);
        const std::string name = sets.GetReflection()->GetString(sets, field);
        const bool again = std::ranges::find(names, name) != names.end();
        if (names.empty() && name.empty()) continue;
        names.push_back(name.empty() || again ? field->name() : name);
        sets.GetReflection()->SetString(&sets, field, names.back());
    }
}

void fix_global(Message& message, Language language) {
    auto& global = as<v1::GlobalDefs>(message);
    if (global.has_vrrp_mcast_group4()) {
        global.set_vrrp_mcast_group4(multicast_of(global.vrrp_mcast_group4(), false));
    }
    if (global.has_vrrp_mcast_group6()) {
        global.set_vrrp_mcast_group6(multicast_of(global.vrrp_mcast_group6(), true));
    }
    needs(global, "script_group", "script_user");
    needs(global, "smtp_port", "smtp_server");
    needs(global, "garp_extra_all", "garp_extra_interval_us");
    needs(global, "dynamic_interfaces_may_change", "dynamic_interfaces");
    keep_one_of(global, {"rx_bufs_size", "rx_bufs_policy"});
    // Without a sign they say all of it, so that one of them twice is a mistake.
    keep_distinct(*global.mutable_include_check(), [](const std::string& word) { return word; });
    if (language == Language::legacy && global.lvs_flush_on_stop() == v1::FLUSH_SINGLY) {
        global.clear_lvs_flush_on_stop();
    }
}

constexpr Fix kFixes[] = {
    {"Script", fix_script},   {"NotifyFifo", fix_pipe}, {"LvsSyncDaemon", fix_sync_daemon},
    {"Iptables", fix_chains}, {"Ipsets", fix_sets},     {"GlobalDefs", fix_global},
};

using FixesByName = std::map<std::string_view, const Fix*>;

const FixesByName& all_fixes() {
    static const FixesByName kAll = [] {
        FixesByName all;
        for (const auto part : {global_fixes(), network_fixes(), router_fixes(), service_fixes()}) {
            for (const Fix& fix : part) all.emplace(fix.message, &fix);
        }
        return all;
    }();
    return kAll;
}

void fix_all(Message& message, Language language) {
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
        if (field->message_type() == nullptr) continue;
        if (!field->is_repeated()) {
            fix_all(*reflection->MutableMessage(&message, field), language);
            continue;
        }
        for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
            fix_all(*reflection->MutableRepeatedMessage(&message, field, i), language);
        }
    }
    const auto fix = all_fixes().find(message.GetDescriptor()->name());
    if (fix != all_fixes().end()) fix->second->apply(message, language);
}

}  // namespace

void keep_one_of(Message& message, std::initializer_list<const char*> fields) {
    bool found = false;
    for (const char* field : fields) {
        if (!is_set(message, field)) continue;
        if (found) clear(message, field);
        found = true;
    }
}

void needs(Message& message, const char* field, const char* needed) {
    if (!is_set(message, needed)) clear(message, field);
}

std::string of_family(const std::string& octets, bool ipv6) {
    if (is_ipv6(octets) == ipv6) return octets;
    if (!ipv6) return octets.substr(12);
    return core::Address::from_text("2001:db8::").value().octets().substr(0, 12) + octets;
}

std::string multicast_of(const std::string& octets, bool ipv6) {
    std::string group = core::Address::from_text(ipv6 ? "ff02::" : "224.0.0.0").value().octets();
    group.back() = octets.back();
    return group;
}

std::string existing(const std::string& name, const std::vector<std::string>& names) {
    if (names.empty() || std::ranges::find(names, name) != names.end()) {
        return names.empty() ? std::string() : name;
    }
    return names[std::accumulate(name.begin(), name.end(), std::size_t{0}) % names.size()];
}

std::span<const Fix> global_fixes() {
    return kFixes;
}

void make_sayable(v1::Config& config, Language language) {
    fix_all(config, language);
    link_routers(config, language);
    link_services(config, language);
    drop_empty_holders(config);
}

}  // namespace holdfast::config::testing
