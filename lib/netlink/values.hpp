#pragma once

#include <net/if.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/core/address.hpp"

namespace holdfast::netlink {

/// A link-layer address of up to 32 octets (MAX_ADDR_LEN); 6 on Ethernet, 0 on devices without one.
class HardwareAddress {
  public:
    constexpr HardwareAddress() = default;
    /// Nothing for more than 32 octets.
    [[nodiscard]] static std::optional<HardwareAddress> from_bytes(
        std::span<const std::byte> octets);

    [[nodiscard]] std::span<const std::byte> bytes() const { return {octets_.data(), length_}; }
    [[nodiscard]] bool is_ethernet() const { return length_ == 6; }
    /// "02:00:5e:00:01:33"
    [[nodiscard]] std::string text() const;

    friend auto operator<=>(const HardwareAddress&, const HardwareAddress&) = default;

  private:
    std::array<std::byte, 32> octets_{};
    std::uint8_t length_ = 0;
};

/// One network interface as rtnetlink shows it.
struct Link {
    std::uint32_t index = 0;
    std::string name;
    std::uint32_t flags = 0;  // IFF_*
    std::uint32_t mtu = 0;
    std::uint16_t hardware_type = 0;  // ARPHRD_*
    HardwareAddress hardware_address;
    HardwareAddress hardware_broadcast;
    std::string kind;                // IFLA_INFO_KIND: "macvlan", "veth"; empty for hardware
    std::uint32_t parent_index = 0;  // IFLA_LINK, 0 if none or in another namespace
    std::uint32_t master_index = 0;  // IFLA_MASTER: the bridge, bond or VRF above, 0 if none
    std::string alias;               // IFLA_IFALIAS
    std::uint32_t vrf_table = 0;     // the routing table of a VRF, 0 for others
    std::uint32_t mode = 0;          // of a macvlan (MACVLAN_MODE_*) or ipvlan (IPVLAN_MODE_*)

    /// Set up by the administrator.
    [[nodiscard]] bool is_up() const { return (flags & IFF_UP) != 0; }
    /// Up, and able to carry packets (carrier, RFC 2863 operational state).
    [[nodiscard]] bool is_running() const { return is_up() && (flags & IFF_RUNNING) != 0; }
    friend bool operator==(const Link&, const Link&) = default;
};

/// What we set of net.ipv4.conf.INTERFACE; the numbers are the kernel's (IPV4_DEVCONF_*).
enum class Ipv4Setting : std::uint8_t {
    proxy_arp = 3,
    rp_filter = 8,
    arp_filter = 13,
    arp_announce = 18,
    arp_ignore = 19,
    promote_secondaries = 20,
};
/// "arp_ignore"
[[nodiscard]] std::string_view to_text(Ipv4Setting setting);
using Ipv4Settings = std::map<Ipv4Setting, std::uint32_t>;

/// An interface with those of its settings that a dump shows.
struct LinkDetails {
    Link link;
    Ipv4Settings ipv4;
    friend bool operator==(const LinkDetails&, const LinkDetails&) = default;
};

/// A virtual interface on top of another one that is to be made.
struct NewLink {
    std::string name;
    std::string kind;  // "macvlan", "ipvlan"
    std::uint32_t parent_index = 0;
    std::uint32_t mode = 0;            // MACVLAN_MODE_*; of an ipvlan L2 always
    std::uint32_t flags = 0;           // IPVLAN_F_*
    HardwareAddress hardware_address;  // empty: the kernel's choice
    std::uint32_t group = 0;           // IFLA_GROUP
    std::uint32_t master_index = 0;    // of a VRF, 0: none
    std::string alias;
    Ipv4Settings ipv4;
    friend bool operator==(const NewLink&, const NewLink&) = default;
};

/// Lifetimes of addresses are whole seconds; this one never ends.
inline constexpr std::uint32_t kForever = std::numeric_limits<std::uint32_t>::max();

/// One address of an interface as rtnetlink shows it (RTM_NEWADDR).
struct InterfaceAddress {
    std::uint32_t interface_index = 0;
    core::Address address;  // IFA_LOCAL, else IFA_ADDRESS
    std::uint8_t prefix_length = 0;
    std::optional<core::Address> peer;       // IFA_ADDRESS where it differs from IFA_LOCAL
    std::optional<core::Address> broadcast;  // IPv4
    std::string label;                       // IPv4; empty: the interface's name
    std::uint8_t scope = 0;                  // RT_SCOPE_*
    std::uint32_t flags = 0;                 // IFA_F_*
    std::uint8_t protocol = 0;               // IFA_PROTO, 0 where the kernel has none
    std::uint32_t preferred_lifetime = kForever;
    std::uint32_t valid_lifetime = kForever;

    [[nodiscard]] bool is_tentative() const;
    [[nodiscard]] bool is_duplicate() const;  // IFA_F_DADFAILED
    [[nodiscard]] bool is_secondary() const;  // IPv4 only
    /// Told by flag: of an IPv4 address without end the kernel shows no preferred lifetime.
    [[nodiscard]] bool is_deprecated() const;
    friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

/// What tells two addresses of one host apart for the kernel: an interface has an IPv6 address
/// once, an IPv4 address once for each prefix length and network. Made by key_of().
struct AddressKey {
    std::uint32_t interface_index = 0;
    core::Address address;
    std::uint8_t prefix_length = 0;  // 0 for IPv6, where it does not count
    core::Address network;           // IPv4: of the peer, else of the address itself
    friend auto operator<=>(const AddressKey&, const AddressKey&) = default;
};
[[nodiscard]] AddressKey key_of(const InterfaceAddress& address);

/// The address with all bits after `prefix_length` cleared.
[[nodiscard]] core::Address network_of(const core::Address& address, unsigned prefix_length);

}  // namespace holdfast::netlink
