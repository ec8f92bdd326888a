#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/netlink/codec.hpp"
#include "lib/netlink/interface_table.hpp"
#include "lib/netlink/link_codec.hpp"
#include "lib/netlink/nftables.hpp"

/// What Monitor does with a datagram of a NETLINK_ROUTE socket, FamilyWatch with one of
/// NETLINK_GENERIC, and ipvsd with a dump of links and with news of nftables.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holdfast::netlink;
    const auto datagram = std::as_bytes(std::span(data, size));
    InterfaceTable table;
    table.put(Link{.index = 1, .name = "lo"});
    for (const Event& event : decode(datagram)) {
        if (const auto* link = std::get_if<LinkSeen>(&event)) table.put(link->link);
        if (const auto* gone = std::get_if<LinkGone>(&event)) table.remove_link(gone->index);
        if (const auto* seen = std::get_if<AddressSeen>(&event)) table.put(seen->address);
        if (const auto* gone = std::get_if<AddressGone>(&event))
            table.remove(key_of(gone->address));
    }
    for (const Reply& reply : split(datagram)) {
        static_cast<void>(decode_family(reply));
        static_cast<void>(decode_link_details(reply));
        static_cast<void>(nftables::decode_news(reply));
    }
    return 0;
}
