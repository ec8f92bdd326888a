#include "lib/config/prefix.hpp"

#include <fmt/format.h>

#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

std::uint32_t full_length(const core::Address& address) {
    return static_cast<std::uint32_t>(core::octets_of(address.family()) * 8);
}

}  // namespace

std::optional<Prefix> Prefix::from_octets(std::string_view octets) {
    Prefix prefix;
    if (octets.size() == 1 || octets.size() == 5 || octets.size() == 17) {
        prefix.length = static_cast<unsigned char>(octets.back());
        octets.remove_suffix(1);
        if (octets.empty()) return *prefix.length == 0 ? std::optional(prefix) : std::nullopt;
    }
    prefix.address = core::Address::from_bytes(octets);
    if (!prefix.address) return std::nullopt;
    if (prefix.length && *prefix.length > full_length(*prefix.address)) return std::nullopt;
    return prefix;
}

std::string Prefix::octets() const {
    std::string all = address ? address->octets() : std::string();
    if (length) all += static_cast<char>(*length);
    return all;
}

std::string Prefix::text() const {
    if (!address) return "default";
    return length ? fmt::format("{}/{}", address->text(), *length) : address->text();
}

std::optional<core::Family> Prefix::family() const {
    if (!address) return std::nullopt;
    return address->family();
}

std::uint32_t Prefix::length_or_full() const {
    return length || !address ? length.value_or(0) : full_length(*address);
}

ReadPrefix read_address_with_length(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = core::Address::from_text(text.substr(0, slash));
    if (!address) return {std::nullopt, fmt::format("'{}' is not an address", text)};
    ReadPrefix read{Prefix{*address, std::nullopt}, {}};
    if (slash == std::string_view::npos || slash + 1 == text.size()) return read;
    const std::uint32_t longest = full_length(*address);
    const auto length = read_integer(text.substr(slash + 1), 0, longest);
    if (length.value && length.problem.empty()) {
        read.prefix->length = static_cast<std::uint32_t>(*length.value);
    } else {
        read.problem =
            fmt::format("prefix length of {}: {}; {} is used", text, length.problem, longest);
    }
    return read;
}

ReadPrefix read_prefix(std::string_view text) {
    if (text == "default" || text == "any" || text == "all") return {Prefix{std::nullopt, 0}, {}};
    if (text == "default6") return {Prefix{core::Address::from_text("::"), 0}, {}};
    return read_address_with_length(text);
}

}  // namespace holdfast::config
