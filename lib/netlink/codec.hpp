#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lib/netlink/message.hpp"
#include "lib/netlink/values.hpp"

/// Pure: bytes of netlink datagrams to values and back.
namespace holdfast::netlink {

/// One message of a datagram, its header checked against the datagram's length.
struct Reply {
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t sequence = 0;
    std::uint32_t port = 0;  // nlmsg_pid: of an event, whose request caused it
    std::span<const std::byte> payload;

    /// What stands behind a fixed header of `header_size` octets, as attributes.
    [[nodiscard]] Attributes attributes_after(std::size_t header_size) const;
};

/// The messages of one datagram; a length that leaves the datagram ends the list. `datagram` must
/// begin at a multiple of 4 and outlive the replies.
[[nodiscard]] std::vector<Reply> split(std::span<const std::byte> datagram);

/// NLMSG_ERROR: what became of the request with this sequence number; code 0 acknowledges.
struct Answer {
    std::uint32_t sequence = 0;
    int code = 0;      // errno, positive
    std::string text;  // the kernel's own words (NLMSGERR_ATTR_MSG), often empty
};
/// NLMSG_DONE: a dump is complete.
struct DumpDone {
    std::uint32_t sequence = 0;
    int code = 0;  // errno, positive; 0: complete
};
/// RTM_NEWLINK
struct LinkSeen {
    Link link;
};
/// RTM_DELLINK
struct LinkGone {
    std::uint32_t index = 0;
};
/// RTM_NEWADDR
struct AddressSeen {
    InterfaceAddress address;
};
/// RTM_DELADDR
struct AddressGone {
    InterfaceAddress address;
};
using Event = std::variant<Answer, DumpDone, LinkSeen, LinkGone, AddressSeen, AddressGone>;

/// Nothing for kinds of messages that we do not use, and for malformed ones.
[[nodiscard]] std::optional<Event> decode(const Reply& reply);
/// Everything that a datagram of a NETLINK_ROUTE socket says. Any bytes are allowed: this is what
/// the fuzzer calls.
[[nodiscard]] std::vector<Event> decode(std::span<const std::byte> datagram);

[[nodiscard]] std::optional<InterfaceAddress> decode_address(const Reply& reply);
[[nodiscard]] std::optional<Link> decode_link(const Reply& reply);

enum class AddressVerb : std::uint8_t { add, replace, remove };
/// RTM_NEWADDR or RTM_DELADDR. Of the flags those are sent that a request may set (IFA_F_NODAD,
/// _NOPREFIXROUTE, _MANAGETEMPADDR, _HOMEADDRESS, _OPTIMISTIC, _MCAUTOJOIN). IFA_PROTO is sent if
/// not 0: kernels without it ignore it.
[[nodiscard]] Message encode(AddressVerb verb, const InterfaceAddress& address);

/// A request without address on an interface that cannot exist, whose attribute `type` has no
/// octet. A kernel that knows the attribute refuses it for its length; one that does not passes
/// over it and refuses the rest. It can change nothing.
[[nodiscard]] Message encode_attribute_probe(int type = 11 /* IFA_PROTO */);
/// Reads the errno of the answer to the probe.
[[nodiscard]] constexpr bool means_known_attribute(int code) {
    return code == ERANGE;
}

/// Requests for all interfaces and for all addresses of both families.
[[nodiscard]] Message encode_link_dump();
[[nodiscard]] Message encode_address_dump();

/// RTM_NEWNETCONF of IPv6: whether an interface forwards, which makes this host a router on it.
struct Ipv6Forwarding {
    std::uint32_t interface_index = 0;
    bool forwards = false;
};
[[nodiscard]] Message encode_ipv6_forwarding_dump();
/// Nothing for the entries that stand for all and for future interfaces.
[[nodiscard]] std::optional<Ipv6Forwarding> decode_ipv6_forwarding(const Reply& reply);

/// A generic netlink family and what we need to know of it.
struct GenericFamily {
    std::uint16_t id = 0;
    std::string name;
    std::vector<std::pair<std::string, std::uint32_t>> groups;
};
/// CTRL_CMD_GETFAMILY by name. The kernel loads the module that provides the family, where it can.
[[nodiscard]] Message encode_family_request(std::string_view name);

/// What nlctrl says: CTRL_CMD_NEWFAMILY (also the answer to a request) or CTRL_CMD_DELFAMILY.
struct FamilyNews {
    GenericFamily family;
    bool present = false;
};
[[nodiscard]] std::optional<FamilyNews> decode_family(const Reply& reply);

}  // namespace holdfast::netlink
