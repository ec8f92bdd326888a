#include "ipvsd/codec.hpp"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>

namespace holdfast::ipvsd {
namespace {

using netlink::Attributes;
using netlink::Message;

static_assert(kSchedulerFlag1 == IP_VS_SVC_F_SCHED1);
static_assert(kSchedulerFlag2 == IP_VS_SVC_F_SCHED2);
static_assert(kSchedulerFlag3 == IP_VS_SVC_F_SCHED3);
static_assert(static_cast<int>(ForwardingMethod::tunnel) == IP_VS_CONN_F_TUNNEL);
static_assert(static_cast<int>(ForwardingMethod::direct_routing) == IP_VS_CONN_F_DROUTE);

constexpr std::uint32_t kSchedulerFlags = kSchedulerFlag1 | kSchedulerFlag2 | kSchedulerFlag3;
/// All flags that a service of ours decides about.
constexpr std::uint32_t kFlagsMask =
    IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET | kSchedulerFlags;
constexpr std::uint32_t kSingleIpv4Client = 0xffffffff;
constexpr std::uint32_t kSingleIpv6Client = 128;

Message command(std::uint16_t family, std::uint8_t command, int more_flags = 0) {
    Message message(family, static_cast<std::uint16_t>(NLM_F_REQUEST | more_flags));
    message.header(genlmsghdr{.cmd = command, .version = IPVS_GENL_VERSION, .reserved = 0});
    return message;
}

/// union nf_inet_addr: always 16 octets, an IPv4 address in the first four.
void put_address(Message& message, int type, const core::Address& address) {
    std::array<std::byte, 16> octets{};
    const auto from = address.bytes();
    std::copy(from.begin(), from.end(), octets.begin());
    message.put_bytes(type, octets);
}

std::optional<core::Address> get_address(const Attributes& attributes, int type,
                                         core::Family family) {
    const auto octets = attributes.bytes(type);
    if (octets.size() < core::octets_of(family)) return std::nullopt;
    return core::Address::from_bytes(octets.first(core::octets_of(family)));
}

std::optional<core::Family> family_from(int number) {
    if (number == AF_INET) return core::Family::ipv4;
    if (number == AF_INET6) return core::Family::ipv6;
    return std::nullopt;
}

void put_key(Message& message, const ServiceKey& key) {
    message.put(IPVS_SVC_ATTR_AF, static_cast<std::uint16_t>(core::to_af(key.family)));
    if (key.firewall_mark != 0) {
        message.put(IPVS_SVC_ATTR_FWMARK, key.firewall_mark);
        return;
    }
    message.put(IPVS_SVC_ATTR_PROTOCOL, static_cast<std::uint16_t>(key.protocol));
    put_address(message, IPVS_SVC_ATTR_ADDR, key.endpoint.address);
    message.put(IPVS_SVC_ATTR_PORT, htons(key.endpoint.port));
}

/// IPv4: the mask in network order. IPv6: the prefix length, as a plain number.
std::uint32_t netmask_on_wire(core::Family family, std::uint32_t netmask) {
    return family == core::Family::ipv4 ? htonl(netmask) : netmask;
}

std::uint32_t flags_of(const Service& service) {
    std::uint32_t flags = service.scheduler_flags & kSchedulerFlags;
    if (service.persistence) flags |= IP_VS_SVC_F_PERSISTENT;
    if (service.one_packet) flags |= IP_VS_SVC_F_ONEPACKET;
    return flags;
}

void put_service_key(Message& message, const ServiceKey& key) {
    message.begin_nested(IPVS_CMD_ATTR_SERVICE);
    put_key(message, key);
    message.end_nested();
}

void put_service(Message& message, const Service& service) {
    const core::Family family = service.key.family;
    const Persistence none{
        .timeout = std::chrono::seconds(0),
        .netmask = family == core::Family::ipv4 ? kSingleIpv4Client : kSingleIpv6Client,
        .engine = {}};
    const Persistence persistence = service.persistence.value_or(none);
    message.begin_nested(IPVS_CMD_ATTR_SERVICE);
    put_key(message, service.key);
    message.put_text(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler);
    message.put(IPVS_SVC_ATTR_FLAGS, ip_vs_flags{.flags = flags_of(service), .mask = kFlagsMask});
    message.put(IPVS_SVC_ATTR_TIMEOUT, static_cast<std::uint32_t>(persistence.timeout.count()));
    message.put(IPVS_SVC_ATTR_NETMASK, netmask_on_wire(family, persistence.netmask));
    if (!persistence.engine.empty()) message.put_text(IPVS_SVC_ATTR_PE_NAME, persistence.engine);
    message.end_nested();
}

void put_endpoint(Message& message, const core::Endpoint& endpoint) {
    put_address(message, IPVS_DEST_ATTR_ADDR, endpoint.address);
    message.put(IPVS_DEST_ATTR_PORT, htons(endpoint.port));
    message.put(IPVS_DEST_ATTR_ADDR_FAMILY,
                static_cast<std::uint16_t>(core::to_af(endpoint.address.family())));
}

void put_destination(Message& message, const Destination& destination) {
    message.begin_nested(IPVS_CMD_ATTR_DEST);
    put_endpoint(message, destination.endpoint);
    message.put(IPVS_DEST_ATTR_FWD_METHOD, static_cast<std::uint32_t>(destination.forwarding));
    message.put(IPVS_DEST_ATTR_WEIGHT, destination.weight);
    message.put(IPVS_DEST_ATTR_U_THRESH, destination.upper_threshold);
    message.put(IPVS_DEST_ATTR_L_THRESH, destination.lower_threshold);
    if (destination.forwarding == ForwardingMethod::tunnel) {
        message.put(IPVS_DEST_ATTR_TUN_TYPE, static_cast<std::uint8_t>(destination.tunnel.type));
        message.put(IPVS_DEST_ATTR_TUN_PORT, htons(destination.tunnel.port));
        message.put(IPVS_DEST_ATTR_TUN_FLAGS, destination.tunnel.flags);
    }
    message.end_nested();
}

Message destination_command(std::uint16_t family, std::uint8_t number, const ServiceKey& service,
                            const Destination& destination) {
    Message message = command(family, number);
    put_service_key(message, service);
    put_destination(message, destination);
    return message;
}

Message service_command(std::uint16_t family, std::uint8_t number, const Service& service) {
    Message message = command(family, number);
    put_service(message, service);
    return message;
}

/// One overload for each kind of change.
struct Encoder {
    std::uint16_t family;

    Message operator()(const AddAddress& change) const {
        return netlink::encode(netlink::AddressVerb::add, change.address);
    }
    Message operator()(const ReplaceAddress& change) const {
        return netlink::encode(netlink::AddressVerb::replace, change.address);
    }
    Message operator()(const RemoveAddress& change) const {
        return netlink::encode(netlink::AddressVerb::remove, change.address);
    }
    Message operator()(const AddRoute& change) const {
        return netlink::encode_add(change.route, change.placement);
    }
    Message operator()(const RemoveRoute& change) const {
        return netlink::encode_remove(change.route);
    }
    Message operator()(const AddRule& change) const { return netlink::encode_add(change.rule); }
    Message operator()(const RemoveRule& change) const {
        return netlink::encode_remove(change.rule);
    }
    Message operator()(const AddService& change) const {
        return service_command(family, IPVS_CMD_NEW_SERVICE, change.service);
    }
    Message operator()(const EditService& change) const {
        return service_command(family, IPVS_CMD_SET_SERVICE, change.service);
    }
    Message operator()(const RemoveService& change) const {
        Message message = command(family, IPVS_CMD_DEL_SERVICE);
        put_service_key(message, change.key);
        return message;
    }
    Message operator()(const AddDestination& change) const {
        return destination_command(family, IPVS_CMD_NEW_DEST, change.service, change.destination);
    }
    Message operator()(const EditDestination& change) const {
        return destination_command(family, IPVS_CMD_SET_DEST, change.service, change.destination);
    }
    Message operator()(const RemoveDestination& change) const {
        Message message = command(family, IPVS_CMD_DEL_DEST);
        put_service_key(message, change.service);
        message.begin_nested(IPVS_CMD_ATTR_DEST);
        put_endpoint(message, change.endpoint);
        message.end_nested();
        return message;
    }
    Message operator()(const SetTimeouts& change) const {
        Message message = command(family, IPVS_CMD_SET_CONFIG);
        put_timeout(message, IPVS_CMD_ATTR_TIMEOUT_TCP, change.timeouts.tcp);
        put_timeout(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, change.timeouts.tcp_fin);
        put_timeout(message, IPVS_CMD_ATTR_TIMEOUT_UDP, change.timeouts.udp);
        return message;
    }

    /// What is not sent stays as it is.
    static void put_timeout(Message& message, int type, std::chrono::seconds timeout) {
        if (timeout.count() != 0) message.put(type, static_cast<std::uint32_t>(timeout.count()));
    }
};

/// A counter of either width: STATS has most in 32 bits, STATS64 all in 64.
std::uint64_t counter(const Attributes& stats, int type) {
    if (const auto wide = stats.number<std::uint64_t>(type)) return *wide;
    return stats.number_or<std::uint32_t>(type, 0);
}

Counters get_counters(const Attributes& entry, int wide_type, int narrow_type) {
    const Attributes stats = entry.nested(entry.has(wide_type) ? wide_type : narrow_type);
    return {.connections = counter(stats, IPVS_STATS_ATTR_CONNS),
            .packets_in = counter(stats, IPVS_STATS_ATTR_INPKTS),
            .packets_out = counter(stats, IPVS_STATS_ATTR_OUTPKTS),
            .bytes_in = counter(stats, IPVS_STATS_ATTR_INBYTES),
            .bytes_out = counter(stats, IPVS_STATS_ATTR_OUTBYTES),
            .connection_rate = counter(stats, IPVS_STATS_ATTR_CPS),
            .packet_rate_in = counter(stats, IPVS_STATS_ATTR_INPPS),
            .packet_rate_out = counter(stats, IPVS_STATS_ATTR_OUTPPS),
            .byte_rate_in = counter(stats, IPVS_STATS_ATTR_INBPS),
            .byte_rate_out = counter(stats, IPVS_STATS_ATTR_OUTBPS)};
}

std::optional<ServiceKey> get_key(const Attributes& attributes) {
    const auto family = family_from(attributes.number_or<std::uint16_t>(IPVS_SVC_ATTR_AF, 0));
    if (!family) return std::nullopt;
    const auto mark = attributes.number_or<std::uint32_t>(IPVS_SVC_ATTR_FWMARK, 0);
    if (mark != 0) return ServiceKey::marked(*family, mark);
    const auto protocol = attributes.number<std::uint16_t>(IPVS_SVC_ATTR_PROTOCOL);
    const auto address = get_address(attributes, IPVS_SVC_ATTR_ADDR, *family);
    const auto port = attributes.number<std::uint16_t>(IPVS_SVC_ATTR_PORT);
    if (!protocol || *protocol > 0xff || !address || !port) return std::nullopt;
    return ServiceKey::at(static_cast<Protocol>(*protocol), {*address, ntohs(*port)});
}

std::optional<Attributes> entry_of(const netlink::Reply& reply, int type) {
    const Attributes attributes = reply.attributes_after(sizeof(genlmsghdr));
    if (!attributes.has(type)) return std::nullopt;
    return attributes.nested(type);
}

Persistence get_persistence(const Attributes& entry, core::Family family) {
    Persistence persistence;
    persistence.timeout =
        std::chrono::seconds(entry.number_or<std::uint32_t>(IPVS_SVC_ATTR_TIMEOUT, 0));
    persistence.netmask =
        netmask_on_wire(family, entry.number_or<std::uint32_t>(IPVS_SVC_ATTR_NETMASK, 0));
    persistence.engine = entry.text(IPVS_SVC_ATTR_PE_NAME);
    return persistence;
}

}  // namespace

netlink::Message encode(const Change& change, std::uint16_t ipvs_family) {
    return std::visit(Encoder{ipvs_family}, change);
}

namespace {

// Whoever adds a kind of change says here whose it is.
struct GoesToIpvs {
    bool operator()(const AddAddress&) const { return false; }
    bool operator()(const ReplaceAddress&) const { return false; }
    bool operator()(const RemoveAddress&) const { return false; }
    bool operator()(const AddRoute&) const { return false; }
    bool operator()(const RemoveRoute&) const { return false; }
    bool operator()(const AddRule&) const { return false; }
    bool operator()(const RemoveRule&) const { return false; }
    bool operator()(const AddService&) const { return true; }
    bool operator()(const EditService&) const { return true; }
    bool operator()(const RemoveService&) const { return true; }
    bool operator()(const AddDestination&) const { return true; }
    bool operator()(const EditDestination&) const { return true; }
    bool operator()(const RemoveDestination&) const { return true; }
    bool operator()(const SetTimeouts&) const { return true; }
};

}  // namespace

bool concerns_ipvs(const Change& change) {
    return std::visit(GoesToIpvs{}, change);
}

netlink::Message encode_services_dump(std::uint16_t ipvs_family) {
    return command(ipvs_family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
}

netlink::Message encode_destinations_dump(std::uint16_t ipvs_family, const ServiceKey& service) {
    Message message = command(ipvs_family, IPVS_CMD_GET_DEST, NLM_F_DUMP);
    put_service_key(message, service);
    return message;
}

netlink::Message encode_timeouts_request(std::uint16_t ipvs_family) {
    return command(ipvs_family, IPVS_CMD_GET_CONFIG, NLM_F_ACK);
}

std::optional<ServiceEntry> decode_service(const netlink::Reply& reply) {
    const auto entry = entry_of(reply, IPVS_CMD_ATTR_SERVICE);
    if (!entry) return std::nullopt;
    const auto key = get_key(*entry);
    const auto flags = entry->record<ip_vs_flags>(IPVS_SVC_ATTR_FLAGS);
    if (!key || !flags) return std::nullopt;
    ServiceEntry found;
    found.service.key = *key;
    found.service.scheduler = entry->text(IPVS_SVC_ATTR_SCHED_NAME);
    found.service.one_packet = (flags->flags & IP_VS_SVC_F_ONEPACKET) != 0;
    found.service.scheduler_flags = flags->flags & kSchedulerFlags;
    if ((flags->flags & IP_VS_SVC_F_PERSISTENT) != 0) {
        found.service.persistence = get_persistence(*entry, key->family);
    }
    found.counters = get_counters(*entry, IPVS_SVC_ATTR_STATS64, IPVS_SVC_ATTR_STATS);
    return found;
}

std::optional<DestinationEntry> decode_destination(const netlink::Reply& reply,
                                                   core::Family service_family) {
    const auto entry = entry_of(reply, IPVS_CMD_ATTR_DEST);
    if (!entry) return std::nullopt;
    const auto family = family_from(entry->number_or<std::uint16_t>(
        IPVS_DEST_ATTR_ADDR_FAMILY, static_cast<std::uint16_t>(core::to_af(service_family))));
    if (!family) return std::nullopt;
    const auto address = get_address(*entry, IPVS_DEST_ATTR_ADDR, *family);
    const auto port = entry->number<std::uint16_t>(IPVS_DEST_ATTR_PORT);
    const auto method = entry->number<std::uint32_t>(IPVS_DEST_ATTR_FWD_METHOD);
    if (!address || !port || !method) return std::nullopt;

    DestinationEntry found;
    Destination& destination = found.destination;
    destination.endpoint = {*address, ntohs(*port)};
    destination.forwarding = static_cast<ForwardingMethod>(*method & IP_VS_CONN_F_FWD_MASK);
    destination.weight = entry->number_or<std::uint32_t>(IPVS_DEST_ATTR_WEIGHT, 0);
    destination.upper_threshold = entry->number_or<std::uint32_t>(IPVS_DEST_ATTR_U_THRESH, 0);
    destination.lower_threshold = entry->number_or<std::uint32_t>(IPVS_DEST_ATTR_L_THRESH, 0);
    if (destination.forwarding == ForwardingMethod::tunnel) {
        destination.tunnel.type =
            static_cast<TunnelType>(entry->number_or<std::uint8_t>(IPVS_DEST_ATTR_TUN_TYPE, 0));
        destination.tunnel.port =
            ntohs(entry->number_or<std::uint16_t>(IPVS_DEST_ATTR_TUN_PORT, 0));
        destination.tunnel.flags = entry->number_or<std::uint16_t>(IPVS_DEST_ATTR_TUN_FLAGS, 0);
    }
    found.active_connections = entry->number_or<std::uint32_t>(IPVS_DEST_ATTR_ACTIVE_CONNS, 0);
    found.inactive_connections = entry->number_or<std::uint32_t>(IPVS_DEST_ATTR_INACT_CONNS, 0);
    found.persistent_connections = entry->number_or<std::uint32_t>(IPVS_DEST_ATTR_PERSIST_CONNS, 0);
    found.counters = get_counters(*entry, IPVS_DEST_ATTR_STATS64, IPVS_DEST_ATTR_STATS);
    return found;
}

std::optional<Timeouts> decode_timeouts(const netlink::Reply& reply) {
    const Attributes attributes = reply.attributes_after(sizeof(genlmsghdr));
    const auto tcp = attributes.number<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_TCP);
    const auto tcp_fin = attributes.number<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN);
    const auto udp = attributes.number<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_UDP);
    if (!tcp || !tcp_fin || !udp) return std::nullopt;
    return Timeouts{.tcp = std::chrono::seconds(*tcp),
                    .tcp_fin = std::chrono::seconds(*tcp_fin),
                    .udp = std::chrono::seconds(*udp)};
}

}  // namespace holdfast::ipvsd
