#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/netlink/link_codec.hpp"
#include "lib/netlink/values.hpp"

/// Virtual interfaces: (wished, kernel, ledger) -> ordered list of changes. Pure. Touches
/// interfaces that the wish names, those that the ledger names and that carry our tag, and settings
/// of parents.
namespace holdfast::ipvsd {

/// One interface on top of another, with the virtual MAC address (RFC 9568 7.3) or as ipvlan.
struct VirtualInterface {
    std::string name;
    std::string parent;
    std::string kind;        // "macvlan", "ipvlan"
    std::uint32_t mode = 0;  // of an ipvlan; a macvlan's is always VEPA
    std::uint32_t flags = 0;
    netlink::HardwareAddress hardware_address;  // of a macvlan
    std::uint32_t group = 0;
    std::optional<netlink::InterfaceAddress> address;  // of an ipvlan, stands on it always
    friend bool operator==(const VirtualInterface&, const VirtualInterface&) = default;
};

/// Makes the interface and gives it everything before it is up.
struct MakeLink {
    netlink::NewLink link;
    friend bool operator==(const MakeLink&, const MakeLink&) = default;
};
struct EditLink {
    std::string name;
    netlink::LinkEdit edit;
    friend bool operator==(const EditLink&, const EditLink&) = default;
};
struct RemoveLink {
    std::string name;
    std::uint32_t index = 0;
    friend bool operator==(const RemoveLink&, const RemoveLink&) = default;
};
using LinkChange = std::variant<MakeLink, EditLink, RemoveLink>;
[[nodiscard]] std::string to_text(const LinkChange& change);

/// A setting of an interface that we changed, and what it was before.
struct SettingName {
    std::string interface;
    netlink::Ipv4Setting setting{};
    friend auto operator<=>(const SettingName&, const SettingName&) = default;
};
using OldSettings = std::map<SettingName, std::uint32_t>;

using LinksInKernel = std::map<std::string, netlink::LinkDetails, std::less<>>;

/// What the ledger has of interfaces.
struct InterfaceLedger {
    std::set<std::string> made;
    OldSettings changed;
};

struct InterfacePlan {
    std::vector<LinkChange> changes;
    /// To be written into the ledger before the kernel is asked.
    std::set<std::string> made;
    OldSettings changed;
    /// To be erased from it when the changes are done.
    std::set<std::string> gone;
    std::set<SettingName> restored;
    /// Wished names that stand for something else, in words.
    std::map<std::string, std::string> conflicts;
    /// What carries a wished interface: its own name, or that of one that is there with the same
    /// parent and MAC address, unless it is a leftover of ours. Absent while there is none.
    std::map<std::string, std::string> actual;
};

/// `leftovers`: what the ledger names and nobody wishes may go.
/// `promoting`: interfaces that keep the other addresses of a network when its first one goes.
[[nodiscard]] InterfacePlan plan_interfaces(std::span<const VirtualInterface> wished,
                                            const std::set<std::string>& promoting,
                                            const LinksInKernel& kernel,
                                            const InterfaceLedger& ledger, bool leftovers);

/// The tag of interfaces that we made (IFLA_IFALIAS); of an ipvlan with what cannot be seen of it
/// otherwise: one that is wished otherwise is made anew.
[[nodiscard]] std::string tag_of(const std::string& interface);
[[nodiscard]] std::string tag_of(const VirtualInterface& wished);

/// What a virtual interface has: it answers for its own addresses only, and takes packets whose way
/// back leads over its parent, however strict the host is (the kernel takes the larger number of
/// rp_filter's value here and that for all interfaces; 2, the loose check, is the largest).
[[nodiscard]] const netlink::Ipv4Settings& settings_of_virtual_interfaces();
[[nodiscard]] const netlink::Ipv4Settings& settings_of_promoting();
/// What its parent needs meanwhile: it neither answers for the virtual addresses, nor names them as
/// sender when it asks for a neighbour, which would teach the wrong MAC address.
[[nodiscard]] const netlink::Ipv4Settings& settings_of_parents();

}  // namespace holdfast::ipvsd
