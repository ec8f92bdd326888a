// What make_sayable() does to addresses, routes, rules and interfaces.
#include <google/protobuf/descriptor.h>

#include "tests/unit/config/random_fixes.hpp"

namespace holdfast::config::testing {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using namespace std::string_literals;

namespace {

/// keepalived cuts lines of more than 1022 octets; a route is one line.
constexpr std::size_t kSettingsOfRoute = 24;

void fix_address(Message& message, Language) {
    auto& address = as<v1::VirtualAddress>(message);
    if (!address.has_address()) address.set_address("\xc0\x00\x02\x01"s);
    const bool ipv6 = is_ipv6(address.address());
    const std::uint32_t longest = ipv6 ? 128 : 32;
    if (address.has_peer()) {
        address.set_peer(of_family(address.peer(), ipv6));
        address.clear_prefix_length();  // it belongs to the peer then
    }
    needs(address, "peer_prefix_length", "peer");
    if (address.prefix_length() > longest) address.set_prefix_length(longest);
    if (address.peer_prefix_length() > longest) address.set_peer_prefix_length(longest);
    keep_one_of(address, {"broadcast_address", "broadcast_rule"});
    if (ipv6) {
        address.clear_broadcast_address();
        address.clear_broadcast_rule();
        address.clear_scope();
        address.clear_label();
    } else if (address.has_broadcast_address()) {
        address.set_broadcast_address(of_family(address.broadcast_address(), false));
    }
    if (!address.has_prefix_length() || address.prefix_length() > 30) {
        address.clear_broadcast_rule();
    }
}

void fix_tunnel(v1::IpEncapsulation& tunnel) {
    if (tunnel.has_destination()) tunnel.set_destination(of_family(tunnel.destination(), false));
    if (tunnel.has_source()) tunnel.set_source(of_family(tunnel.source(), false));
    if (!tunnel.has_destination() && !tunnel.has_id()) tunnel.set_id(7);
}
void fix_tunnel(v1::Ip6Encapsulation& tunnel) {
    if (tunnel.has_destination()) tunnel.set_destination(of_family(tunnel.destination(), true));
    if (tunnel.has_source()) tunnel.set_source(of_family(tunnel.source(), true));
    if (!tunnel.has_destination() && !tunnel.has_id()) tunnel.set_id(7);
}

void fix_encapsulation(Message& message, Language) {
    auto& encapsulation = as<v1::Encapsulation>(message);
    keep_one_of(encapsulation, {"ila", "mpls", "ip6", "ip"});
    if (encapsulation.has_ip()) fix_tunnel(*encapsulation.mutable_ip());
    if (encapsulation.has_ip6()) fix_tunnel(*encapsulation.mutable_ip6());
}

void fix_next_hop(Message& message, Language) {
    needs(message, "source_realm", "realm");
}

/// The metrics that are set can be locked, each once and in the order of the metrics themselves.
void fix_locks(v1::Route& route) {
    const std::vector<int> wanted(route.locked().begin(), route.locked().end());
    route.clear_locked();
    const auto* type = v1::RouteMetric_descriptor();
    const auto* message = v1::Route::descriptor();
    for (int i = 0; i < message->field_count(); ++i) {
        const FieldDescriptor* field = message->field(i);
        if (field->is_repeated() || !route.GetReflection()->HasField(route, field)) continue;
        for (int n = 1; n < type->value_count(); ++n) {
            const std::string& word = type->value(n)->options().GetExtension(v1::word).text(0);
            const bool is_its = field->options().GetExtension(v1::setting).keyword() == word;
            const auto metric = type->value(n)->number();
            if (is_its && std::ranges::find(wanted, metric) != wanted.end()) {
                route.add_locked(static_cast<v1::RouteMetric>(metric));
            }
        }
    }
}

void fix_route(Message& message, Language) {
    auto& route = as<v1::Route>(message);
    if (!route.has_destination()) route.set_destination(std::string(1, '\0'));
    if (route.next_hops_size() > 1)
        route.mutable_next_hops()->DeleteSubrange(1, route.next_hops_size() - 1);
    std::vector<const FieldDescriptor*> fields;
    route.GetReflection()->ListFields(route, &fields);
    for (std::size_t i = kSettingsOfRoute; i < fields.size(); ++i) {
        route.GetReflection()->ClearField(&route, fields[fields.size() - 1 - i]);
    }
    if (!route.has_destination()) route.set_destination(std::string(1, '\0'));
    needs(route, "source_realm", "realm");
    fix_locks(route);
}

void fix_rule(Message& message, Language) {
    auto& rule = as<v1::Rule>(message);
    keep_one_of(rule, {"action", "goto_preference", "l3mdev", "table"});
    needs(rule, "fwmark_mask", "fwmark");
    needs(rule, "source_realm", "realm");
    for (auto* ports : {rule.mutable_source_ports(), rule.mutable_destination_ports()}) {
        if (ports->has_first()) ports->set_first(ports->first() % 65536);
        if (ports->has_last()) ports->set_last(ports->last() % 65536);
    }
}

void fix_range(Message& message, Language) {
    auto& range = as<v1::NumberRange>(message);
    if (!range.has_first() || !range.has_last()) range.Clear();
}

void fix_interface(Message& message, Language language) {
    auto& settings = as<v1::InterfaceSettings>(message);
    // The delay for down stands before the one for up.
    if (language == Language::legacy && settings.has_up_delay_us() &&
        !settings.has_down_delay_us()) {
        settings.set_down_delay_us(0);
    }
}

constexpr Fix kFixes[] = {
    {"VirtualAddress", fix_address},
    {"Encapsulation", fix_encapsulation},
    {"NextHop", fix_next_hop},
    {"Route", fix_route},
    {"Rule", fix_rule},
    {"NumberRange", fix_range},
    {"InterfaceSettings", fix_interface},
};

}  // namespace

std::span<const Fix> network_fixes() {
    return kFixes;
}

}  // namespace holdfast::config::testing
