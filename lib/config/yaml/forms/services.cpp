// Where services listen and where their servers are: "ADDR:PORT".
#include <array>

#include "lib/config/yaml/forms/endpoints.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

std::optional<WrittenEndpoint> endpoint_of(Reader& reader, const Node& value) {
    const std::string* text = reader.text_of(value, "an address and port");
    if (text == nullptr) return std::nullopt;
    auto endpoint = read_endpoint(*text);
    if (!endpoint.value) reader.refuse(value, std::move(endpoint.refusal));
    return endpoint.value;
}

void set_port(v1::ServiceGroupEntry& entry, const WrittenEndpoint& endpoint) {
    entry.set_address(endpoint.address.octets());
    if (endpoint.port) entry.set_port(*endpoint.port);
}

/// Several addresses are a group that nobody named. A pool alone is no service and has none.
void read_several(Reader& reader, const Node& value, v1::VirtualServer& service) {
    v1::ServiceGroup group;
    group.set_name("listen-" + service.label());
    for (const Node& item : value.items) {
        if (const auto endpoint = endpoint_of(reader, item)) {
            set_port(*group.add_entries(), *endpoint);
        }
    }
    if (!service.has_label()) return;
    service.set_group(group.name());
    reader.all().places.service_groups.emplace_back().block = value.mark.place();
    *reader.all().config.add_service_groups() = std::move(group);
}

void read_listen(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    auto& service = static_cast<v1::VirtualServer&>(owner);
    if (value.is_list() && value.items.empty()) {
        reader.refuse(value, {"at least one address and port is wanted", {}});
        return;
    }
    if (value.is_list() && value.items.size() > 1) {
        read_several(reader, value, service);
        return;
    }
    const auto endpoint = endpoint_of(reader, value.is_list() ? value.items.front() : value);
    if (!endpoint) return;
    auto& key = *service.mutable_key();
    key.set_address(endpoint->address.octets());
    key.set_port(endpoint->port.value_or(0));
}

std::optional<Node> write_listen(const google::protobuf::Message& owner) {
    const auto& key = static_cast<const v1::VirtualServer&>(owner).key();
    if (!key.has_address()) return std::nullopt;
    return Node::list(
        {endpoint_node(key.address(), key.port() != 0 ? std::optional(key.port()) : std::nullopt)});
}

Node endpoint_schema() {
    return text_with(std::string(endpoint_pattern()));
}

Node listen_schema() {
    return any_of({endpoint_schema(), list_of(endpoint_schema())});
}

template <class Server>
void read_server(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    const auto endpoint = endpoint_of(reader, value);
    if (!endpoint) return;
    auto& server = static_cast<Server&>(owner);
    server.set_address(endpoint->address.octets());
    if (endpoint->port) server.set_port(*endpoint->port);
}

template <class Server>
std::optional<Node> write_server(const google::protobuf::Message& owner) {
    const auto& server = static_cast<const Server&>(owner);
    if (!server.has_address()) return std::nullopt;
    return endpoint_node(server.address(),
                         server.has_port() ? std::optional(server.port()) : std::nullopt);
}

void read_port(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    if (reader.text_of(value, "a port") == nullptr) return;
    const auto* field = owner.GetDescriptor()->FindFieldByName("port");
    if (auto refusal = read_scalar(value, owner, field)) reader.refuse(value, std::move(*refusal));
}

Node port_schema() {
    Node schema = typed("integer");
    schema.add("minimum", Node::plain("0"));
    schema.add("maximum", Node::plain("65535"));
    return schema;
}

/// The address says it already.
std::optional<Node> write_nothing(const google::protobuf::Message&) {
    return std::nullopt;
}

void read_protocol(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    if (reader.text_of(value, "a word") == nullptr) return;
    auto& key = *static_cast<v1::VirtualServer&>(owner).mutable_key();
    const auto* field = key.GetDescriptor()->FindFieldByName("protocol");
    if (auto refusal = read_scalar(value, key, field)) reader.refuse(value, std::move(*refusal));
}

/// keepalived takes UDP where nothing is said, YAML TCP.
std::optional<Node> write_protocol(const google::protobuf::Message& owner) {
    const auto& service = static_cast<const v1::VirtualServer&>(owner);
    const v1::ServiceKey& key = service.key();
    const auto* field = key.GetDescriptor()->FindFieldByName("protocol");
    if (key.has_protocol()) return write_scalar(key, field);
    if (!key.has_address() && !service.has_group()) return std::nullopt;
    v1::ServiceKey udp;
    udp.set_protocol(v1::UDP);
    return write_scalar(udp, field);
}

Node protocol_schema() {
    return words_schema(words_of(v1::Protocol_descriptor()));
}

template <class Server>
KeyForm address_key(std::string_view message, std::string_view doc) {
    return {message,
            "address",
            {"address", "port"},
            read_server<Server>,
            write_server<Server>,
            endpoint_schema,
            "ADDR[:PORT]",
            doc};
}

KeyForm port_key(std::string_view message) {
    return {
        message,       "port",      {},        read_port,
        write_nothing, port_schema, "0-65535", "Port; it may stand behind the address as well."};
}

}  // namespace

std::span<const KeyForm> service_keys() {
    static const std::array kKeys = {
        KeyForm{"VirtualServer",
                "listen",
                {"ServiceKey.address", "ServiceKey.port"},
                read_listen,
                write_listen,
                listen_schema,
                "[\"ADDR:PORT\", ...]",
                "Addresses and ports that clients connect to; without a port, all ports."},
        KeyForm{"VirtualServer",
                "protocol",
                {"ServiceKey.protocol"},
                read_protocol,
                write_protocol,
                protocol_schema,
                "tcp, udp or sctp; default tcp",
                "Transport protocol of the service; keepalived takes UDP where nothing is said."},
        address_key<v1::RealServer>("RealServer",
                                    "Address of the server, and its port if not the service's."),
        port_key("RealServer"),
        address_key<v1::SorryServer>("SorryServer",
                                     "Address of the server, and its port if not the service's."),
        port_key("SorryServer"),
        address_key<v1::ServiceGroupEntry>("ServiceGroupEntry",
                                           "Address, or the first of a range, and port."),
        port_key("ServiceGroupEntry"),
    };
    return kKeys;
}

}  // namespace holdfast::config::yaml
