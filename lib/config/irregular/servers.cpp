// real_server and sorry_server.
#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/endpoints.hpp"
#include "lib/config/legacy_writer.hpp"

namespace holdfast::config {

namespace {

void parse_real_server(Binder& binder, Targets targets, Node& node) {
    const auto written = read_endpoint(binder, node, "the block is skipped");
    if (!written) return;
    v1::RealServer& server = *target_as<v1::VirtualServer>(targets).add_servers();
    server.set_address(written->address.octets());
    if (written->port) server.set_port(*written->port);
    const ObjectScope object(binder.report(), "real_server", node.word(0), node.word(1));
    binder.places().services.back().servers.push_back({node.place, {}});
    google::protobuf::Message* const inner[] = {&server};
    binder.bind_block(inner, node, nullptr);
}

void parse_server_method(Binder& binder, Targets targets, Node& node) {
    if (const auto forwarding = read_forwarding(binder, node)) {
        set_forwarding(target_as<v1::RealServer>(targets), *forwarding);
    }
}

void parse_sorry_server(Binder& binder, Targets targets, Node& node) {
    const auto written = read_endpoint(binder, node, "there is no sorry server");
    if (!written) return;
    auto& sorry = *target_as<v1::VirtualServer>(targets).mutable_sorry_server();
    if (sorry.has_address()) {
        binder.report().warning("replaced", node.place_of(0),
                                "this sorry_server takes the place of the one before it");
    }
    sorry.Clear();
    sorry.set_address(written->address.octets());
    if (written->port) sorry.set_port(*written->port);
}

/// Both keywords want sorry_server before them.
v1::SorryServer* sorry_of(Binder& binder, Targets targets, const Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    if (service.has_sorry_server()) return service.mutable_sorry_server();
    binder.refuse(node,
                  fmt::format("{} must stand behind sorry_server; it is ignored", node.keyword));
    return nullptr;
}

void parse_sorry_inhibit(Binder& binder, Targets targets, Node& node) {
    if (auto* sorry = sorry_of(binder, targets, node)) sorry->set_inhibit(true);
}

void parse_sorry_method(Binder& binder, Targets targets, Node& node) {
    auto* sorry = sorry_of(binder, targets, node);
    if (sorry == nullptr) return;
    if (const auto forwarding = read_forwarding(binder, node)) set_forwarding(*sorry, *forwarding);
}

template <class Server>
std::vector<std::string> endpoint_words(const Server& server) {
    std::vector<std::string> words = {address_text(server.address())};
    if (server.has_port()) words.push_back(std::to_string(server.port()));
    return words;
}

/// The settings of the sorry server must stand behind it.
void write_sorry_server(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = block_as<v1::VirtualServer>(block);
    if (!service.has_sorry_server()) return;
    const auto& sorry = service.sorry_server();
    out.statement_of("sorry_server", endpoint_words(sorry));
    if (sorry.inhibit()) out.statement("sorry_server_inhibit");
    if (sorry.has_forwarding()) {
        write_forwarding(out, "sorry_server_lvs_method", sorry.forwarding(), sorry.tunnel());
    }
}

void write_real_servers(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& server : block_as<v1::VirtualServer>(block).servers()) {
        const google::protobuf::Message* const parts[] = {&server};
        out.open_block("real_server", endpoint_words(server));
        write_settings("virtual_server/real_server", parts, out);
        out.close();
    }
}

void write_server_method(const google::protobuf::Message& block, LegacyText& out) {
    const auto& server = block_as<v1::RealServer>(block);
    if (server.has_forwarding()) {
        write_forwarding(out, "lvs_method", server.forwarding(), server.tunnel());
    }
}

constexpr std::string_view kService = "virtual_server";
constexpr Irregular kTable[] = {
    {kService, "sorry_server", parse_sorry_server, write_sorry_server},
    {kService, "sorry_server_inhibit", parse_sorry_inhibit},
    {kService, "sorry_server_lvs_method", parse_sorry_method},
    {kService, "real_server", parse_real_server, write_real_servers},
    {"virtual_server/real_server", "lvs_method", parse_server_method, write_server_method},
};

}  // namespace

std::span<const Irregular> server_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
