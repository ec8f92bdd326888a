// Settings of global_defs about IPVS and packet filters.
#include <net/if.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kLongestTimeout = 2678400;
constexpr std::uint64_t kSecond = 1'000'000;
/// A chain of iptables has no longer name, in its rules.
constexpr std::size_t kChainName = 27;

void complain(Binder& binder, const Node& node, std::size_t word, std::string text) {
    binder.report().error(Complaint::general, "bad_value", node.place_of(word), std::move(text));
}

void set_timeout(v1::LvsTimeouts& timeouts, std::string_view name, std::uint64_t us) {
    if (name == "tcp") timeouts.set_tcp_us(us);
    if (name == "tcpfin") timeouts.set_tcp_fin_us(us);
    if (name == "udp") timeouts.set_udp_us(us);
}

void parse_timeouts(Binder& binder, Targets targets, Node& node) {
    if (node.words.size() < 2) {
        complain(binder, node, 0, "lvs_timeouts needs a name and a time; it is ignored");
        return;
    }
    auto& timeouts = *target_as<v1::GlobalDefs>(targets).mutable_lvs_timeouts();
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        const std::string_view name = node.word(i);
        if (name != "tcp" && name != "tcpfin" && name != "udp") {
            complain(binder, node, i, fmt::format("lvs_timeouts: '{}' is unknown", name));
            continue;
        }
        if (++i == node.words.size()) {
            complain(binder, node, i, fmt::format("lvs_timeouts: {} has no time", name));
            return;
        }
        const auto seconds = read_integer(node.word(i), 0, kLongestTimeout);
        if (!seconds.problem.empty()) {
            complain(binder, node, i, fmt::format("lvs_timeouts {}: {}", name, seconds.problem));
        } else {
            set_timeout(timeouts, name, static_cast<std::uint64_t>(*seconds.value) * kSecond);
        }
    }
}
void write_timeouts(const google::protobuf::Message& block, LegacyText& out) {
    const v1::LvsTimeouts& timeouts = block_as<v1::GlobalDefs>(block).lvs_timeouts();
    std::vector<std::string> words;
    const auto add = [&](bool is_set, const char* name, std::uint64_t us) {
        if (!is_set) return;
        words.emplace_back(name);
        words.push_back(decimal_text(us));
    };
    add(timeouts.has_tcp_us(), "tcp", timeouts.tcp_us());
    add(timeouts.has_tcp_fin_us(), "tcpfin", timeouts.tcp_fin_us());
    add(timeouts.has_udp_us(), "udp", timeouts.udp_us());
    if (!words.empty()) out.statement_of("lvs_timeouts", words);
}

void parse_flush(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    if (node.words.empty()) {
        global.set_lvs_flush_on_stop(v1::FLUSH_ALL);
    } else if (node.word(0) == "VS") {
        global.set_lvs_flush_on_stop(v1::FLUSH_OWN_SERVICES);
    } else {
        complain(
            binder, node, 0,
            fmt::format("{}: '{}' is unknown; only VS may follow", node.keyword, node.word(0)));
    }
}
void write_flush(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (global.lvs_flush_on_stop() == v1::FLUSH_ALL) out.statement("lvs_flush_on_stop");
    if (global.lvs_flush_on_stop() == v1::FLUSH_OWN_SERVICES) {
        out.statement("lvs_flush_on_stop", "VS");
    }
}

/// The options of lvs_sync_daemon with their values.
class SyncDaemonReader {
  public:
    SyncDaemonReader(Binder& binder, v1::LvsSyncDaemon& daemon, const Node& node)
        : binder_(binder), daemon_(daemon), node_(node) {}

    void run() {
        std::size_t at = 1;
        if (at < node_.words.size() && !is_option(node_.word(at))) {
            daemon_.set_instance(std::string(node_.word(at)));
            ++at;
            // An old way to write it, which keepalived complains about and takes.
            if (at < node_.words.size() && !is_option(node_.word(at))) {
                complain(binder_, node_, at, "lvs_sync_daemon: write id in front of the number");
                read_id(at++);
            }
        }
        while (at < node_.words.size()) at = read_option(at);
    }

  private:
    static bool is_option(std::string_view word) {
        static constexpr std::array<std::string_view, 6> kOptions = {"inst", "id",  "maxlen",
                                                                     "port", "ttl", "group"};
        return std::ranges::find(kOptions, word) != kOptions.end();
    }

    std::size_t read_option(std::size_t at) {
        const std::string_view option = node_.word(at);
        if (!is_option(option)) {
            complain(binder_, node_, at, fmt::format("lvs_sync_daemon: '{}' is unknown", option));
            return at + 1;
        }
        if (at + 1 == node_.words.size()) {
            complain(binder_, node_, at, fmt::format("lvs_sync_daemon: {} has no value", option));
            return at + 1;
        }
        ++at;
        if (option == "inst") daemon_.set_instance(std::string(node_.word(at)));
        if (option == "id") read_id(at);
        if (option == "maxlen") read_number(at, 65507, &v1::LvsSyncDaemon::set_max_length);
        if (option == "port") read_number(at, 65535, &v1::LvsSyncDaemon::set_port);
        if (option == "ttl") read_number(at, 255, &v1::LvsSyncDaemon::set_ttl);
        if (option == "group") read_group(at);
        return at + 1;
    }

    void read_id(std::size_t at) { read_number(at, 255, &v1::LvsSyncDaemon::set_id, 0); }

    void read_number(std::size_t at, std::int64_t most, void (v1::LvsSyncDaemon::*set)(uint32_t),
                     std::int64_t least = 1) {
        const auto number = read_integer(node_.word(at), least, most);
        if (number.problem.empty()) {
            (daemon_.*set)(static_cast<std::uint32_t>(*number.value));
        } else {
            complain(binder_, node_, at, fmt::format("lvs_sync_daemon: {}", number.problem));
        }
    }

    void read_group(std::size_t at) {
        const auto address = core::Address::from_text(node_.word(at));
        if (address && address->is_multicast()) {
            daemon_.set_multicast_group(address->octets());
        } else {
            complain(binder_, node_, at,
                     fmt::format("lvs_sync_daemon: '{}' is no multicast address", node_.word(at)));
        }
    }

    Binder& binder_;
    v1::LvsSyncDaemon& daemon_;
    const Node& node_;
};

void parse_sync_daemon(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    if (global.has_lvs_sync_daemon()) {
        binder.report().error(Complaint::general, "duplicate", node.place,
                              "lvs_sync_daemon is given already; this one is ignored");
    } else if (node.word(0).size() >= IFNAMSIZ) {
        complain(binder, node, 0,
                 fmt::format("lvs_sync_daemon: the interface name {} is longer than {} octets; it "
                             "is ignored",
                             node.word(0), IFNAMSIZ - 1));
    } else {
        auto& daemon = *global.mutable_lvs_sync_daemon();
        daemon.set_interface(std::string(node.word(0)));
        SyncDaemonReader(binder, daemon, node).run();
    }
}
void write_sync_daemon(const google::protobuf::Message& block, LegacyText& out) {
    const v1::LvsSyncDaemon& daemon = block_as<v1::GlobalDefs>(block).lvs_sync_daemon();
    if (!daemon.has_interface()) return;
    std::vector<std::string> words = {daemon.interface()};
    const auto add = [&](bool is_set, const char* name, std::string value) {
        if (!is_set) return;
        words.emplace_back(name);
        words.push_back(std::move(value));
    };
    add(daemon.has_instance(), "inst", daemon.instance());
    add(daemon.has_id(), "id", std::to_string(daemon.id()));
    add(daemon.has_max_length(), "maxlen", std::to_string(daemon.max_length()));
    add(daemon.has_port(), "port", std::to_string(daemon.port()));
    add(daemon.has_ttl(), "ttl", std::to_string(daemon.ttl()));
    add(daemon.has_multicast_group(), "group", address_text(daemon.multicast_group()));
    out.statement_of("lvs_sync_daemon", words);
}

void parse_iptables(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    if (global.has_iptables()) {
        binder.report().error(Complaint::general, "duplicate", node.place,
                              "vrrp_iptables is given already; this one is ignored");
        return;
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(node.words.size(), 2); ++i) {
        if (node.word(i).size() <= kChainName) continue;
        complain(binder, node, i,
                 fmt::format("vrrp_iptables: the name {} is longer than {} characters",
                             node.word(i), kChainName));
        return;
    }
    if (node.words.size() > 1 && node.word(0) == node.word(1)) {
        complain(binder, node, 1, "vrrp_iptables: the two chains must be different ones");
        return;
    }
    auto& chains = *global.mutable_iptables();
    if (node.words.empty()) {
        chains.set_input_chain("INPUT");
        chains.set_output_chain("OUTPUT");
        return;
    }
    chains.set_input_chain(std::string(node.word(0)));
    if (node.words.size() > 1) chains.set_output_chain(std::string(node.word(1)));
}
void write_iptables(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (!global.has_iptables()) return;
    std::vector<std::string> words;
    if (global.iptables().has_input_chain()) words.push_back(global.iptables().input_chain());
    if (global.iptables().has_output_chain()) words.push_back(global.iptables().output_chain());
    out.statement_of("vrrp_iptables", words);
}

using IpsetName = void (*)(v1::Ipsets&, std::string);
constexpr std::array<IpsetName, 6> kIpsetNames = {
    [](v1::Ipsets& sets, std::string name) { sets.set_addresses(std::move(name)); },
    [](v1::Ipsets& sets, std::string name) { sets.set_addresses6(std::move(name)); },
    [](v1::Ipsets& sets, std::string name) { sets.set_link_local6(std::move(name)); },
    [](v1::Ipsets& sets, std::string name) { sets.set_igmp(std::move(name)); },
    [](v1::Ipsets& sets, std::string name) { sets.set_mld(std::move(name)); },
    [](v1::Ipsets& sets, std::string name) { sets.set_neighbor_discovery(std::move(name)); },
};

void parse_ipsets(Binder& binder, Targets targets, Node& node) {
    v1::Ipsets sets;
    if (node.words.empty()) sets.set_disabled(true);
    const std::size_t count = std::min(node.words.size(), kIpsetNames.size());
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t other = 0; other < i; ++other) {
            if (node.word(i) != node.word(other)) continue;
            complain(binder, node, i,
                     fmt::format("vrrp_ipsets: {} is there twice; all are ignored", node.word(i)));
            return;
        }
        kIpsetNames[i](sets, std::string(node.word(i)));
    }
    *target_as<v1::GlobalDefs>(targets).mutable_ipsets() = std::move(sets);
}
void write_ipsets(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (!global.has_ipsets()) return;
    const v1::Ipsets& sets = global.ipsets();
    const std::array<const std::string*, 6> names = {
        &sets.addresses(), &sets.addresses6(), &sets.link_local6(),
        &sets.igmp(),      &sets.mld(),        &sets.neighbor_discovery()};
    std::vector<std::string> words;
    bool gap = false;
    for (const std::string* name : names) {
        if (name->empty()) {
            gap = true;
        } else if (gap) {
            out.problem("vrrp_ipsets: a name without those before it");
        } else {
            words.push_back(*name);
        }
    }
    out.statement_of("vrrp_ipsets", words);
}

constexpr Irregular kTable[] = {
    {"global_defs", "lvs_timeouts", parse_timeouts, write_timeouts},
    {"global_defs", "lvs_flush_on_stop", parse_flush, write_flush},
    {"global_defs", "lvs_flush_onstop", parse_flush},
    {"global_defs", "lvs_sync_daemon", parse_sync_daemon, write_sync_daemon},
    {"global_defs", "vrrp_iptables", parse_iptables, write_iptables},
    {"global_defs", "vrrp_ipsets", parse_ipsets, write_ipsets},
};

}  // namespace

std::span<const Irregular> ipvs_global_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
