#include "lib/config/service_groups.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

bool bits_behind_prefix(const std::string& octets, std::uint32_t length) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const auto octet = static_cast<unsigned char>(octets[i]);
        const std::size_t first_bit = 8 * i;
        if (first_bit + 8 <= length) continue;
        const unsigned kept = length > first_bit ? static_cast<unsigned>(length - first_bit) : 0;
        if ((octet & (0xffU >> kept)) != 0) return true;
    }
    return false;
}

}  // namespace

std::string problem_of(const v1::ServiceGroupEntry& entry) {
    if (entry.has_prefix_length()) {
        const std::size_t bits = 8 * entry.address().size();
        if (entry.prefix_length() < 1 || entry.prefix_length() > bits) {
            return fmt::format("a prefix length is from 1 to {}", bits);
        }
        if (bits_behind_prefix(entry.address(), entry.prefix_length())) {
            return fmt::format("the address has bits behind its prefix of {}",
                               entry.prefix_length());
        }
    }
    if (entry.has_last_address()) {
        if (entry.last_address().size() != entry.address().size()) {
            return "a range begins and ends with addresses of one family";
        }
        // char_traits<char> compares as unsigned octets, which is the order of addresses.
        if (entry.last_address() < entry.address()) return "the range ends before its start";
    }
    return {};
}

GroupFacts facts_of(const v1::ServiceGroup& group) {
    GroupFacts facts;
    for (const auto& entry : group.entries()) {
        if (entry.has_fwmark()) {
            facts.marks = true;
            facts.ipv4 = facts.ipv4 || entry.family() == v1::FAMILY_INET;
            facts.ipv6 = facts.ipv6 || entry.family() == v1::FAMILY_INET6;
            continue;
        }
        facts.addresses = true;
        facts.all_ports = facts.all_ports || entry.port() == 0;
        (entry.address().size() == 16 ? facts.ipv6 : facts.ipv4) = true;
    }
    return facts;
}

std::string problem_of(const v1::ServiceGroup& group) {
    const std::string name = "virtual_server_group " + group.name();
    if (group.entries().empty()) return name + " has no entry";
    const GroupFacts facts = facts_of(group);
    const bool open_mark = std::ranges::any_of(group.entries(), [](const auto& entry) {
        return entry.has_fwmark() && !entry.has_family();
    });
    if (facts.ipv4 && facts.ipv6 && open_mark) {
        return name + " has IPv4, IPv6 and a mark that does not say its family";
    }
    return {};
}

}  // namespace holdfast::config
