// Mails: the relay with its port, and what is worth one.
#include <array>

#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "lib/core/address.hpp"
#include "lib/core/text.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

/// The octets behind the host: none, or a colon and a port.
std::string_view port_part(const std::string& text) {
    if (core::Address::from_text(text)) return {};
    const std::size_t from = text.starts_with('[') ? text.find(']') : 0;
    const std::size_t colon = from == std::string::npos ? from : text.find(':', from);
    return colon == std::string::npos ? std::string_view{} : std::string_view(text).substr(colon);
}

void read_relay(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    const std::string* text = reader.text_of(value, "a host name or address");
    if (text == nullptr) return;
    const std::string_view port = port_part(*text);
    std::string host = text->substr(0, text->size() - port.size());
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    auto& global = static_cast<v1::GlobalDefs&>(owner);
    if (!port.empty()) {
        const auto number = core::parse_number<std::uint16_t>(port.substr(1));
        if (!number || *number == 0) {
            reader.refuse(value, {"the port is none of 1 to 65535", {}});
            return;
        }
        global.set_smtp_port(*number);
    }
    if (host.empty()) reader.refuse(value, {"a host is missing", {}});
    global.set_smtp_server(host);
}

std::optional<Node> write_relay(const google::protobuf::Message& owner) {
    const auto& global = static_cast<const v1::GlobalDefs&>(owner);
    if (!global.has_smtp_server()) return std::nullopt;
    return Node::string(global.smtp_server());
}

/// A list of words for the two that most people switch on.
void read_occasions(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    auto& global = static_cast<v1::GlobalDefs&>(owner);
    if (!value.is_list()) {
        reader.refuse(value, {"a list is wanted", "vrrp and services can stand in it"});
        return;
    }
    for (const Node& item : value.items) {
        if (reader.text_of(item, "a word") == nullptr) continue;
        if (item.text == "vrrp") {
            global.set_smtp_alert_vrrp(true);
        } else if (item.text == "services") {
            global.set_smtp_alert_checker(true);
        } else {
            reader.refuse(item, {"\"" + item.text + "\" is neither vrrp nor services", {}});
        }
    }
}

/// alerts.vrrp and alerts.services say the same, and false as well.
std::optional<Node> write_nothing(const google::protobuf::Message&) {
    return std::nullopt;
}

Node relay_schema() {
    return typed("string");
}
Node occasions_schema() {
    return list_of(words_schema({"vrrp", "services"}));
}

}  // namespace

std::span<const KeyForm> global_keys() {
    static const std::array kKeys = {
        KeyForm{"GlobalDefs",
                "global.alerts.smtp.server",
                {"smtp_server"},
                read_relay,
                write_relay,
                relay_schema,
                "HOST[:PORT]",
                "Mail relay; without it no mails are sent. Its port may stand behind a colon."},
        KeyForm{"GlobalDefs",
                "global.alerts.on",
                {},
                read_occasions,
                write_nothing,
                occasions_schema,
                "list: vrrp, services",
                "What mails are sent for; the same as true for alerts.vrrp and alerts.services."},
    };
    return kKeys;
}

}  // namespace holdfast::config::yaml
