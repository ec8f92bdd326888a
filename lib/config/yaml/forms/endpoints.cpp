#include "lib/config/yaml/forms/endpoints.hpp"

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

namespace {

constexpr std::uint32_t kMaxPort = 65535;

template <class Value>
ReadValue<Value> refused(std::string text, std::string hint = {}) {
    return {std::nullopt, {std::move(text), std::move(hint)}};
}

/// Base 10 without leading zeros.
std::optional<std::uint32_t> number_of(std::string_view text) {
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    return core::parse_number<std::uint32_t>(text);
}

}  // namespace

ReadValue<WrittenEndpoint> read_endpoint(std::string_view text) {
    if (const auto alone = core::Address::from_text(text)) {
        return {WrittenEndpoint{*alone, std::nullopt}, {}};
    }
    std::string_view host = text;
    std::string_view port;
    const bool bracket = text.starts_with('[');
    const std::size_t end = bracket ? text.find(']') : text.rfind(':');
    if (end != std::string_view::npos) {
        host = bracket ? text.substr(1, end - 1) : text.substr(0, end);
        port = text.substr(end + 1);
    }
    const auto address = core::Address::from_text(host);
    if (bracket && port.starts_with(':')) {
        port.remove_prefix(1);
    } else if (bracket && !port.empty()) {
        return refused<WrittenEndpoint>(fmt::format("\"{}\" is no address and port", text));
    }
    if (!address) {
        return refused<WrittenEndpoint>(fmt::format("\"{}\" is no address and port", text),
                                        "192.0.2.1:80 and \"[2001:db8::1]:80\" are");
    }
    if (address->family() == core::Family::ipv6 && !bracket) {
        return refused<WrittenEndpoint>(
            fmt::format("\"{}\": an IPv6 address with a port needs brackets", text),
            fmt::format("write \"[{}]:{}\"", host, port));
    }
    if (bracket && text.ends_with(']')) return {WrittenEndpoint{*address, std::nullopt}, {}};
    const auto number = number_of(port);
    if (!number || *number > kMaxPort) {
        return refused<WrittenEndpoint>(fmt::format("\"{}\" is no port", port));
    }
    return {WrittenEndpoint{*address, number}, {}};
}

Node endpoint_node(const std::string& octets, std::optional<std::uint32_t> port) {
    const std::string address = address_text(octets);
    if (!port) return Node::plain(address);
    const bool ipv6 = address.find(':') != std::string::npos;
    return Node::string(ipv6 ? fmt::format("[{}]:{}", address, *port)
                             : fmt::format("{}:{}", address, *port));
}

ReadValue<WrittenPrefix> read_prefix(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = core::Address::from_text(text.substr(0, slash));
    if (!address) {
        return refused<WrittenPrefix>(fmt::format("\"{}\" is no address", text),
                                      "192.0.2.10/24 and 2001:db8::10/64 are");
    }
    if (slash == std::string_view::npos) return {WrittenPrefix{*address, std::nullopt}, {}};
    const auto longest = static_cast<std::uint32_t>(core::octets_of(address->family()) * 8);
    const auto length = number_of(text.substr(slash + 1));
    if (!length || *length > longest) {
        return refused<WrittenPrefix>(
            fmt::format("the prefix length of {} is not between 0 and {}", text, longest));
    }
    return {WrittenPrefix{*address, length}, {}};
}

Node prefix_node(const std::string& octets, std::optional<std::uint32_t> length) {
    std::string text = address_text(octets);
    if (length) text += fmt::format("/{}", *length);
    return Node::plain(std::move(text));
}

}  // namespace holdfast::config::yaml
