#include "lib/netlink/path_head.hpp"

namespace holdfast::netlink {
namespace {

constexpr std::uint32_t kOneOctetTables = 256;

}  // namespace

std::string to_text(const Prefix& prefix) {
    if (prefix.length == 0) return "default";
    return prefix.address.text() + "/" + std::to_string(prefix.length);
}

void put_prefix(Message& message, int type, const Prefix& prefix) {
    if (prefix.length != 0) message.put_address(type, prefix.address);
}

std::optional<Prefix> get_prefix(const Attributes& attributes, int type, core::Family family,
                                 std::uint8_t length) {
    if (length > core::octets_of(family) * 8) return std::nullopt;
    Prefix prefix{
        .address = family == core::Family::ipv4 ? core::Address() : core::Address::from(in6_addr{}),
        .length = length};
    if (length == 0) return prefix;
    const auto address = attributes.address(type);
    if (!address || address->family() != family) return std::nullopt;
    prefix.address = *address;
    return prefix;
}

std::uint8_t octet_of_table(std::uint32_t table) {
    return static_cast<std::uint8_t>(table < kOneOctetTables ? table : 0);
}

void put_table(Message& message, int type, std::uint32_t table) {
    if (table >= kOneOctetTables) message.put(type, table);
}

}  // namespace holdfast::netlink
