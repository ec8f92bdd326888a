// Whom an instance speaks to and from which address: multicast and unicast.
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kMaxTtl = 255;

/// Both keywords name one address: the last one counts.
void parse_source(Binder& binder, Targets targets, Node& node) {
    binder.warn_surplus(node, 1);
    auto& instance = target_as<v1::VrrpInstance>(targets);
    const auto address = read_address_prefix(node.word(0));
    if (!address) {
        binder.refuse(node, fmt::format("{}: '{}' is not an address; it is ignored", node.keyword,
                                        node.word(0)));
    } else if (!fits_family(instance, address->family())) {
        binder.refuse(node, fmt::format("{}: {} is not of the instance's family; it is ignored",
                                        node.keyword, node.word(0)));
    } else if (node.keyword == "unicast_src_ip") {
        instance.set_unicast_source(address->octets());
        instance.clear_multicast_source();
    } else {
        instance.set_multicast_source(address->octets());
        instance.clear_unicast_source();
    }
}
void write_multicast_source(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_multicast_source()) {
        out.statement("mcast_src_ip", address_text(instance.multicast_source()));
    }
}
void write_unicast_source(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_unicast_source()) {
        out.statement("unicast_src_ip", address_text(instance.unicast_source()));
    }
}

void parse_multicast_destination(Binder& binder, Targets targets, Node& node) {
    binder.warn_surplus(node, 1);
    auto& instance = target_as<v1::VrrpInstance>(targets);
    const auto address = read_address_prefix(node.word(0));
    if (!address || !address->is_multicast() || !fits_family(instance, address->family())) {
        binder.refuse(node, fmt::format("mcast_dst_ip: '{}' is no multicast address of this family",
                                        node.word(0)));
        return;
    }
    if (address->family() == core::Family::ipv6 && (address->octets()[1] & 0x0f) != 2) {
        binder.refuse(node,
                      fmt::format("mcast_dst_ip: {} is not of link-local scope; it is ignored",
                                  node.word(0)));
        return;
    }
    instance.set_multicast_group(address->octets());
}
void write_multicast_destination(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.has_multicast_group()) {
        out.statement("mcast_dst_ip", address_text(instance.multicast_group()));
    }
}

/// `min_ttl N` and `max_ttl N` behind a peer, in pairs as keepalived reads them; the peer counts
/// whatever is wrong with them.
void read_ttl_range(Binder& binder, const Node& line, v1::UnicastPeer& peer) {
    const auto complain = [&](std::size_t word, std::string text) {
        binder.report().error(Complaint::general, "bad_peer_option", line.place_of(word),
                              std::move(text));
    };
    for (std::size_t i = 0; i < line.words.size(); i += 2) {
        const std::string_view option = line.word(i);
        if (i + 1 == line.words.size()) {
            complain(i, fmt::format("a value is missing behind '{}'", option));
            return;
        }
        const auto number = read_integer(line.word(i + 1), 0, kMaxTtl);
        if (!number.problem.empty()) {
            complain(i + 1, fmt::format("{}: {}", option, number.problem));
        } else if (option == "min_ttl") {
            peer.set_min_ttl(static_cast<std::uint32_t>(*number.value));
        } else if (option == "max_ttl") {
            peer.set_max_ttl(static_cast<std::uint32_t>(*number.value));
        } else {
            complain(i, fmt::format("'{}' is no option of a peer; it is ignored", option));
        }
    }
    const std::uint32_t highest = peer.has_max_ttl() ? peer.max_ttl() : kMaxTtl;
    if (peer.min_ttl() > highest) complain(0, "min_ttl is larger than max_ttl");
    if (peer.min_ttl() > 0 || highest < kMaxTtl) {
        binder.report().warning("not_carried_out", line.place_of(0),
                                "the TTL range of a peer is accepted, not carried out yet");
    }
}

void parse_peers(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    std::unordered_set<std::string> there;
    for (const v1::UnicastPeer& peer : instance.unicast_peers()) there.insert(peer.address());
    for (const Node& line : node.children) {
        const auto address = read_address_prefix(line.keyword);
        if (!address || !fits_family(instance, address->family())) {
            binder.report().error(
                Complaint::general, "bad_address", line.place,
                fmt::format("'{}' is no address of the instance's family; it is ignored",
                            line.keyword));
            continue;
        }
        if (!there.insert(address->octets()).second) {
            binder.report().warning("duplicate", line.place,
                                    fmt::format("the peer {} is there already", line.keyword));
            continue;
        }
        auto& peer = *instance.add_unicast_peers();
        peer.set_address(address->octets());
        read_ttl_range(binder, line, peer);
    }
}
void write_peers(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (instance.unicast_peers_size() == 0) return;
    out.open("unicast_peer");
    for (const v1::UnicastPeer& peer : instance.unicast_peers()) {
        std::vector<std::string> words;
        if (peer.has_min_ttl())
            words.insert(words.end(), {"min_ttl", fmt::to_string(peer.min_ttl())});
        if (peer.has_max_ttl())
            words.insert(words.end(), {"max_ttl", fmt::to_string(peer.max_ttl())});
        out.statement_of(address_text(peer.address()), words);
    }
    out.close();
}

void parse_old_checksum(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    if (node.words.empty()) {
        instance.set_old_unicast_checksum(v1::OLD_CHECKSUM_ALWAYS);
    } else if (node.word(0) == "never") {
        instance.set_old_unicast_checksum(v1::OLD_CHECKSUM_NEVER);
    } else {
        binder.refuse(node, fmt::format("old_unicast_checksum: '{}' is unknown; it is ignored",
                                        node.word(0)));
        instance.set_old_unicast_checksum(v1::OLD_CHECKSUM_AUTOMATIC);
    }
}
void write_old_checksum(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::VrrpInstance>(block);
    if (!instance.has_old_unicast_checksum()) return;
    switch (instance.old_unicast_checksum()) {
        case v1::OLD_CHECKSUM_ALWAYS:
            out.statement("old_unicast_checksum");
            break;
        case v1::OLD_CHECKSUM_NEVER:
            out.statement("old_unicast_checksum", "never");
            break;
        case v1::OLD_CHECKSUM_AUTOMATIC:
            break;
    }
}

constexpr Irregular kTable[] = {
    {"vrrp_instance", "mcast_src_ip", parse_source, write_multicast_source},
    {"vrrp_instance", "unicast_src_ip", parse_source, write_unicast_source},
    {"vrrp_instance", "mcast_dst_ip", parse_multicast_destination, write_multicast_destination},
    {"vrrp_instance", "unicast_peer", parse_peers, write_peers},
    {"vrrp_instance", "old_unicast_checksum", parse_old_checksum, write_old_checksum},
};

}  // namespace

std::span<const Irregular> destination_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
