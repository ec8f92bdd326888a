// Settings of an instance whose words are no plain value, and old spellings.
#include <limits>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kAnyBackup = 254;
constexpr std::int64_t kMaxExtraInterval = 86400;

/// Any boolean switches it on, also a false one.
void parse_skip_check(Binder& binder, Targets targets, Node& node) {
    if (!node.words.empty() && !read_bool(node.word(0))) {
        binder.refuse(
            node, fmt::format("{}: '{}' is neither true nor false", node.keyword, node.word(0)));
        return;
    }
    if (!node.words.empty() && !*read_bool(node.word(0))) {
        binder.report()
            .warning("always_on", node.place_of(0),
                     fmt::format("{} is on whatever the word behind it says, as in keepalived",
                                 node.keyword))
            .hint = "leave it out to switch it off";
    }
    target_as<v1::VrrpInstance>(targets).set_skip_check_adv_addr(true);
}
void write_skip_check(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (!instance.has_skip_check_adv_addr()) return;
    if (instance.skip_check_adv_addr()) {
        out.statement("skip_check_adv_addr");
    } else {
        out.problem("skip_check_adv_addr cannot be switched off for one instance");
    }
}

void parse_linkbeat(Binder& binder, Targets targets, Node& node) {
    target_as<v1::VrrpInstance>(targets).set_linkbeat_polling(true);
    binder.report()
        .error(Complaint::deprecated, "deprecated", node.place,
               "linkbeat_use_polling is deprecated in an instance")
        .hint = "name the interface in a linkbeat_interfaces block";
}
void write_linkbeat(const google::protobuf::Message& block, LegacyText& out) {
    if (block_as<v1::VrrpInstance>(block).linkbeat_polling()) out.statement("linkbeat_use_polling");
}

void parse_timer_expired(Binder& binder, Targets targets, Node& node) {
    std::int64_t priority = kAnyBackup;
    if (!node.words.empty()) {
        const auto number = read_integer(node.word(0), 1, kAnyBackup);
        if (!number.problem.empty()) {
            binder.refuse(node, fmt::format("{}: {}", node.keyword, number.problem),
                          Complaint::invalid_number);
            return;
        }
        priority = *number.value;
    }
    target_as<v1::VrrpInstance>(targets).set_timer_expired_backup(
        static_cast<std::uint32_t>(priority));
}
void write_timer_expired(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_timer_expired_backup()) {
        out.statement("timer_expired_backup", instance.timer_expired_backup());
    }
}

void parse_extra_garp(Binder& binder, Targets targets, Node& node) {
    const bool all = node.word(0) == "all";
    const std::size_t at = all ? 1 : 0;
    if (node.words.size() <= at) {
        binder.refuse(
            node, fmt::format("{}: a number of seconds is missing; it is ignored", node.keyword));
        return;
    }
    const auto number = read_integer(node.word(at), 0, kMaxExtraInterval);
    if (!number.problem.empty()) {
        binder.refuse(node, fmt::format("{}: {}", node.keyword, number.problem),
                      Complaint::invalid_number);
        return;
    }
    auto& instance = target_as<v1::VrrpInstance>(targets);
    instance.set_garp_extra_interval_us(static_cast<std::uint64_t>(*number.value) * 1'000'000);
    if (all) {
        instance.set_garp_extra_all(true);
    } else {
        instance.clear_garp_extra_all();
    }
}
void write_extra_garp(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (!instance.has_garp_extra_interval_us()) return;
    const std::string seconds = decimal_text(instance.garp_extra_interval_us());
    if (instance.garp_extra_all()) {
        out.statement("garp_extra_if", "all", seconds);
    } else {
        out.statement("garp_extra_if", seconds);
    }
}

void parse_receive_buffer(Binder& binder, Targets targets, Node& node) {
    const auto number = read_integer(node.word(0), 0, std::numeric_limits<std::uint32_t>::max());
    if (node.words.size() != 1) {
        binder.refuse(node, "kernel_rx_buf_size wants exactly one number; it is ignored");
    } else if (!number.problem.empty()) {
        binder.refuse(node, fmt::format("kernel_rx_buf_size: {}", number.problem),
                      Complaint::invalid_number);
    } else {
        target_as<v1::VrrpInstance>(targets).set_receive_buffer_size(
            static_cast<std::uint64_t>(*number.value));
    }
}
void write_receive_buffer(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_receive_buffer_size()) {
        out.statement("kernel_rx_buf_size", instance.receive_buffer_size());
    }
}

void parse_sync_daemon(Binder& binder, Targets targets, Node& node) {
    binder.report()
        .error(Complaint::deprecated, "deprecated", node.place,
               "lvs_sync_daemon_interface is deprecated")
        .hint = "write lvs_sync_daemon INTERFACE INSTANCE into global_defs";
    target_as<v1::VrrpInstance>(targets).set_sync_daemon_interface(std::string(node.word(0)));
}
void write_sync_daemon(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_sync_daemon_interface()) {
        out.statement("lvs_sync_daemon_interface", instance.sync_daemon_interface());
    }
}

constexpr Irregular kTable[] = {
    {"vrrp_instance", "skip_check_adv_addr", parse_skip_check, write_skip_check},
    {"vrrp_instance", "linkbeat_use_polling", parse_linkbeat, write_linkbeat},
    {"vrrp_instance", "timer_expired_backup", parse_timer_expired, write_timer_expired},
    {"vrrp_instance", "thread_timer_expired", parse_timer_expired},
    {"vrrp_instance", "garp_extra_if", parse_extra_garp, write_extra_garp},
    {"vrrp_instance", "vmac_garp_intvl", parse_extra_garp},
    {"vrrp_instance", "kernel_rx_buf_size", parse_receive_buffer, write_receive_buffer},
    {"vrrp_instance", "lvs_sync_daemon_interface", parse_sync_daemon, write_sync_daemon},
};

}  // namespace

std::span<const Irregular> instance_option_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
