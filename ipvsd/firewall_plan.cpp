#include "ipvsd/firewall_plan.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "lib/netlink/nftables.hpp"

namespace holdfast::ipvsd {
namespace {

namespace nft = netlink::nftables;
using netlink::Message;

constexpr std::uint8_t kVrrp = 112;
constexpr std::uint8_t kRouterAdvertisement = 134;    // RFC 4861 4.2
constexpr std::uint8_t kNeighborSolicitation = 135;   // RFC 4861 4.3
constexpr std::uint8_t kNeighborAdvertisement = 136;  // RFC 4861 4.4
constexpr std::int32_t kBeforeEverything = -300;      // NF_IP_PRI_RAW

constexpr std::string_view kVirtual = "virtual_interfaces";
constexpr std::string_view kSilent = "silent";
constexpr std::string_view kRefusedIpv4 = "no_accept_ipv4";
constexpr std::string_view kRefusedIpv6 = "no_accept_ipv6";
constexpr std::string_view kRefusedLocal = "no_accept_link_local";
constexpr std::string_view kArriving = "arriving";
constexpr std::string_view kDelivered = "delivered";
constexpr std::string_view kLeaving = "leaving";

void append(std::vector<Message>& to, std::vector<Message> more) {
    std::move(more.begin(), more.end(), std::back_inserter(to));
}

std::vector<nft::Element> elements_of(const std::set<std::string>& interfaces) {
    std::vector<nft::Element> elements;
    for (const std::string& each : interfaces) elements.push_back(nft::element_of(each));
    return elements;
}

/// One table's transaction in the making.
class TableMaker {
  public:
    explicit TableMaker(const FirewallTable& table) : table_(table) {}

    std::vector<Message> take() {
        batch_.push_back(nft::begin_batch());
        // The first makes sure that there is one to remove.
        batch_.push_back(nft::add_table(table_.name));
        batch_.push_back(nft::remove_table(table_.name));
        batch_.push_back(nft::add_table(table_.name));
        if (!table_.virtual_interfaces.empty()) add_virtual_interfaces();
        batch_.push_back(
            nft::add_chain(table_.name, kDelivered, nft::Hook::input, table_.priority));
        if (!table_.virtual_interfaces.empty()) ignore_router_advertisements();
        add_refused();
        batch_.push_back(nft::end_batch());
        return std::move(batch_);
    }

  private:
    void add_set(std::string_view name, std::vector<nft::KeyPart> key,
                 const std::vector<nft::Element>& elements) {
        batch_.push_back(nft::add_set(table_.name, name, ++sets_, key));
        append(batch_, nft::add_elements(table_.name, name, elements));
    }

    void drop(nft::Rule& rule) {
        if (table_.counters) rule.count();
        batch_.push_back(rule.drop().take());
    }

    /// A Backup Router discards what comes to the virtual MAC address (RFC 9568 6.4.2) and sends
    /// nothing from it; the last word of one that gives up, priority 0, still leaves.
    void add_virtual_interfaces() {
        add_set(kVirtual, {nft::KeyPart::interface_name}, elements_of(table_.virtual_interfaces));
        add_set(kSilent, {nft::KeyPart::interface_name}, elements_of(table_.silent));
        batch_.push_back(
            nft::add_chain(table_.name, kArriving, nft::Hook::prerouting, kBeforeEverything));
        nft::Rule arriving(table_.name, kArriving);
        drop(arriving.interface_in(kSilent));
        batch_.push_back(nft::add_chain(table_.name, kLeaving, nft::Hook::output, table_.priority));
        nft::Rule leaving(table_.name, kLeaving);
        drop(leaving.protocol_is_not(kVrrp).protocol_is_not(IPPROTO_AH).interface_out(kSilent));
    }

    /// They would give the interface addresses of its own.
    void ignore_router_advertisements() {
        nft::Rule rule(table_.name, kDelivered);
        drop(rule.interface_in(kVirtual)
                 .protocol_is(IPPROTO_ICMPV6)
                 .icmp_type_is(kRouterAdvertisement));
    }

    /// RFC 9568 6.4.3: without Accept_Mode packets to the addresses are dropped, except Neighbor
    /// Discovery.
    void add_refused() {
        std::vector<nft::Element> ipv4;
        std::vector<nft::Element> ipv6;
        for (const core::Address& each : table_.refused) {
            (each.family() == core::Family::ipv4 ? ipv4 : ipv6).push_back(nft::element_of(each));
        }
        std::vector<nft::Element> local;
        for (const auto& [address, interface] : table_.refused_local) {
            local.push_back(nft::element_of(address, interface));
        }
        if (!ipv6.empty() || !local.empty()) {
            for (const std::uint8_t type : {kNeighborSolicitation, kNeighborAdvertisement}) {
                nft::Rule rule(table_.name, kDelivered);
                batch_.push_back(rule.family_is(core::Family::ipv6)
                                     .protocol_is(IPPROTO_ICMPV6)
                                     .icmp_type_is(type)
                                     .accept()
                                     .take());
            }
        }
        refuse(core::Family::ipv4, kRefusedIpv4, nft::KeyPart::ipv4_address, ipv4);
        refuse(core::Family::ipv6, kRefusedIpv6, nft::KeyPart::ipv6_address, ipv6);
        if (local.empty()) return;
        add_set(kRefusedLocal, {nft::KeyPart::ipv6_address, nft::KeyPart::interface_name}, local);
        nft::Rule rule(table_.name, kDelivered);
        drop(rule.family_is(core::Family::ipv6).destination_and_interface_in(kRefusedLocal));
    }

    void refuse(core::Family family, std::string_view set, nft::KeyPart key,
                const std::vector<nft::Element>& elements) {
        if (elements.empty()) return;
        add_set(set, {key}, elements);
        nft::Rule rule(table_.name, kDelivered);
        drop(rule.family_is(family).destination_in(family, set));
    }

    const FirewallTable& table_;
    std::uint32_t sets_ = 0;
    std::vector<Message> batch_;
};

std::vector<Message> transaction(const ReplaceTable& change) {
    return TableMaker(change.table).take();
}

std::vector<Message> transaction(const RemoveTable& change) {
    std::vector<Message> batch;
    batch.push_back(nft::begin_batch());
    batch.push_back(nft::remove_table(change.name));
    batch.push_back(nft::end_batch());
    return batch;
}

std::vector<Message> transaction(const ChangeSilent& change) {
    std::vector<Message> batch;
    batch.push_back(nft::begin_batch());
    append(batch, nft::add_elements(change.table, kSilent, elements_of(change.added)));
    append(batch, nft::remove_elements(change.table, kSilent, elements_of(change.removed)));
    batch.push_back(nft::end_batch());
    return batch;
}

}  // namespace

ChangeSilent change_of_silent(const std::string& table, const std::set<std::string>& before,
                              const std::set<std::string>& now) {
    ChangeSilent change{.table = table};
    std::ranges::set_difference(now, before, std::inserter(change.added, change.added.end()));
    std::ranges::set_difference(before, now, std::inserter(change.removed, change.removed.end()));
    return change;
}

std::vector<FirewallChange> plan_firewall(const FirewallTable& wished, const FirewallTable& there) {
    std::vector<FirewallChange> plan;
    if (wished == there) return plan;
    const bool renamed = wished.name != there.name;
    if (!there.is_empty() && (wished.is_empty() || renamed)) {
        plan.emplace_back(RemoveTable{there.name});
    }
    if (wished.is_empty()) return plan;
    FirewallTable same = there;
    same.silent = wished.silent;
    if (same != wished) {
        plan.emplace_back(ReplaceTable{wished});
        return plan;
    }
    plan.emplace_back(change_of_silent(wished.name, there.silent, wished.silent));
    return plan;
}

std::vector<netlink::Message> encode(const FirewallChange& change) {
    return std::visit([](const auto& what) { return transaction(what); }, change);
}

}  // namespace holdfast::ipvsd
