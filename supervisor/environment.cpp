#include "supervisor/environment.hpp"

#include <algorithm>
#include <string_view>

namespace holdfast::supervisor {
namespace {

// Together they fit a frame of 64 KiB beside everything else in it.
constexpr std::size_t kLongestName = 128;
constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kMostOctets = 32UL * 1024;

bool is_name(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto follows = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= kLongestName && letter(name.front()) &&
           std::ranges::all_of(name, follows);
}

/// A value becomes a part of a line: it must not end one, nor drive a terminal.
bool is_value(std::string_view value) {
    const auto is_control = [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return (octet < 0x20 && c != '\t') || octet == 0x7f;
    };
    return value.size() <= kLongestValue && std::ranges::none_of(value, is_control);
}

}  // namespace

std::vector<EnvironmentEntry> handed_environment(const char* const* environment) {
    std::vector<EnvironmentEntry> handed;
    std::size_t octets = 0;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view entry(*environment);
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = entry.substr(0, equals);
        const std::string_view value = entry.substr(equals + 1);
        if (!is_name(name) || !is_value(value)) continue;
        if (octets + entry.size() > kMostOctets) continue;
        octets += entry.size();
        handed.push_back({std::string(name), std::string(value)});
    }
    return handed;
}

}  // namespace holdfast::supervisor
