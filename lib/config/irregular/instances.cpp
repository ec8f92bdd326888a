// vrrp_instance, vrrp_sync_group and what stands in them apart from trackers, addresses, routes
// and rules.
#include <net/if.h>

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

bool claim_name(Binder& binder, const Node& node) {
    if (binder.claim(node.keyword, node.word(0))) return true;
    binder.report().error(
        Complaint::general, "duplicate", node.place_of(0),
        fmt::format("{} {} is there already; this block is skipped", node.keyword, node.word(0)));
    return false;
}

void parse_instance(Binder& binder, Targets, Node& node) {
    if (!claim_name(binder, node)) return;
    auto& instance = *binder.config().add_vrrp_instances();
    instance.set_name(std::string(node.word(0)));
    ObjectPlaces& places = binder.places().instances.emplace_back();
    places.block = node.place;
    binder.report().set_object("vrrp_instance " + instance.name());
    google::protobuf::Message* const targets[] = {&instance};
    binder.bind_block(targets, node, &places);
    instance.clear_ipv6();  // only what fits_family knew meanwhile
    binder.report().set_object({});
}

void parse_group(Binder& binder, Targets, Node& node) {
    if (!claim_name(binder, node)) return;
    auto& group = *binder.config().add_vrrp_sync_groups();
    group.set_name(std::string(node.word(0)));
    ObjectPlaces& places = binder.places().groups.emplace_back();
    places.block = node.place;
    binder.report().set_object("vrrp_sync_group " + group.name());
    google::protobuf::Message* const targets[] = {&group};
    binder.bind_block(targets, node, &places);
    binder.report().set_object({});
}

void parse_members(Binder& binder, Targets targets, Node& node) {
    auto& group = target_as<v1::VrrpSyncGroup>(targets);
    if (group.members_size() > 0) {
        binder.refuse(node, "the members are given already; this list is ignored");
        return;
    }
    for (const Node& line : node.children) {
        group.add_members(std::string(line.keyword));
        for (const Word& word : line.words) group.add_members(std::string(word.text));
    }
    if (group.members_size() == 0) {
        binder.report().error(Complaint::warning, "empty_block", node.place, "the group is empty");
    }
}

void write_members(const google::protobuf::Message& block, LegacyText& out) {
    const auto& group = block_as<v1::VrrpSyncGroup>(block);
    if (group.members_size() == 0) return;
    out.open("group");
    for (const std::string& member : group.members()) out.statement(member);
    out.close();
}

std::string in_capitals(std::string_view word) {
    std::string text(word);
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

void parse_state(Binder& binder, Targets targets, Node& node) {
    binder.warn_surplus(node, 1);
    auto& instance = target_as<v1::VrrpInstance>(targets);
    if (node.word(0) == "MASTER") {
        instance.set_state(v1::INITIAL_ACTIVE);
    } else if (node.word(0) != "BACKUP") {
        auto& error = binder.report().error(
            Complaint::general, "bad_value", node.place_of(0),
            fmt::format("state: '{}' is unknown; BACKUP is used", node.word(0)));
        const std::string upper = in_capitals(node.word(0));
        error.hint = upper == "MASTER" || upper == "BACKUP"
                         ? fmt::format("write {} in capitals", upper)
                         : "it is one of BACKUP, MASTER";
        if (!instance.has_state()) instance.set_state(v1::INITIAL_BACKUP);
    } else if (instance.state() == v1::INITIAL_ACTIVE) {
        binder.refuse(node, "state is MASTER already; BACKUP is ignored");
    } else {
        instance.set_state(v1::INITIAL_BACKUP);
    }
}
void write_state(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_state()) {
        out.statement("state", instance.state() == v1::INITIAL_ACTIVE ? "MASTER" : "BACKUP");
    }
}

void parse_interface(Binder& binder, Targets targets, Node& node) {
    binder.warn_surplus(node, 1);
    const std::string_view name = node.word(0);
    if (name.size() >= IFNAMSIZ) {
        binder.refuse(
            node, fmt::format("the interface name {} is longer than {} octets; it is ignored", name,
                              IFNAMSIZ - 1));
    } else if (name == "lo") {
        binder.refuse(node, "an instance cannot run on the loopback interface; it is ignored");
    } else {
        target_as<v1::VrrpInstance>(targets).set_interface(std::string(name));
    }
}
void write_interface(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_interface()) out.statement("interface", instance.interface());
}

void parse_vrf(Binder& binder, Targets targets, Node& node) {
    binder.warn_surplus(node, 1);
    auto& instance = target_as<v1::VrrpInstance>(targets);
    const std::string_view name = node.word(0);
    if (instance.has_interface()) {
        binder.refuse(node, "vrf: the instance has an interface already; the vrf is ignored");
    } else if (instance.has_vrf()) {
        binder.refuse(node, fmt::format("vrf is {} already; this one is ignored", instance.vrf()));
    } else if (name == "lo" || name.size() >= IFNAMSIZ) {
        binder.refuse(node, fmt::format("{} is no vrf; it is ignored", name));
    } else {
        instance.set_vrf(std::string(name));
    }
}
void write_vrf(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_vrf()) out.statement("vrf", instance.vrf());
}

void parse_version(Binder& binder, Targets targets, Node& node) {
    binder.warn_surplus(node, 1);
    auto& instance = target_as<v1::VrrpInstance>(targets);
    const auto number = read_integer(node.word(0), 2, 3);
    if (!number.problem.empty()) {
        binder.refuse(node, fmt::format("version: {}", number.problem), Complaint::invalid_number);
    }
    if (!number.value) return;
    const auto version = static_cast<std::uint32_t>(*number.value);
    if (instance.has_version() && instance.version() != version) {
        binder.refuse(
            node, fmt::format("version is {} already; {} is ignored", instance.version(), version));
    } else {
        instance.set_version(version);
    }
}
void write_version(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_version()) out.statement("version", instance.version());
}

void parse_native_ipv6(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    if (fits_family(instance, core::Family::ipv6)) {
        instance.set_native_ipv6(true);
    } else {
        binder.refuse(node, "the instance has IPv4 addresses already; native_ipv6 is ignored");
    }
}
void write_native_ipv6(const google::protobuf::Message& block, LegacyText& out) {
    if (block_as<v1::VrrpInstance>(block).native_ipv6()) out.statement("native_ipv6");
}

void parse_preempt(Binder&, Targets targets, Node& node) {
    target_as<v1::VrrpInstance>(targets).set_nopreempt(node.keyword == "nopreempt");
}
void write_preempt(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_nopreempt()) out.statement(instance.nopreempt() ? "nopreempt" : "preempt");
}

void parse_accept(Binder& binder, Targets targets, Node& node) {
    const bool accept = node.keyword == "accept";
    target_as<v1::VrrpInstance>(targets).set_accept(accept);
    if (!accept) binder.warn_not_carried_out(node);
}
void write_accept(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_accept()) out.statement(instance.accept() ? "accept" : "no_accept");
}

void write_instances(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& instance : block_as<v1::Config>(block).vrrp_instances()) {
        const google::protobuf::Message* const parts[] = {&instance};
        out.open("vrrp_instance", instance.name());
        write_settings("vrrp_instance", parts, out);
        out.close();
    }
}
void write_groups(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& group : block_as<v1::Config>(block).vrrp_sync_groups()) {
        const google::protobuf::Message* const parts[] = {&group};
        out.open("vrrp_sync_group", group.name());
        write_settings("vrrp_sync_group", parts, out);
        out.close();
    }
}

constexpr Irregular kTable[] = {
    {"", "vrrp_instance", parse_instance, write_instances},
    {"", "vrrp_sync_group", parse_group, write_groups},
    {"vrrp_sync_group", "group", parse_members, write_members},
    {"vrrp_instance", "state", parse_state, write_state},
    {"vrrp_instance", "interface", parse_interface, write_interface},
    {"vrrp_instance", "vrf", parse_vrf, write_vrf},
    {"vrrp_instance", "version", parse_version, write_version},
    {"vrrp_instance", "native_ipv6", parse_native_ipv6, write_native_ipv6},
    {"vrrp_instance", "nopreempt", parse_preempt, write_preempt},
    {"vrrp_instance", "preempt", parse_preempt},
    {"vrrp_instance", "accept", parse_accept, write_accept},
    {"vrrp_instance", "no_accept", parse_accept},
};

}  // namespace

std::span<const Irregular> instance_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
