// `encap` of routes and next hops.
#include <array>

#include <fmt/format.h>

#include "lib/config/field_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/irregular/network.hpp"
#include "lib/core/locator.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

using google::protobuf::Message;

constexpr std::uint32_t kMaxLabel = 0xfffff;
constexpr std::size_t kMaxLabels = 16;

/// The options of a tunnel, up to the first word that is none.
bool read_tunnel(LineReader& words, Message& tunnel, core::Family family) {
    while (!words.done()) {
        const Route* route = words.find(tunnel);
        if (route == nullptr) break;
        if (!words.has_value()) {
            words.complain(fmt::format("a value is missing behind {}", words.word()));
            return false;
        }
        if (words.take(tunnel, *route) != LineReader::Taken::yes) return false;
    }
    const auto* reflection = tunnel.GetReflection();
    bool known = false;
    for (const char* name : {"id", "destination", "source"}) {
        const auto* field = field_named(tunnel, name);
        if (!reflection->HasField(tunnel, field)) continue;
        known = known || std::string_view(name) != "source";
        if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) continue;
        if (reflection->GetString(tunnel, field).size() == core::octets_of(family)) continue;
        words.complain("an address of the tunnel is of the other family");
        return false;
    }
    if (!known) words.complain("a tunnel needs an id or a destination");
    return known;
}

bool read_labels(LineReader& words, v1::Encapsulation& encapsulation) {
    const auto labels = core::split(words.word(), '/');
    for (const std::string_view text : labels) {
        const auto label = core::parse_number<std::uint32_t>(text);
        if (!label || *label > kMaxLabel || labels.size() > kMaxLabels) {
            words.complain(fmt::format("'{}' is no stack of MPLS labels", words.word()));
            return false;
        }
        encapsulation.add_mpls(*label);
    }
    words.skip();
    return true;
}

}  // namespace

bool read_encapsulation(LineReader& words, v1::Encapsulation& encapsulation) {
    words.skip();
    const std::string type(words.word());
    words.skip();
    encapsulation.Clear();
    if (type == "ip") return read_tunnel(words, *encapsulation.mutable_ip(), core::Family::ipv4);
    if (type == "ip6") return read_tunnel(words, *encapsulation.mutable_ip6(), core::Family::ipv6);
    if (type == "mpls" && !words.done()) return read_labels(words, encapsulation);
    if (type == "ila" && core::locator_of(words.word())) {
        encapsulation.set_ila(std::string(words.word()));
        words.skip();
        return true;
    }
    words.complain(
        type == "mpls" || type == "ila"
            ? fmt::format("encap {} without a {}", type, type == "ila" ? "locator" : "label")
            : fmt::format("'{}' is no kind of encapsulation", type),
        "it is ip, ip6, mpls or ila");
    return false;
}

void append_encapsulation(const v1::Encapsulation& encapsulation, std::vector<std::string>& words) {
    words.emplace_back("encap");
    if (encapsulation.has_ip()) {
        words.emplace_back("ip");
        append_words(encapsulation.ip(), words);
    } else if (encapsulation.has_ip6()) {
        words.emplace_back("ip6");
        append_words(encapsulation.ip6(), words);
    } else if (encapsulation.has_ila()) {
        words.emplace_back("ila");
        words.push_back(encapsulation.ila());
    } else {
        words.emplace_back("mpls");
        std::vector<std::string> labels;
        for (const std::uint32_t label : encapsulation.mpls()) {
            labels.push_back(std::to_string(label));
        }
        words.push_back(core::join(labels, "/"));
    }
}

void append_realms(const Message& message, std::vector<std::string>& words) {
    const auto* reflection = message.GetReflection();
    const auto text = [&](const char* name) {
        return std::to_string(reflection->GetUInt32(message, field_named(message, name)));
    };
    if (!reflection->HasField(message, field_named(message, "realm"))) return;
    words.emplace_back("realms");
    const bool both = reflection->HasField(message, field_named(message, "source_realm"));
    words.push_back(both ? text("source_realm") + "/" + text("realm") : text("realm"));
}

}  // namespace holdfast::config
