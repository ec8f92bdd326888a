// vrrp_instance, vrrp_sync_group and what stands in them apart from trackers.
#include <net/if.h>

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxPassword = 8;
constexpr std::int64_t kMaxTtl = 255;

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

void parse_addresses(Binder& binder, Targets targets, Node& node) {
    for (const Node& line : node.children) {
        bind_address_line(binder, target_as<v1::VrrpInstance>(targets), line, false);
    }
}
void parse_excluded(Binder& binder, Targets targets, Node& node) {
    for (const Node& line : node.children) {
        bind_address_line(binder, target_as<v1::VrrpInstance>(targets), line, true);
    }
}

void parse_interface(Binder& binder, Targets targets, Node& node) {
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

void parse_source(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    const auto address = read_address_prefix(node.word(0));
    if (!address) {
        binder.refuse(node, fmt::format("{}: '{}' is not an address; it is ignored", node.keyword,
                                        node.word(0)));
    } else if (!fits_family(instance, address->family())) {
        binder.refuse(node, fmt::format("{}: {} is not of the instance's family; it is ignored",
                                        node.keyword, node.word(0)));
    } else {
        instance.set_source_address(address->octets());
        if (node.keyword == "unicast_src_ip") instance.set_unicast(true);
    }
}

void parse_multicast_destination(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    const auto address = read_address_prefix(node.word(0));
    if (!address || !address->is_multicast() || !fits_family(instance, address->family())) {
        binder.refuse(node, fmt::format("mcast_dst_ip: '{}' is no multicast address of this family",
                                        node.word(0)));
        return;
    }
    instance.set_multicast_group(address->octets());
}

/// `min_ttl N` and `max_ttl N` behind a peer, in pairs as keepalived reads them; the peer counts
/// whatever is wrong with them.
void check_ttl_range(Binder& binder, const Node& line) {
    std::int64_t lowest = 0;
    std::int64_t highest = kMaxTtl;
    for (std::size_t i = 0; i < line.words.size(); i += 2) {
        const std::string_view option = line.word(i);
        if (i + 1 == line.words.size()) {
            binder.report().error(Complaint::general, "bad_peer_option", line.place_of(i),
                                  fmt::format("a value is missing behind '{}'", option));
            return;
        }
        const auto number = read_integer(line.word(i + 1), 0, kMaxTtl);
        if (!number.problem.empty()) {
            binder.report().error(Complaint::general, "bad_peer_option", line.place_of(i + 1),
                                  fmt::format("{}: {}", option, number.problem));
        } else if (option == "min_ttl") {
            lowest = *number.value;
        } else if (option == "max_ttl") {
            highest = *number.value;
        } else {
            binder.report().error(
                Complaint::general, "bad_peer_option", line.place_of(i),
                fmt::format("'{}' is no option of a peer; it is ignored", option));
        }
    }
    if (lowest > highest) {
        binder.report().error(Complaint::general, "bad_peer_option", line.place_of(0),
                              "min_ttl is larger than max_ttl");
    }
    if (lowest > 0 || highest < kMaxTtl) {
        binder.report().warning("not_carried_out", line.place_of(0),
                                "the TTL range of a peer is accepted, not carried out yet");
    }
}

void parse_peers(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    for (const Node& line : node.children) {
        const auto address = read_address_prefix(line.keyword);
        if (!address || !fits_family(instance, address->family())) {
            binder.report().error(
                Complaint::general, "bad_address", line.place,
                fmt::format("'{}' is no address of the instance's family; it is ignored",
                            line.keyword));
            continue;
        }
        bool there = false;
        for (const std::string& peer : instance.unicast_peers()) {
            there = there || peer == address->octets();
        }
        if (there) {
            binder.report().warning("duplicate", line.place,
                                    fmt::format("the peer {} is there already", line.keyword));
            continue;
        }
        instance.add_unicast_peers(address->octets());
        instance.set_unicast(true);
        check_ttl_range(binder, line);
    }
}

void parse_native_ipv6(Binder& binder, Targets targets, Node& node) {
    if (!fits_family(target_as<v1::VrrpInstance>(targets), core::Family::ipv6)) {
        binder.refuse(node, "the instance has IPv4 addresses already; native_ipv6 is ignored");
    }
}

void parse_preempt(Binder&, Targets targets, Node&) {
    target_as<v1::VrrpInstance>(targets).set_nopreempt(false);
}
void parse_no_accept(Binder& binder, Targets targets, Node& node) {
    target_as<v1::VrrpInstance>(targets).set_accept(false);
    binder.warn_not_carried_out(node);
}

void parse_password(Binder& binder, Targets targets, Node& node) {
    std::string password(node.word(0));
    if (password.size() > kMaxPassword) {
        binder.report()
            .error(Complaint::general, "password_too_long", node.place_of(0),
                   fmt::format("only the first {} characters of auth_pass count", kMaxPassword))
            .hint = "VRRPv2 carries 8 octets; RFC 2338 5.3.10";
        password.resize(kMaxPassword);
    }
    target_as<v1::Authentication>(targets).set_password(password);
}

bool has_word(const Node& line, std::initializer_list<std::string_view> wanted) {
    const auto is_wanted = [&](std::string_view word) {
        return std::ranges::find(wanted, word) != wanted.end();
    };
    return is_wanted(line.keyword) ||
           std::ranges::any_of(line.words, [&](const Word& word) { return is_wanted(word.text); });
}

void parse_routes(Binder& binder, Targets targets, Node& node) {
    for (const Node& line : node.children) {
        target_as<v1::VrrpInstance>(targets).add_virtual_routes(
            fmt::format("{} {}", line.keyword, line.rest));
        if (has_word(line, {"dev", "oif", "no_track"})) continue;
        binder.report()
            .error(Complaint::warning, "untracked_route", line.place,
                   "a route without interface cannot be tracked")
            .hint = "write dev IFNAME, or no_track";
    }
    binder.warn_not_carried_out(node);
}

void parse_rules(Binder& binder, Targets targets, Node& node) {
    for (const Node& line : node.children) {
        target_as<v1::VrrpInstance>(targets).add_virtual_rules(
            fmt::format("{} {}", line.keyword, line.rest));
        if (has_word(line, {"preference", "order", "priority"})) continue;
        binder.report()
            .error(Complaint::warning, "rule_without_preference", line.place,
                   "a rule without preference gets one that is hard to foresee")
            .hint = "write preference NUMBER";
    }
    binder.warn_not_carried_out(node);
}

void parse_up_down_delays(Binder& binder, Targets, Node& node) {
    const HostFacts* host = binder.request().host;
    for (const Node& line : node.children) {
        if (host == nullptr || host->interface_exists(std::string(line.keyword)) ||
            binder.config().global().dynamic_interfaces()) {
            continue;
        }
        binder.report().error(Complaint::fatal, "no_interface", line.place,
                              fmt::format("there is no interface {}", line.keyword));
    }
    binder.warn_not_carried_out(node);
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
void write_members(const google::protobuf::Message& block, LegacyText& out) {
    const auto& group = block_as<v1::VrrpSyncGroup>(block);
    if (group.members().empty()) return;
    out.open("group");
    for (const std::string& member : group.members()) out.statement(member);
    out.close();
}

/// Addresses keep their order: a block for each run of the same kind.
void write_addresses(const google::protobuf::Message& block, LegacyText& out) {
    const auto& addresses = block_as<v1::VrrpInstance>(block).addresses();
    for (int i = 0; i < addresses.size();) {
        const bool excluded = addresses[i].excluded();
        out.open(excluded ? "virtual_ipaddress_excluded" : "virtual_ipaddress");
        for (; i < addresses.size() && addresses[i].excluded() == excluded; ++i) {
            std::vector<std::string> words = words_of_address(addresses[i]);
            const std::string first = std::move(words.front());
            words.erase(words.begin());
            out.statement_of(first, words);
        }
        out.close();
    }
}
void write_interface(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_interface()) out.statement("interface", instance.interface());
}
void write_source(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (!instance.has_source_address()) return;
    out.statement(instance.unicast() ? "unicast_src_ip" : "mcast_src_ip",
                  address_text(instance.source_address()));
}
void write_multicast_destination(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (!instance.has_multicast_group()) return;
    out.statement("mcast_dst_ip", address_text(instance.multicast_group()));
}
void write_peers(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.unicast_peers().empty()) return;
    out.open("unicast_peer");
    for (const std::string& peer : instance.unicast_peers()) out.statement(address_text(peer));
    out.close();
}
void write_lines(std::string_view keyword,
                 const google::protobuf::RepeatedPtrField<std::string>& lines, LegacyText& out) {
    if (lines.empty()) return;
    out.open(keyword);
    for (const std::string& line : lines) out.raw(line);
    out.close();
}
void write_routes(const google::protobuf::Message& block, LegacyText& out) {
    write_lines("virtual_routes", block_as<v1::VrrpInstance>(block).virtual_routes(), out);
}
void write_rules(const google::protobuf::Message& block, LegacyText& out) {
    write_lines("virtual_rules", block_as<v1::VrrpInstance>(block).virtual_rules(), out);
}
void write_native_ipv6(const google::protobuf::Message& block, LegacyText& out) {
    if (block_as<v1::VrrpInstance>(block).ipv6()) out.statement("native_ipv6");
}
void write_preempt(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_nopreempt() && !instance.nopreempt()) out.statement("preempt");
}
void write_no_accept(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_accept() && !instance.accept()) out.statement("no_accept");
}
void write_password(const google::protobuf::Message& block, LegacyText& out) {
    const auto& authentication = block_as<v1::Authentication>(block);
    if (authentication.has_password()) out.statement("auth_pass", authentication.password());
}

constexpr Irregular kTable[] = {
    {"", "interface_up_down_delays", parse_up_down_delays},
    {"", "vrrp_instance", parse_instance, write_instances},
    {"", "vrrp_sync_group", parse_group, write_groups},
    {"vrrp_sync_group", "group", parse_members, write_members},
    {"vrrp_instance", "virtual_ipaddress", parse_addresses, write_addresses},
    {"vrrp_instance", "virtual_ipaddress_excluded", parse_excluded},
    {"vrrp_instance", "interface", parse_interface, write_interface},
    {"vrrp_instance", "mcast_src_ip", parse_source, write_source},
    {"vrrp_instance", "unicast_src_ip", parse_source},
    {"vrrp_instance", "mcast_dst_ip", parse_multicast_destination, write_multicast_destination},
    {"vrrp_instance", "unicast_peer", parse_peers, write_peers},
    {"vrrp_instance", "virtual_routes", parse_routes, write_routes},
    {"vrrp_instance", "virtual_rules", parse_rules, write_rules},
    {"vrrp_instance", "native_ipv6", parse_native_ipv6, write_native_ipv6},
    {"vrrp_instance", "preempt", parse_preempt, write_preempt},
    {"vrrp_instance", "no_accept", parse_no_accept, write_no_accept},
    {"vrrp_instance/authentication", "auth_pass", parse_password, write_password},
};

}  // namespace

std::span<const Irregular> instance_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
