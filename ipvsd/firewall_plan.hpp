#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/netlink/message.hpp"

/// Our nftables table: what is in it, and the requests that make it so. Pure.
namespace holdfast::ipvsd {

/// One table of family inet.
struct FirewallTable {
    std::string name;
    std::int32_t priority = -1;
    bool counters = false;
    std::set<std::string> virtual_interfaces;  // macvlans of ours
    std::set<std::string> silent;              // those of them whose router is not Active
    std::set<core::Address> refused;           // no_accept: packets to them are dropped
    std::set<std::pair<core::Address, std::string>> refused_local;  // link-local, with interface

    /// Nothing to filter: no table.
    [[nodiscard]] bool is_empty() const {
        return virtual_interfaces.empty() && refused.empty() && refused_local.empty();
    }
    friend bool operator==(const FirewallTable&, const FirewallTable&) = default;
};

/// All of it anew, whatever is there under that name.
struct ReplaceTable {
    FirewallTable table;
    friend bool operator==(const ReplaceTable&, const ReplaceTable&) = default;
};
/// Refused with ENOENT if it is not there.
struct RemoveTable {
    std::string name;
    friend bool operator==(const RemoveTable&, const RemoveTable&) = default;
};
/// Refused with ENOENT when the table or an element that goes is not there.
struct ChangeSilent {
    std::string table;
    std::set<std::string> added;
    std::set<std::string> removed;
    friend bool operator==(const ChangeSilent&, const ChangeSilent&) = default;
};
using FirewallChange = std::variant<ReplaceTable, RemoveTable, ChangeSilent>;

/// Makes `wished` of `there`: nothing, one change of the set of silent interfaces, or all anew.
[[nodiscard]] std::vector<FirewallChange> plan_firewall(const FirewallTable& wished,
                                                        const FirewallTable& there);

[[nodiscard]] ChangeSilent change_of_silent(const std::string& table,
                                            const std::set<std::string>& before,
                                            const std::set<std::string>& now);

/// The whole transaction, with its brackets.
[[nodiscard]] std::vector<netlink::Message> encode(const FirewallChange& change);

}  // namespace holdfast::ipvsd
