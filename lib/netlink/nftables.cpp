#include "lib/netlink/nftables.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace holdfast::netlink::nftables {
namespace {

constexpr std::uint16_t kAdd = NLM_F_REQUEST | NLM_F_CREATE;
constexpr std::uint32_t kBitsOfType = 6;     // of one part in the number of a joined type
constexpr std::size_t kElementsAtOnce = 24;  // of 36 octets with their headers, within kRoom
constexpr std::size_t kNameOfInterface = 16;

Message message_of(int what, std::uint16_t flags) {
    Message message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | what), flags);
    message.header(nfgenmsg{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0});
    return message;
}

Message bracket(std::uint16_t type) {
    Message message(type, NLM_F_REQUEST);
    message.header(nfgenmsg{
        .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)});
    return message;
}

/// Numbers are in network order here.
void put_number(Message& message, int type, std::uint32_t value) {
    message.put(type, htonl(value));
}

std::size_t length_of(KeyPart part) {
    return part == KeyPart::ipv4_address ? 4 : 16;
}

std::vector<Message> elements(int what, std::uint16_t flags, std::string_view table,
                              std::string_view set, std::span<const Element> all) {
    std::vector<Message> messages;
    while (!all.empty()) {
        const auto some = all.first(std::min(all.size(), kElementsAtOnce));
        all = all.subspan(some.size());
        Message message = message_of(what, flags);
        message.put_text(NFTA_SET_ELEM_LIST_TABLE, table);
        message.put_text(NFTA_SET_ELEM_LIST_SET, set);
        message.begin_nested(NFTA_SET_ELEM_LIST_ELEMENTS);
        for (const Element& each : some) {
            message.begin_nested(NFTA_LIST_ELEM);
            message.begin_nested(NFTA_SET_ELEM_KEY);
            message.put_bytes(NFTA_DATA_VALUE, each);
            message.end_nested();
            message.end_nested();
        }
        message.end_nested();
        messages.push_back(std::move(message));
    }
    return messages;
}

}  // namespace

Message begin_batch() {
    return bracket(NFNL_MSG_BATCH_BEGIN);
}
Message end_batch() {
    return bracket(NFNL_MSG_BATCH_END);
}

Message add_table(std::string_view table) {
    Message message = message_of(NFT_MSG_NEWTABLE, kAdd);
    message.put_text(NFTA_TABLE_NAME, table);
    put_number(message, NFTA_TABLE_FLAGS, 0);
    return message;
}

Message remove_table(std::string_view table) {
    Message message = message_of(NFT_MSG_DELTABLE, NLM_F_REQUEST);
    message.put_text(NFTA_TABLE_NAME, table);
    return message;
}

Message add_chain(std::string_view table, std::string_view chain, Hook hook,
                  std::int32_t priority) {
    Message message = message_of(NFT_MSG_NEWCHAIN, kAdd);
    message.put_text(NFTA_CHAIN_TABLE, table);
    message.put_text(NFTA_CHAIN_NAME, chain);
    message.put_text(NFTA_CHAIN_TYPE, "filter");
    put_number(message, NFTA_CHAIN_POLICY, NF_ACCEPT);
    message.begin_nested(NFTA_CHAIN_HOOK);
    put_number(message, NFTA_HOOK_HOOKNUM, static_cast<std::uint32_t>(hook));
    put_number(message, NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(priority));
    message.end_nested();
    return message;
}

Message add_set(std::string_view table, std::string_view set, std::uint32_t number,
                std::span<const KeyPart> key) {
    std::uint32_t type = 0;
    std::uint32_t length = 0;
    for (const KeyPart part : key) {
        type = type << kBitsOfType | static_cast<std::uint32_t>(part);
        length += static_cast<std::uint32_t>(length_of(part));
    }
    Message message = message_of(NFT_MSG_NEWSET, kAdd);
    message.put_text(NFTA_SET_TABLE, table);
    message.put_text(NFTA_SET_NAME, set);
    put_number(message, NFTA_SET_FLAGS, 0);
    put_number(message, NFTA_SET_KEY_TYPE, type);
    put_number(message, NFTA_SET_KEY_LEN, length);
    put_number(message, NFTA_SET_ID, number);
    // For nft's listing: an attribute of its own inside, type 0 (byte order of the key), length 4,
    // and 1 for the host's order, 2 for the network's. Joined keys have none.
    if (key.size() == 1) {
        const std::uint32_t order = key.front() == KeyPart::interface_name ? 1 : 2;
        std::array<std::byte, 6> user{std::byte{0}, std::byte{4}};
        std::memcpy(user.data() + 2, &order, sizeof order);
        message.put_bytes(NFTA_SET_USERDATA, user);
    }
    return message;
}

Element element_of(const core::Address& address) {
    const auto octets = address.bytes();
    return {octets.begin(), octets.end()};
}

Element element_of(std::string_view interface) {
    Element element(kNameOfInterface);
    const auto octets = std::as_bytes(std::span(interface));
    std::copy_n(octets.begin(), std::min(octets.size(), kNameOfInterface - 1), element.begin());
    return element;
}

Element element_of(const core::Address& address, std::string_view interface) {
    Element element = element_of(address);
    const Element name = element_of(interface);
    element.insert(element.end(), name.begin(), name.end());
    return element;
}

std::vector<Message> add_elements(std::string_view table, std::string_view set,
                                  std::span<const Element> all) {
    return elements(NFT_MSG_NEWSETELEM, kAdd, table, set, all);
}
std::vector<Message> remove_elements(std::string_view table, std::string_view set,
                                     std::span<const Element> all) {
    return elements(NFT_MSG_DELSETELEM, NLM_F_REQUEST, table, set, all);
}

// ---- Rules ----------------------------------------------------------------------------------

Rule::Rule(std::string_view table, std::string_view chain)
    : message_(message_of(NFT_MSG_NEWRULE, kAdd | NLM_F_APPEND)) {
    message_.put_text(NFTA_RULE_TABLE, table);
    message_.put_text(NFTA_RULE_CHAIN, chain);
    message_.begin_nested(NFTA_RULE_EXPRESSIONS);
}

void Rule::begin(std::string_view expression) {
    message_.begin_nested(NFTA_LIST_ELEM);
    message_.put_text(NFTA_EXPR_NAME, expression);
    message_.begin_nested(NFTA_EXPR_DATA);
}
void Rule::end() {
    message_.end_nested();
    message_.end_nested();
}

void Rule::load(std::uint32_t key, std::uint32_t where) {
    begin("meta");
    put_number(message_, NFTA_META_KEY, key);
    put_number(message_, NFTA_META_DREG, where);
    end();
}

void Rule::load_destination(core::Family family) {
    const bool ipv6 = family == core::Family::ipv6;
    begin("payload");
    put_number(message_, NFTA_PAYLOAD_DREG, NFT_REG_1);
    put_number(message_, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    put_number(message_, NFTA_PAYLOAD_OFFSET, ipv6 ? 24 : 16);
    put_number(message_, NFTA_PAYLOAD_LEN, ipv6 ? 16 : 4);
    end();
}

void Rule::compare(bool equal, std::span<const std::byte> value) {
    begin("cmp");
    put_number(message_, NFTA_CMP_SREG, NFT_REG_1);
    put_number(message_, NFTA_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
    message_.begin_nested(NFTA_CMP_DATA);
    message_.put_bytes(NFTA_DATA_VALUE, value);
    message_.end_nested();
    end();
}

void Rule::look_up(std::string_view set) {
    begin("lookup");
    message_.put_text(NFTA_LOOKUP_SET, set);
    put_number(message_, NFTA_LOOKUP_SREG, NFT_REG_1);
    end();
}

void Rule::verdict(std::uint32_t code) {
    begin("immediate");
    put_number(message_, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    message_.begin_nested(NFTA_IMMEDIATE_DATA);
    message_.begin_nested(NFTA_DATA_VERDICT);
    put_number(message_, NFTA_VERDICT_CODE, code);
    message_.end_nested();
    message_.end_nested();
    end();
}

Rule& Rule::interface_in(std::string_view set) {
    load(NFT_META_IIFNAME, NFT_REG_1);
    look_up(set);
    return *this;
}
Rule& Rule::interface_out(std::string_view set) {
    load(NFT_META_OIFNAME, NFT_REG_1);
    look_up(set);
    return *this;
}
Rule& Rule::family_is(core::Family family) {
    load(NFT_META_NFPROTO, NFT_REG_1);
    const auto number = static_cast<std::uint8_t>(core::to_af(family));  // NFPROTO_* are the same
    compare(true, octets_of(number));
    return *this;
}
Rule& Rule::protocol_is(std::uint8_t protocol) {
    load(NFT_META_L4PROTO, NFT_REG_1);
    compare(true, octets_of(protocol));
    return *this;
}
Rule& Rule::protocol_is_not(std::uint8_t protocol) {
    load(NFT_META_L4PROTO, NFT_REG_1);
    compare(false, octets_of(protocol));
    return *this;
}
Rule& Rule::icmp_type_is(std::uint8_t type) {
    begin("payload");
    put_number(message_, NFTA_PAYLOAD_DREG, NFT_REG_1);
    put_number(message_, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    put_number(message_, NFTA_PAYLOAD_OFFSET, 0);
    put_number(message_, NFTA_PAYLOAD_LEN, 1);
    end();
    compare(true, octets_of(type));
    return *this;
}
Rule& Rule::destination_in(core::Family family, std::string_view set) {
    load_destination(family);
    look_up(set);
    return *this;
}
Rule& Rule::destination_and_interface_in(std::string_view set) {
    load_destination(core::Family::ipv6);
    load(NFT_META_IIFNAME, NFT_REG_2);  // right behind the first register's sixteen octets
    look_up(set);
    return *this;
}
Rule& Rule::count() {
    begin("counter");
    end();
    return *this;
}
Rule& Rule::accept() {
    verdict(NF_ACCEPT);
    return *this;
}
Rule& Rule::drop() {
    verdict(NF_DROP);
    return *this;
}
Message Rule::take() {
    message_.end_nested();
    return std::move(message_);
}

// ---- News -----------------------------------------------------------------------------------

std::optional<News> decode_news(const Reply& reply) {
    if (reply.type >> 8U != NFNL_SUBSYS_NFTABLES) return std::nullopt;
    if (reply.payload.size() < sizeof(nfgenmsg)) return std::nullopt;
    nfgenmsg head{};
    std::memcpy(&head, reply.payload.data(), sizeof head);
    if (head.nfgen_family != NFPROTO_INET) return std::nullopt;
    // Attribute 1 of each of these is the table's name.
    static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
                  NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);
    News news{.port = reply.port};
    switch (reply.type & 0xffU) {
        case NFT_MSG_DELTABLE:
        case NFT_MSG_DELCHAIN:
        case NFT_MSG_DELRULE:
        case NFT_MSG_DELSET:
        case NFT_MSG_DELSETELEM:
            news.removed = true;
            break;
        case NFT_MSG_NEWTABLE:
        case NFT_MSG_NEWCHAIN:
        case NFT_MSG_NEWRULE:
        case NFT_MSG_NEWSET:
        case NFT_MSG_NEWSETELEM:
            break;
        default:
            return std::nullopt;
    }
    news.table = reply.attributes_after(sizeof head).text(NFTA_TABLE_NAME);
    if (news.table.empty()) return std::nullopt;
    return news;
}

}  // namespace holdfast::netlink::nftables
