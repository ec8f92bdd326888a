// Settings of global_defs that need more than their field says.
#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

void bind_multicast_group(Binder& binder, const Node& node, core::Family family,
                          void (*store)(v1::GlobalDefs&, std::string), v1::GlobalDefs& global) {
    const auto address = core::Address::from_text(node.word(0));
    if (!address || address->family() != family || !address->is_multicast()) {
        binder.refuse(node, fmt::format("{}: '{}' is no multicast address of this family",
                                        node.keyword, node.word(0)));
        return;
    }
    store(global, address->octets());
}

void parse_group4(Binder& binder, Targets targets, Node& node) {
    bind_multicast_group(
        binder, node, core::Family::ipv4,
        [](v1::GlobalDefs& global, std::string octets) {
            global.set_vrrp_mcast_group4(std::move(octets));
        },
        target_as<v1::GlobalDefs>(targets));
}

void parse_group6(Binder& binder, Targets targets, Node& node) {
    bind_multicast_group(
        binder, node, core::Family::ipv6,
        [](v1::GlobalDefs& global, std::string octets) {
            global.set_vrrp_mcast_group6(std::move(octets));
        },
        target_as<v1::GlobalDefs>(targets));
}

void parse_script_user(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    const HostFacts* host = binder.request().host;
    const std::string user(node.word(0));
    const std::string group(node.word(1));
    if (host != nullptr && (!host->user(user) || (!group.empty() && !host->group(group)))) {
        binder.refuse(node,
                      fmt::format("there is no user '{}'{}", user,
                                  group.empty() ? "" : fmt::format(" or no group '{}'", group)));
        return;
    }
    global.set_script_user(user);
    if (!group.empty()) global.set_script_group(group);
}

void parse_dynamic_interfaces(Binder& binder, Targets targets, Node& node) {
    target_as<v1::GlobalDefs>(targets).set_dynamic_interfaces(true);
    if (!node.words.empty() && node.word(0) != "allow_if_changes") {
        binder.refuse(node,
                      fmt::format("dynamic_interfaces: '{}' is unknown; it is on nevertheless",
                                  node.word(0)));
    }
}

void parse_smtp_server(Binder& binder, Targets targets, Node& node) {
    target_as<v1::GlobalDefs>(targets).set_smtp_server(std::string(node.word(0)));
    if (!read_port(node, 1)) {
        binder.refuse(node, fmt::format("smtp_server: '{}' is no port", node.word(1)));
    }
    binder.warn_not_carried_out(node);
}

void write_group4(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (global.has_vrrp_mcast_group4()) {
        out.statement("vrrp_mcast_group4", address_text(global.vrrp_mcast_group4()));
    }
}
void write_group6(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (global.has_vrrp_mcast_group6()) {
        out.statement("vrrp_mcast_group6", address_text(global.vrrp_mcast_group6()));
    }
}
void write_script_user(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (!global.has_script_user()) return;
    std::vector<std::string> words = {global.script_user()};
    if (global.has_script_group()) words.push_back(global.script_group());
    out.statement_of("script_user", words);
}
void write_dynamic_interfaces(const google::protobuf::Message& block, LegacyText& out) {
    if (block_as<v1::GlobalDefs>(block).dynamic_interfaces()) out.statement("dynamic_interfaces");
}
void write_smtp_server(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (global.has_smtp_server()) out.statement("smtp_server", global.smtp_server());
}

constexpr Irregular kTable[] = {
    {"global_defs", "vrrp_mcast_group4", parse_group4, write_group4},
    {"global_defs", "vrrp_mcast_group6", parse_group6, write_group6},
    {"global_defs", "script_user", parse_script_user, write_script_user},
    {"global_defs", "dynamic_interfaces", parse_dynamic_interfaces, write_dynamic_interfaces},
    {"global_defs", "smtp_server", parse_smtp_server, write_smtp_server},
};

}  // namespace

std::span<const Irregular> global_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
