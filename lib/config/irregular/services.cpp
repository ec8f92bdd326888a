// virtual_server and its settings.
#include <algorithm>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/endpoints.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"
#include "lib/config/persistence.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kDefaultPersistence = 360 * kSecond;
constexpr std::int64_t kMaxPersistence = 2'678'400;
constexpr std::size_t kLongestEngine = 15;

bool read_mark(Binder& binder, v1::ServiceKey& key, const Node& node) {
    const auto mark = read_integer(node.word(1), 0, 0xffffffffLL);
    if (!mark.value || !mark.problem.empty()) {
        binder.report().error(
            Complaint::invalid_number, "bad_value", node.place_of(1),
            fmt::format("virtual_server fwmark: {}; the block is skipped",
                        node.words.size() > 1 ? mark.problem : "a number is missing"));
        return false;
    }
    key.set_fwmark(static_cast<std::uint32_t>(*mark.value));
    return true;
}

bool read_key(Binder& binder, v1::VirtualServer& service, const Node& node) {
    if (node.word(0) == "fwmark") return read_mark(binder, *service.mutable_key(), node);
    if (node.word(0) == "group") {
        if (node.words.size() < 2) {
            // keepalived 2.2.7 and 2.4.3 crash here.
            binder.report().error(Complaint::general, "missing_name", node.place,
                                  "virtual_server group must name a group; the block is skipped");
            return false;
        }
        service.set_group(std::string(node.word(1)));
        return true;
    }
    const auto written = read_endpoint(binder, node, "the block is skipped");
    if (!written) return false;
    auto& key = *service.mutable_key();
    key.set_address(written->address.octets());
    if (written->port) key.set_port(*written->port);
    return true;
}

/// "virtual_server 192.0.2.1 80 TCP": nobody looks at the third word.
void warn_of_header(Binder& binder, const Node& node) {
    if (node.words.size() < 3 || node.word(0) == "fwmark" || node.word(0) == "group") return;
    binder.report()
        .warning(
            "surplus_words", node.place_of(2),
            fmt::format("'{}' and what follows it is ignored, as keepalived does", node.word(2)))
        .hint = "the protocol is said inside of the block: protocol TCP";
}

void parse_virtual_server(Binder& binder, Targets, Node& node) {
    v1::VirtualServer& service = binder.begin_service();
    if (!read_key(binder, service, node)) {
        binder.forget_service();
        return;
    }
    warn_of_header(binder, node);
    ObjectPlaces& places = binder.places().services.back();
    places.block = node.place;
    {
        const ObjectScope object(binder.report(), "virtual_server", node.word(0), node.word(1));
        google::protobuf::Message* const targets[] = {&service};
        binder.bind_block(targets, node, &places);
    }
    binder.end_service(service);
}

/// As far as the statements up to here tell it.
v1::AddressFamily family_so_far(const v1::VirtualServer& service) {
    const auto of = [](const std::string& octets) {
        return octets.size() == 16 ? v1::FAMILY_INET6 : v1::FAMILY_INET;
    };
    if (service.key().has_address()) return of(service.key().address());
    if (service.key().has_family()) return service.key().family();
    if (service.servers_size() > 0) return of(service.servers(0).address());
    return v1::FAMILY_UNSPECIFIED;
}

/// "inet" and "inet6": the family of a service that is known by its mark.
void parse_ip_family(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    const std::string_view word = node.word(0);
    const auto family = word == "inet"    ? v1::FAMILY_INET
                        : word == "inet6" ? v1::FAMILY_INET6
                                          : v1::FAMILY_UNSPECIFIED;
    const auto known = family_so_far(service);
    if (family == v1::FAMILY_UNSPECIFIED) {
        binder.refuse(node, fmt::format("ip_family: '{}' is unknown; it is inet or inet6", word));
    } else if (known != v1::FAMILY_UNSPECIFIED && known != family) {
        binder.refuse(node, fmt::format("ip_family {} is not the family of the addresses; "
                                        "it is ignored",
                                        word));
    } else {
        service.mutable_key()->set_family(family);
    }
}

void parse_protocol(Binder& binder, Targets targets, Node& node) {
    auto& key = *target_as<v1::VirtualServer>(targets).mutable_key();
    std::string word(node.word(0));
    std::ranges::transform(word, word.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (word == "TCP") {
        key.set_protocol(v1::TCP);
    } else if (word == "UDP") {
        key.set_protocol(v1::UDP);
    } else if (word == "SCTP") {
        key.set_protocol(v1::SCTP);
    } else {
        binder.refuse(node, fmt::format("protocol: '{}' is unknown; it is one of TCP, UDP, SCTP",
                                        node.word(0)));
    }
}

/// What stands behind the statement inherits it, what stands before a second one keeps the first.
void parse_method(Binder& binder, Targets targets, Node& node) {
    const auto forwarding = read_forwarding(binder, node);
    if (!forwarding) return;
    auto& service = target_as<v1::VirtualServer>(targets);
    int& done = binder.places().services.back().servers_with_method;
    for (; service.has_forwarding() && done < service.servers_size(); ++done) {
        v1::RealServer& server = *service.mutable_servers(done);
        if (server.has_forwarding()) continue;
        server.set_forwarding(service.forwarding());
        if (service.has_tunnel()) *server.mutable_tunnel() = service.tunnel();
    }
    set_forwarding(service, *forwarding);
}

void parse_persistence(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    if (node.words.empty()) {
        service.set_persistence_timeout_us(kDefaultPersistence);
        return;
    }
    const auto number = read_integer(node.word(0), 1, kMaxPersistence);
    if (number.value && number.problem.empty()) {
        service.set_persistence_timeout_us(static_cast<std::uint64_t>(*number.value) * kSecond);
    } else {
        binder.refuse(node, fmt::format("persistence_timeout: {}; it is ignored", number.problem),
                      Complaint::invalid_number);
    }
}

/// A mask says that the service is one of IPv4, a number that it is one of IPv6.
void parse_granularity(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    auto family = family_so_far(service);
    const bool known = family != v1::FAMILY_UNSPECIFIED;
    if (!known) {
        const bool dotted = node.word(0).find('.') != std::string_view::npos;
        family = dotted ? v1::FAMILY_INET : v1::FAMILY_INET6;
    }
    const bool ipv6 = family == v1::FAMILY_INET6;
    if (!read_granularity(node.word(0), ipv6)) {
        binder.refuse(node, fmt::format("persistence_granularity: '{}' is {}", node.word(0),
                                        ipv6 ? "no prefix length from 1 to 128" : "no mask"));
        return;
    }
    if (!known) service.mutable_key()->set_family(family);
    service.set_persistence_granularity(std::string(node.word(0)));
    if (!service.has_persistence_timeout_us()) {
        service.set_persistence_timeout_us(kDefaultPersistence);
    }
}

void parse_engine(Binder& binder, Targets targets, Node& node) {
    const std::string_view word = node.word(0);
    if (word.size() > kLongestEngine) {
        binder.refuse(node, fmt::format("persistence_engine: '{}' is longer than {} characters and "
                                        "is cut",
                                        word, kLongestEngine));
    }
    target_as<v1::VirtualServer>(targets).set_persistence_engine(
        std::string(word.substr(0, kLongestEngine)));
}

template <class Message>
void parse_snmp_name(Binder& binder, Targets targets, Node& node) {
    if (node.words.size() != 1) {
        binder.refuse(node, "snmp_name takes one word; it is ignored");
        return;
    }
    target_as<Message>(targets).set_snmp_name(std::string(node.word(0)));
}

const v1::VirtualServer& service_of(const google::protobuf::Message& block) {
    return block_as<v1::VirtualServer>(block);
}

std::vector<std::string> header_words(const v1::VirtualServer& service) {
    if (service.has_group()) return {"group", service.group()};
    const auto& key = service.key();
    if (key.has_fwmark()) return {"fwmark", std::to_string(key.fwmark())};
    std::vector<std::string> words = {address_text(key.address())};
    if (key.has_port()) words.push_back(std::to_string(key.port()));
    return words;
}

void write_virtual_servers(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& service : block_as<v1::Config>(block).virtual_servers()) {
        const google::protobuf::Message* const parts[] = {&service};
        out.open_block("virtual_server", header_words(service));
        write_settings("virtual_server", parts, out);
        out.close();
    }
}

void write_ip_family(const google::protobuf::Message& block, LegacyText& out) {
    const auto& key = service_of(block).key();
    if (!key.has_family()) return;
    out.statement("ip_family", key.family() == v1::FAMILY_INET6 ? "inet6" : "inet");
}

void write_protocol(const google::protobuf::Message& block, LegacyText& out) {
    const auto protocol = service_of(block).key().protocol();
    if (protocol == v1::TCP) out.statement("protocol", "TCP");
    if (protocol == v1::UDP) out.statement("protocol", "UDP");
    if (protocol == v1::SCTP) out.statement("protocol", "SCTP");
}

void write_method(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = service_of(block);
    if (service.has_forwarding()) {
        write_forwarding(out, "lvs_method", service.forwarding(), service.tunnel());
    }
}

void write_persistence(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = service_of(block);
    if (service.has_persistence_timeout_us()) {
        out.statement("persistence_timeout", service.persistence_timeout_us() / kSecond);
    }
}

void write_granularity(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = service_of(block);
    if (service.has_persistence_granularity()) {
        out.statement("persistence_granularity", service.persistence_granularity());
    }
}

void write_engine(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = service_of(block);
    if (service.has_persistence_engine()) {
        out.statement("persistence_engine", service.persistence_engine());
    }
}

template <class Message>
void write_snmp_name(const google::protobuf::Message& block, LegacyText& out) {
    const auto& message = block_as<Message>(block);
    if (message.has_snmp_name()) out.statement("snmp_name", message.snmp_name());
}

constexpr std::string_view kService = "virtual_server";
constexpr Irregular kTable[] = {
    {"", "virtual_server", parse_virtual_server, write_virtual_servers},
    {kService, "ip_family", parse_ip_family, write_ip_family},
    {kService, "protocol", parse_protocol, write_protocol},
    {kService, "lvs_method", parse_method, write_method},
    {kService, "lb_kind", parse_method},
    {kService, "persistence_timeout", parse_persistence, write_persistence},
    {kService, "persistence_granularity", parse_granularity, write_granularity},
    {kService, "persistence_engine", parse_engine, write_engine},
    {kService, "snmp_name", parse_snmp_name<v1::VirtualServer>, write_snmp_name<v1::VirtualServer>},
    {"virtual_server/real_server", "snmp_name", parse_snmp_name<v1::RealServer>,
     write_snmp_name<v1::RealServer>},
};

}  // namespace

std::optional<std::uint32_t> read_port(const Node& node, std::size_t word) {
    if (node.words.size() <= word) return 0;
    const auto port = core::parse_number<std::uint32_t>(node.word(word));
    return port && *port <= 65535 ? port : std::nullopt;
}

std::optional<WrittenEndpoint> read_endpoint(Binder& binder, const Node& node,
                                             std::string_view consequence) {
    const auto address = read_address_prefix(node.word(0));
    ReadNumber<std::int64_t> port;
    if (node.words.size() > 1) port = read_integer(node.word(1), 0, 65535);
    if (!address || !port.problem.empty()) {
        binder.report().error(
            Complaint::general, "bad_address", node.place_of(address ? 1 : 0),
            fmt::format("{}: '{}{}{}' is not an address and port; {}", node.keyword, node.word(0),
                        node.words.size() > 1 ? " " : "", node.word(1), consequence));
        return std::nullopt;
    }
    if (const auto rest = node.word(0).find_first_of("-/"); rest != std::string_view::npos) {
        binder.report().warning(
            "surplus_characters", node.place_of(0),
            fmt::format("'{}' is ignored, as keepalived does", node.word(0).substr(rest)));
    }
    WrittenEndpoint written{*address, {}};
    if (port.value) written.port = static_cast<std::uint32_t>(*port.value);
    return written;
}

std::span<const Irregular> service_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
