// virtual_server, real_server and sorry_server.
#include <array>

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::array<std::string_view, 14> kSchedulers = {
    "rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos"};
constexpr std::int64_t kDefaultPersistence = 360;
constexpr std::int64_t kMaxPersistence = 2'678'400;

/// The address and port behind virtual_server, real_server or sorry_server.
struct Written {
    core::Address address;
    std::uint32_t port = 0;
    bool has_port = false;
};
std::optional<Written> read_endpoint(Binder& binder, const Node& node, const char* consequence) {
    const auto address = core::Address::from_text(node.word(0));
    const auto port = read_port(node, 1);
    if (address && port) return Written{*address, *port, node.words.size() > 1};
    binder.report().error(Complaint::general, "bad_address", node.place_of(address ? 1 : 0),
                          fmt::format("{}: '{} {}' is not an address and port; {}", node.keyword,
                                      node.word(0), node.word(1), consequence));
    return std::nullopt;
}

bool read_key(Binder& binder, v1::VirtualServer& service, const Node& node) {
    auto& key = *service.mutable_key();
    if (node.word(0) == "group") {
        service.set_group(std::string(node.word(1)));
        return true;
    }
    if (node.word(0) == "fwmark") {
        const auto mark = core::parse_number<std::uint32_t>(node.word(1));
        if (!mark) {
            binder.refuse(
                node, fmt::format("virtual_server: '{}' is no firewall mark; the block is skipped",
                                  node.word(1)));
            return false;
        }
        key.set_fwmark(*mark);
        return true;
    }
    const auto written = read_endpoint(binder, node, "the block is skipped");
    if (!written) return false;
    key.set_address(written->address.octets());
    key.set_port(written->port);
    key.set_ipv6(written->address.family() == core::Family::ipv6);
    return true;
}

void parse_virtual_server(Binder& binder, Targets, Node& node) {
    v1::VirtualServer& service = *binder.config().add_virtual_servers();
    if (!read_key(binder, service, node)) {
        binder.config().mutable_virtual_servers()->RemoveLast();
        return;
    }
    ObjectPlaces& places = binder.places().services.emplace_back();
    places.block = node.place;
    const ObjectScope object(binder.report(), "virtual_server", node.word(0), node.word(1));
    google::protobuf::Message* const targets[] = {&service};
    binder.bind_block(targets, node, &places);
}

/// "inet" and "inet6": the family of a service that is known by its mark.
void parse_ip_family(Binder& binder, Targets targets, Node& node) {
    auto& key = *target_as<v1::VirtualServer>(targets).mutable_key();
    const bool ipv6 = node.word(0) == "inet6";
    if ((!ipv6 && node.word(0) != "inet") || (key.has_ipv6() && key.ipv6() != ipv6)) {
        binder.refuse(node, fmt::format("ip_family {} does not fit; it is ignored", node.word(0)));
        return;
    }
    key.set_ipv6(ipv6);
}

void parse_scheduler(Binder& binder, Targets targets, Node& node) {
    if (std::ranges::find(kSchedulers, node.word(0)) == kSchedulers.end()) {
        const std::vector<std::string> names(kSchedulers.begin(), kSchedulers.end());
        auto& error =
            binder.report().error(Complaint::general, "bad_value", node.place_of(0),
                                  fmt::format("{}: there is no scheduler '{}'; it is ignored",
                                              node.keyword, node.word(0)));
        if (const auto near = core::closest(node.word(0), names)) {
            error.hint = fmt::format("did you mean {}?", *near);
        }
        return;
    }
    target_as<v1::VirtualServer>(targets).set_scheduler(std::string(node.word(0)));
}

/// sh-port and the like; keepalived wants the scheduler they belong to before them.
void parse_scheduler_flag(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    const std::string_view scheduler = node.keyword.substr(0, 2);
    const bool bound = scheduler == "sh" || scheduler == "mh";
    const bool hashes = service.scheduler() == "sh" || service.scheduler() == "mh";
    if ((bound || node.keyword == "hashed") && !hashes) {
        binder.refuse(node, fmt::format("{} must stand behind lvs_sched {}; it is ignored",
                                        node.keyword, bound ? scheduler : "sh or mh"));
    } else if (node.keyword != "hashed" && (!bound || service.scheduler() == scheduler)) {
        service.add_scheduler_flags(std::string(node.keyword));
    }
}

void parse_protocol(Binder& binder, Targets targets, Node& node) {
    auto& key = *target_as<v1::VirtualServer>(targets).mutable_key();
    std::string word(node.word(0));
    std::ranges::transform(word, word.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (key.has_fwmark()) {
        binder.refuse(node, "a service known by its firewall mark has no protocol; it is ignored");
    } else if (word == "TCP") {
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

void parse_service_method(Binder& binder, Targets targets, Node& node) {
    if (const auto method = read_forwarding(binder, node)) {
        target_as<v1::VirtualServer>(targets).set_forwarding(*method);
    }
}
void parse_server_method(Binder& binder, Targets targets, Node& node) {
    if (const auto method = read_forwarding(binder, node)) {
        target_as<v1::RealServer>(targets).set_forwarding(*method);
    }
}

void parse_persistence(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    if (node.words.empty()) {
        service.set_persistence_timeout_s(kDefaultPersistence);
        return;
    }
    const auto number = read_integer(node.word(0), 1, kMaxPersistence);
    if (number.value && number.problem.empty()) {
        service.set_persistence_timeout_s(static_cast<std::uint32_t>(*number.value));
    } else {
        binder.refuse(node, fmt::format("persistence_timeout: {}; it is ignored", number.problem),
                      Complaint::invalid_number);
    }
}

void parse_granularity(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    const auto mask = core::Address::from_text(node.word(0));
    const auto length = core::parse_number<std::uint32_t>(node.word(0));
    if (mask && mask->family() == core::Family::ipv4) {
        service.set_persistence_netmask(ntohl(mask->to_in_addr().s_addr));
    } else if (length && *length >= 1 && *length <= 128) {
        service.set_persistence_netmask(*length);
    } else {
        binder.refuse(node, fmt::format("persistence_granularity: '{}' is no mask", node.word(0)));
        return;
    }
    if (!service.has_persistence_timeout_s()) {
        service.set_persistence_timeout_s(kDefaultPersistence);
    }
}

void parse_sorry_server(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    const auto written = read_endpoint(binder, node, "there is no sorry server");
    if (!written) return;
    auto& sorry = *service.mutable_sorry_server();
    sorry.Clear();
    sorry.set_address(written->address.octets());
    if (written->has_port) sorry.set_port(written->port);
}

void parse_sorry_inhibit(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    if (service.has_sorry_server()) {
        service.set_sorry_server_inhibit(true);
    } else {
        binder.refuse(node, "sorry_server_inhibit must stand behind sorry_server; it is ignored");
    }
}

void parse_sorry_method(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    if (!service.has_sorry_server()) {
        binder.refuse(node,
                      "sorry_server_lvs_method must stand behind sorry_server; it is ignored");
    } else if (const auto method = read_forwarding(binder, node)) {
        service.mutable_sorry_server()->set_forwarding(*method);
    }
}

void parse_real_server(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    const auto written = read_endpoint(binder, node, "the block is skipped");
    if (!written) return;
    const bool ipv6 = written->address.family() == core::Family::ipv6;
    auto& key = *service.mutable_key();
    if (!key.has_ipv6()) key.set_ipv6(ipv6);
    v1::RealServer& server = *service.add_servers();
    server.set_address(written->address.octets());
    if (written->has_port) server.set_port(written->port);
    const ObjectScope object(binder.report(), "real_server", node.word(0), node.word(1));
    google::protobuf::Message* const inner[] = {&server};
    binder.bind_block(inner, node, nullptr);
    const auto method = server.has_forwarding() ? server.forwarding() : service.forwarding();
    if (key.ipv6() != ipv6 && method != v1::TUN) {
        binder.report().error(
            Complaint::general, "other_family", node.place_of(0),
            fmt::format("real_server {} is not of the service's family and is dropped",
                        node.word(0)));
        service.mutable_servers()->RemoveLast();
    }
}

std::vector<std::string> header_words(const v1::VirtualServer& service) {
    if (service.has_group()) return {"group", service.group()};
    if (service.key().has_fwmark()) return {"fwmark", std::to_string(service.key().fwmark())};
    return {address_text(service.key().address()), std::to_string(service.key().port())};
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
    const v1::ServiceKey& key = block_as<v1::VirtualServer>(block).key();
    if (key.has_ipv6() && !key.has_address()) {
        out.statement("ip_family", key.ipv6() ? "inet6" : "inet");
    }
}
void write_scheduler(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = block_as<v1::VirtualServer>(block);
    if (service.has_scheduler()) out.statement("lvs_sched", service.scheduler());
    for (const std::string& flag : service.scheduler_flags()) out.statement(flag);
}
void write_protocol(const google::protobuf::Message& block, LegacyText& out) {
    const v1::ServiceKey& key = block_as<v1::VirtualServer>(block).key();
    if (key.protocol() == v1::TCP) out.statement("protocol", "TCP");
    if (key.protocol() == v1::UDP) out.statement("protocol", "UDP");
    if (key.protocol() == v1::SCTP) out.statement("protocol", "SCTP");
}
void write_forwarding(std::string_view keyword, v1::ForwardingMethod method, LegacyText& out) {
    if (method == v1::NAT) out.statement(keyword, "NAT");
    if (method == v1::DR) out.statement(keyword, "DR");
    if (method == v1::TUN) out.statement(keyword, "TUN");
}
void write_service_method(const google::protobuf::Message& block, LegacyText& out) {
    write_forwarding("lvs_method", block_as<v1::VirtualServer>(block).forwarding(), out);
}
void write_server_method(const google::protobuf::Message& block, LegacyText& out) {
    write_forwarding("lvs_method", block_as<v1::RealServer>(block).forwarding(), out);
}
void write_persistence(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = block_as<v1::VirtualServer>(block);
    if (service.has_persistence_timeout_s()) {
        out.statement("persistence_timeout", service.persistence_timeout_s());
    }
}
void write_granularity(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = block_as<v1::VirtualServer>(block);
    if (!service.has_persistence_netmask()) return;
    const std::uint32_t mask = service.persistence_netmask();
    out.statement("persistence_granularity",
                  mask <= 128 ? std::to_string(mask) : core::Address::v4(mask).text());
}
std::vector<std::string> endpoint_words(const v1::RealServer& server) {
    std::vector<std::string> words = {address_text(server.address())};
    if (server.has_port()) words.push_back(std::to_string(server.port()));
    return words;
}
/// The settings of the sorry server must stand behind it.
void write_sorry_server(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = block_as<v1::VirtualServer>(block);
    if (!service.has_sorry_server()) return;
    out.statement_of("sorry_server", endpoint_words(service.sorry_server()));
    if (service.sorry_server_inhibit()) out.statement("sorry_server_inhibit");
    write_forwarding("sorry_server_lvs_method", service.sorry_server().forwarding(), out);
}
void write_real_servers(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& server : block_as<v1::VirtualServer>(block).servers()) {
        const google::protobuf::Message* const parts[] = {&server};
        out.open_block("real_server", endpoint_words(server));
        write_settings("virtual_server/real_server", parts, out);
        out.close();
    }
}

constexpr Irregular kTable[] = {
    {"", "virtual_server", parse_virtual_server, write_virtual_servers},
    {"virtual_server", "ip_family", parse_ip_family, write_ip_family},
    {"virtual_server", "lvs_sched", parse_scheduler, write_scheduler},
    {"virtual_server", "lb_algo", parse_scheduler},
    {"virtual_server", "hashed", parse_scheduler_flag},
    {"virtual_server", "flag-1", parse_scheduler_flag},
    {"virtual_server", "flag-2", parse_scheduler_flag},
    {"virtual_server", "flag-3", parse_scheduler_flag},
    {"virtual_server", "sh-port", parse_scheduler_flag},
    {"virtual_server", "sh-fallback", parse_scheduler_flag},
    {"virtual_server", "mh-port", parse_scheduler_flag},
    {"virtual_server", "mh-fallback", parse_scheduler_flag},
    {"virtual_server", "protocol", parse_protocol, write_protocol},
    {"virtual_server", "lvs_method", parse_service_method, write_service_method},
    {"virtual_server", "lb_kind", parse_service_method},
    {"virtual_server", "persistence_timeout", parse_persistence, write_persistence},
    {"virtual_server", "persistence_granularity", parse_granularity, write_granularity},
    {"virtual_server", "sorry_server", parse_sorry_server, write_sorry_server},
    {"virtual_server", "sorry_server_inhibit", parse_sorry_inhibit},
    {"virtual_server", "sorry_server_lvs_method", parse_sorry_method},
    {"virtual_server", "real_server", parse_real_server, write_real_servers},
    {"virtual_server/real_server", "lvs_method", parse_server_method, write_server_method},
};

}  // namespace

std::optional<std::uint32_t> read_port(const Node& node, std::size_t word) {
    if (node.words.size() <= word) return 0;
    const auto port = core::parse_number<std::uint32_t>(node.word(word));
    return port && *port <= 65535 ? port : std::nullopt;
}

std::optional<v1::ForwardingMethod> read_forwarding(Binder& binder, const Node& node) {
    const std::string_view word = node.word(0);
    if (node.words.size() > 1) {
        binder.report().warning("not_carried_out", node.place_of(1),
                                "options of tunnels are accepted, not carried out yet");
    }
    if (word == "NAT") return v1::NAT;
    if (word == "DR") return v1::DR;
    if (word == "TUN") return v1::TUN;
    binder.refuse(
        node, fmt::format("{}: '{}' is unknown; it is one of NAT, DR, TUN", node.keyword, word));
    return std::nullopt;
}

std::span<const Irregular> service_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
