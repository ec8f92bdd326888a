// Settings of global_defs about instances, mails, scripts and pipes that need more than their field
// says.
#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/irregular/setting_field.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/near_names.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::int64_t kLongestMailStep = 4294;
constexpr std::int64_t kLongestExtraInterval = 86400;

void parse_multicast_group(Binder& binder, Targets targets, Node& node) {
    const bool ipv4 = node.keyword == "vrrp_mcast_group4";
    const auto address = core::Address::from_text(node.word(0));
    if (!address || (address->family() == core::Family::ipv4) != ipv4 || !address->is_multicast()) {
        binder.refuse(node, fmt::format("{}: '{}' is no multicast address of this family",
                                        node.keyword, node.word(0)));
        return;
    }
    SettingField(*targets.front(), node.keyword).set_text(address->octets());
    // The second half of the second octet is the scope, 2 that of the link (RFC 4291 2.7).
    if (!ipv4 && (static_cast<unsigned char>(address->octets()[1]) & 0x0fU) != 2) {
        binder.refuse(
            node, fmt::format("vrrp_mcast_group6: {} does not belong to the link", node.word(0)));
    }
}

void parse_script_user(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    const HostFacts* host = binder.request().host;
    const std::string user(node.word(0));
    const std::string group(node.word(1));
    if (!knows_account(host, user, group)) {
        const bool no_user = !host->user(user);
        auto& error =
            binder.report().error(Complaint::general, "bad_value", node.place_of(no_user ? 0 : 1),
                                  no_user ? fmt::format("there is no user '{}'", user)
                                          : fmt::format("there is no group '{}'", group));
        error.hint = did_you_mean_account(*host, user, group);
        return;
    }
    global.clear_script_group();
    global.set_script_user(user);
    if (!group.empty()) global.set_script_group(group);
}

void parse_dynamic_interfaces(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    global.set_dynamic_interfaces(true);
    if (node.word(0) == "allow_if_changes") {
        global.set_dynamic_interfaces_may_change(true);
    } else if (!node.words.empty()) {
        binder.refuse(node,
                      fmt::format("dynamic_interfaces: '{}' is unknown; it is on nevertheless",
                                  node.word(0)));
    }
}

void parse_smtp_server(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    const auto port = read_port(node, 1);
    if (!port || (node.words.size() > 1 && *port == 0)) {
        binder.refuse(node, fmt::format("smtp_server: '{}' is no port; there will be no mails",
                                        node.word(1)));
        return;
    }
    global.set_smtp_server(std::string(node.word(0)));
    global.clear_smtp_port();
    if (*port != 0) global.set_smtp_port(*port);
}

void parse_mail_timeout(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    const auto seconds = read_integer(node.word(0), 0, kLongestMailStep);
    const bool zero = seconds.value == 0;
    if (zero || !seconds.problem.empty()) {
        binder.refuse(node,
                      zero ? std::string("smtp_connect_timeout: 0 becomes 1")
                           : fmt::format("smtp_connect_timeout: {}", seconds.problem),
                      Complaint::invalid_number);
    }
    if (!seconds.value) return;
    const auto value = static_cast<std::uint64_t>(*seconds.value);
    global.set_smtp_connect_timeout_us(std::max<std::uint64_t>(value, 1) * kSecond);
}

/// Takes away what holds its default already: keepalived cannot tell it from what nobody said, and
/// changes it.
void parse_minimal_garp(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    const auto value = node.words.empty() ? std::optional(true) : read_bool(node.word(0));
    if (!value) {
        binder.refuse(node,
                      fmt::format("vrrp_min_garp: '{}' is neither true nor false", node.word(0)));
        return;
    }
    if (!*value) return;
    global.set_minimal_garp(true);
    if (global.garp_master_repeat() == 5) global.clear_garp_master_repeat();
    if (global.garp_master_delay_us() == 5 * kSecond) global.clear_garp_master_delay_us();
    if (global.garp_master_refresh_us() == 0) global.clear_garp_master_refresh_us();
    if (global.garp_master_refresh_repeat() == 1) global.clear_garp_master_refresh_repeat();
}

/// `all` counts even when what follows does not.
void parse_extra_garp(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    const std::size_t at = node.word(0) == "all" ? 1 : 0;
    if (at == 1) global.set_garp_extra_all(true);
    if (node.words.size() <= at) {
        binder.refuse(node, fmt::format("{} needs a time; it is ignored", node.keyword));
        return;
    }
    const auto seconds = read_integer(node.word(at), 1, kLongestExtraInterval);
    if (!seconds.problem.empty()) {
        binder.report().error(Complaint::invalid_number, "bad_value", node.place_of(at),
                              fmt::format("{}: {}", node.keyword, seconds.problem));
    }
    if (seconds.value) {
        global.set_garp_extra_interval_us(static_cast<std::uint64_t>(*seconds.value) * kSecond);
    }
}
void write_extra_garp(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (!global.has_garp_extra_interval_us()) return;
    std::vector<std::string> words;
    if (global.garp_extra_all()) words.emplace_back("all");
    words.push_back(decimal_text(global.garp_extra_interval_us()));
    out.statement_of("vrrp_garp_extra_if", words);
}

void parse_pipe(Binder& binder, Targets targets, Node& node) {
    SettingField field(*targets.front(), node.keyword);
    if (field.is_set()) {
        binder.report().error(
            Complaint::general, "duplicate", node.place,
            fmt::format("{} is given already; this one is ignored", node.keyword));
        return;
    }
    auto& pipe = static_cast<v1::NotifyFifo&>(field.part());
    pipe.set_path(std::string(node.word(0)));
    if (node.words.size() > 1) pipe.set_user(std::string(node.word(1)));
    if (node.words.size() > 2) pipe.set_group(std::string(node.word(2)));
}
void write_pipe(std::string_view keyword, const v1::NotifyFifo& pipe, LegacyText& out) {
    if (!pipe.has_path()) return;
    std::vector<std::string> words = {pipe.path()};
    if (pipe.has_user()) words.push_back(pipe.user());
    if (pipe.has_user() && pipe.has_group()) words.push_back(pipe.group());
    if (pipe.has_group() && !pipe.has_user()) out.problem("a pipe has a group and no user");
    out.statement_of(keyword, words);
}
void write_common_pipe(const google::protobuf::Message& block, LegacyText& out) {
    write_pipe("notify_fifo", block_as<v1::GlobalDefs>(block).notify_fifo(), out);
}
void write_vrrp_pipe(const google::protobuf::Message& block, LegacyText& out) {
    write_pipe("vrrp_notify_fifo", block_as<v1::GlobalDefs>(block).vrrp_notify_fifo(), out);
}
void write_services_pipe(const google::protobuf::Message& block, LegacyText& out) {
    write_pipe("lvs_notify_fifo", block_as<v1::GlobalDefs>(block).lvs_notify_fifo(), out);
}

void write_script_user(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (!global.has_script_user()) return;
    std::vector<std::string> words = {global.script_user()};
    if (global.has_script_group()) words.push_back(global.script_group());
    out.statement_of("script_user", words);
}
void write_dynamic_interfaces(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (!global.dynamic_interfaces()) return;
    if (global.dynamic_interfaces_may_change()) {
        out.statement("dynamic_interfaces", "allow_if_changes");
    } else {
        out.statement("dynamic_interfaces");
    }
}
void write_smtp_server(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (!global.has_smtp_server()) return;
    if (global.has_smtp_port()) {
        out.statement("smtp_server", global.smtp_server(), global.smtp_port());
    } else {
        out.statement("smtp_server", global.smtp_server());
    }
}

constexpr Irregular kTable[] = {
    {"global_defs", "vrrp_mcast_group4", parse_multicast_group, write_as<"vrrp_mcast_group4">},
    {"global_defs", "vrrp_mcast_group6", parse_multicast_group, write_as<"vrrp_mcast_group6">},
    {"global_defs", "script_user", parse_script_user, write_script_user},
    {"global_defs", "dynamic_interfaces", parse_dynamic_interfaces, write_dynamic_interfaces},
    {"global_defs", "smtp_server", parse_smtp_server, write_smtp_server},
    {"global_defs", "smtp_connect_timeout", parse_mail_timeout, write_as<"smtp_connect_timeout">},
    {"global_defs", "vrrp_min_garp", parse_minimal_garp, write_as<"vrrp_min_garp">},
    {"global_defs", "vrrp_garp_extra_if", parse_extra_garp, write_extra_garp},
    {"global_defs", "vrrp_vmac_garp_intvl", parse_extra_garp},
    {"global_defs", "notify_fifo", parse_pipe, write_common_pipe},
    {"global_defs", "vrrp_notify_fifo", parse_pipe, write_vrrp_pipe},
    {"global_defs", "lvs_notify_fifo", parse_pipe, write_services_pipe},
};

}  // namespace

std::span<const Irregular> global_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
