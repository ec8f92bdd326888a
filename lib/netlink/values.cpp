#include "lib/netlink/values.hpp"

#include <fmt/format.h>
#include <linux/if_addr.h>

#include <algorithm>

namespace holdfast::netlink {
std::optional<HardwareAddress> HardwareAddress::from_bytes(std::span<const std::byte> octets) {
    HardwareAddress address;
    if (octets.size() > address.octets_.size()) return std::nullopt;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    address.length_ = static_cast<std::uint8_t>(octets.size());
    return address;
}

std::string HardwareAddress::text() const {
    std::string text;
    for (const std::byte octet : bytes()) {
        if (!text.empty()) text += ':';
        text += fmt::format("{:02x}", std::to_integer<unsigned>(octet));
    }
    return text;
}

bool InterfaceAddress::is_tentative() const {
    return (flags & IFA_F_TENTATIVE) != 0;
}
bool InterfaceAddress::is_duplicate() const {
    return (flags & IFA_F_DADFAILED) != 0;
}
bool InterfaceAddress::is_secondary() const {
    return address.family() == core::Family::ipv4 && (flags & IFA_F_SECONDARY) != 0;
}
bool InterfaceAddress::is_deprecated() const {
    return preferred_lifetime == 0 || (flags & IFA_F_DEPRECATED) != 0;
}

std::string_view to_text(Ipv4Setting setting) {
    switch (setting) {
        case Ipv4Setting::proxy_arp:
            return "proxy_arp";
        case Ipv4Setting::rp_filter:
            return "rp_filter";
        case Ipv4Setting::arp_filter:
            return "arp_filter";
        case Ipv4Setting::arp_announce:
            return "arp_announce";
        case Ipv4Setting::arp_ignore:
            return "arp_ignore";
        case Ipv4Setting::promote_secondaries:
            return "promote_secondaries";
    }
    return "?";
}

AddressKey key_of(const InterfaceAddress& address) {
    AddressKey key{.interface_index = address.interface_index, .address = address.address};
    if (address.address.family() == core::Family::ipv4) {
        key.prefix_length = address.prefix_length;
        key.network = network_of(address.peer.value_or(address.address), address.prefix_length);
    }
    return key;
}

core::Address network_of(const core::Address& address, unsigned prefix_length) {
    std::array<std::byte, 16> octets{};
    const auto from = address.bytes();
    for (std::size_t i = 0; i < from.size(); ++i) {
        const unsigned before = static_cast<unsigned>(i) * 8;
        const unsigned kept = prefix_length > before ? std::min(prefix_length - before, 8U) : 0U;
        octets[i] = from[i] & static_cast<std::byte>((0xff00U >> kept) & 0xffU);
    }
    return *core::Address::from_bytes(std::span<const std::byte>(octets.data(), from.size()));
}

}  // namespace holdfast::netlink
