#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/netlink/codec.hpp"
#include "lib/netlink/message.hpp"

/// Pure: the few requests of nfnetlink's nf_tables subsystem that we need, in tables of family inet
/// (linux/netfilter/nf_tables.h). A list of them is carried out whole or not at all when it stands
/// between begin_batch() and end_batch() in one datagram (Requester::transaction).
namespace holdfast::netlink::nftables {

[[nodiscard]] Message begin_batch();
[[nodiscard]] Message end_batch();

/// A table that is there is no error.
[[nodiscard]] Message add_table(std::string_view table);
/// With everything in it. Refused with ENOENT if it is not there.
[[nodiscard]] Message remove_table(std::string_view table);

enum class Hook : std::uint8_t { prerouting = 0, input = 1, output = 3 };  // NF_INET_*

/// A base chain of type filter whose policy is to accept.
[[nodiscard]] Message add_chain(std::string_view table, std::string_view chain, Hook hook,
                                std::int32_t priority);

/// What one element of a set is; each part is padded to four octets. The numbers are those by which
/// nft names the types when it lists a set.
enum class KeyPart : std::uint8_t { ipv4_address = 7, ipv6_address = 8, interface_name = 41 };

/// `number` is the set's within the batch.
[[nodiscard]] Message add_set(std::string_view table, std::string_view set, std::uint32_t number,
                              std::span<const KeyPart> key);

using Element = std::vector<std::byte>;
[[nodiscard]] Element element_of(const core::Address& address);
/// Sixteen octets.
[[nodiscard]] Element element_of(std::string_view interface);
[[nodiscard]] Element element_of(const core::Address& address, std::string_view interface);

/// As many messages as the elements need. An element that is there is no error for add; one that is
/// not is ENOENT for remove.
[[nodiscard]] std::vector<Message> add_elements(std::string_view table, std::string_view set,
                                                std::span<const Element> elements);
[[nodiscard]] std::vector<Message> remove_elements(std::string_view table, std::string_view set,
                                                   std::span<const Element> elements);

/// One rule at the end of a chain: what it looks at, then what it does. take() ends it.
class Rule {
  public:
    Rule(std::string_view table, std::string_view chain);

    Rule& interface_in(std::string_view set);
    Rule& interface_out(std::string_view set);
    Rule& family_is(core::Family family);
    Rule& protocol_is(std::uint8_t protocol);
    Rule& protocol_is_not(std::uint8_t protocol);
    /// Of an ICMPv6 message; after protocol_is(58).
    Rule& icmp_type_is(std::uint8_t type);
    /// The packet's destination is in the set; after family_is().
    Rule& destination_in(core::Family family, std::string_view set);
    /// Destination and arriving interface together are in the set; IPv6.
    Rule& destination_and_interface_in(std::string_view set);
    Rule& count();
    Rule& accept();
    Rule& drop();
    [[nodiscard]] Message take();

  private:
    void begin(std::string_view expression);
    void end();
    void load(std::uint32_t key, std::uint32_t where);
    void load_destination(core::Family family);
    void compare(bool equal, std::span<const std::byte> value);
    void look_up(std::string_view set);
    void verdict(std::uint32_t code);
    Message message_;
};

/// What the kernel tells of changes (group NFNLGRP_NFTABLES).
struct News {
    std::string table;
    bool removed = false;    // a table, or something in it, is gone
    std::uint32_t port = 0;  // of the socket that asked for it
};
/// Nothing for messages that name no inet table.
[[nodiscard]] std::optional<News> decode_news(const Reply& reply);

}  // namespace holdfast::netlink::nftables
