// Settings of global_defs, SSL and the top level whose value is one word, with keepalived's rules
// about second statements, surplus words and what the keyword alone means.
#include <array>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/irregular/setting_field.hpp"

namespace holdfast::config {

namespace {

/// Linux cuts the name of a process here.
constexpr std::size_t kProcessName = 15;

enum class Again : std::uint8_t { replaces, replaces_with_error, is_refused };

struct WordRule {
    std::string_view keyword;
    Again again = Again::replaces;
    bool one_word_only = false;   // more are an error, and nothing is set
    bool may_be_missing = false;  // without a word nothing is set, silently
    const char* bare = nullptr;   // what the keyword alone means
    std::size_t cut_at = 0;       // longer words are cut, with an error
};

constexpr WordRule kRules[] = {
    {.keyword = "smtp_helo_name", .may_be_missing = true},
    {.keyword = "snmp_socket", .again = Again::is_refused, .one_word_only = true},
    {.keyword = "vmac_prefix", .again = Again::is_refused},
    {.keyword = "vmac_addr_prefix", .again = Again::is_refused},
    {.keyword = "tmp_config_directory", .again = Again::is_refused},
    {.keyword = "config_save_dir"},
    {.keyword = "nftables", .again = Again::is_refused, .bare = "keepalived"},
    {.keyword = "nftables_ipvs", .again = Again::is_refused, .bare = "keepalived_ipvs"},
    {.keyword = "reload_check_config", .bare = "/dev/null"},
    {.keyword = "reload_file", .bare = ""},
    {.keyword = "reload_time_file", .one_word_only = true},
    {.keyword = "iproute_usr_dir", .one_word_only = true},
    {.keyword = "iproute_etc_dir", .one_word_only = true},
    {.keyword = "process_name", .cut_at = kProcessName},
    {.keyword = "vrrp_process_name", .cut_at = kProcessName},
    {.keyword = "checker_process_name", .cut_at = kProcessName},
    {.keyword = "lvs_process_name", .cut_at = kProcessName},
    {.keyword = "bfd_process_name", .cut_at = kProcessName},
    {.keyword = "net_namespace", .again = Again::is_refused},
    {.keyword = "net_namespace_ipvs", .again = Again::is_refused, .bare = ""},
    {.keyword = "instance", .again = Again::is_refused},
    {.keyword = "password", .again = Again::replaces_with_error},
    {.keyword = "ca", .again = Again::replaces_with_error},
    {.keyword = "certificate", .again = Again::replaces_with_error},
    {.keyword = "key", .again = Again::replaces_with_error},
};

const WordRule& rule_of(std::string_view keyword) {
    return *std::ranges::find(kRules, keyword, &WordRule::keyword);
}

/// False when the statement must not change what was said before.
bool may_be_said(Binder& binder, const Node& node, const WordRule& rule,
                 const SettingField& field) {
    if (rule.one_word_only && node.words.size() > 1) {
        binder.refuse(node, fmt::format("{} takes one word; it is ignored", node.keyword));
        return false;
    }
    if (!field.is_set() || rule.again == Again::replaces) return true;
    const bool refused = rule.again == Again::is_refused;
    binder.report().error(Complaint::general, "duplicate", node.place,
                          fmt::format("{} is given already; {}", node.keyword,
                                      refused ? "this one is ignored" : "this one replaces it"));
    return !refused;
}

void parse_word(Binder& binder, Targets targets, Node& node) {
    const WordRule& rule = rule_of(node.keyword);
    SettingField field(*targets.front(), node.keyword);
    if (!may_be_said(binder, node, rule, field)) return;
    if (node.words.empty()) {
        if (rule.bare != nullptr) {
            field.set_text(rule.bare);
        } else if (rule.may_be_missing) {
            binder.report().warning("missing_word", node.place,
                                    fmt::format("{} without a word means nothing", node.keyword));
        }
        return;
    }
    std::string_view word = node.word(0);
    if (rule.cut_at != 0 && word.size() > rule.cut_at) {
        binder.refuse(node, fmt::format("{}: {} is longer than {} characters and is cut",
                                        node.keyword, word, rule.cut_at));
        word = word.substr(0, rule.cut_at);
    }
    field.set_text(word);
}

/// keepalived makes a new table with the default priority, whatever was said about it before.
void parse_nftables(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    if (!global.has_nftables_table()) global.clear_nftables_priority();
    parse_word(binder, targets, node);
}
void parse_nftables_ipvs(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    if (!global.has_nftables_ipvs_table()) {
        global.clear_nftables_ipvs_priority();
        global.clear_nftables_ipvs_start_fwmark();
    }
    parse_word(binder, targets, node);
}

void parse_mail_sender(Binder& binder, Targets targets, Node& node) {
    target_as<v1::GlobalDefs>(targets).set_notification_email_from(std::string(node.word(0)));
    if (node.words.size() < 2) return;
    binder.report()
        .error(Complaint::general, "surplus_words", node.place_of(1),
               fmt::format("notification_email_from takes one word; '{}' is ignored", node.word(1)))
        .hint = "put a sender with blanks in quotes";
}

/// Names that were given before it are replaced, those that follow replace it.
void parse_process_names(Binder&, Targets targets, Node&) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    global.set_process_names(true);
    global.clear_vrrp_process_name();
    global.clear_checker_process_name();
    global.clear_bfd_process_name();
}

constexpr Irregular kTable[] = {
    {"global_defs", "notification_email_from", parse_mail_sender,
     write_as<"notification_email_from">},
    {"global_defs", "smtp_helo_name", parse_word, write_as<"smtp_helo_name">},
    {"global_defs", "snmp_socket", parse_word, write_as<"snmp_socket">},
    {"global_defs", "vmac_prefix", parse_word, write_as<"vmac_prefix">},
    {"global_defs", "vmac_addr_prefix", parse_word, write_as<"vmac_addr_prefix">},
    {"global_defs", "tmp_config_directory", parse_word, write_as<"tmp_config_directory">},
    {"global_defs", "config_save_dir", parse_word, write_as<"config_save_dir">},
    {"global_defs", "nftables", parse_nftables, write_as<"nftables">},
    {"global_defs", "nftables_ipvs", parse_nftables_ipvs, write_as<"nftables_ipvs">},
    {"global_defs", "reload_check_config", parse_word, write_as<"reload_check_config">},
    {"global_defs", "reload_file", parse_word, write_as<"reload_file">},
    {"global_defs", "reload_time_file", parse_word, write_as<"reload_time_file">},
    {"global_defs", "iproute_usr_dir", parse_word, write_as<"iproute_usr_dir">},
    {"global_defs", "iproute_etc_dir", parse_word, write_as<"iproute_etc_dir">},
    {"global_defs", "process_names", parse_process_names, write_as<"process_names">},
    {"global_defs", "process_name", parse_word, write_as<"process_name">},
    {"global_defs", "vrrp_process_name", parse_word, write_as<"vrrp_process_name">},
    {"global_defs", "checker_process_name", parse_word, write_as<"checker_process_name">},
    {"global_defs", "lvs_process_name", parse_word},
    {"global_defs", "bfd_process_name", parse_word, write_as<"bfd_process_name">},
    {"", "net_namespace", parse_word, write_as<"net_namespace">},
    {"", "net_namespace_ipvs", parse_word, write_as<"net_namespace_ipvs">},
    {"", "instance", parse_word, write_as<"instance">},
    {"SSL", "password", parse_word, write_as<"password">},
    {"SSL", "ca", parse_word, write_as<"ca">},
    {"SSL", "certificate", parse_word, write_as<"certificate">},
    {"SSL", "key", parse_word, write_as<"key">},
};

}  // namespace

std::span<const Irregular> word_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
