#include "lib/config/names.hpp"

#include <charconv>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

struct Name {
    std::string_view text;
    std::uint32_t number;
};

// linux/rtnetlink.h; the first name of a number is the one that is written.
constexpr Name kTables[] = {{"default", 253}, {"main", 254}, {"local", 255}};
constexpr Name kScopes[] = {
    {"global", 0}, {"nowhere", 255}, {"host", 254}, {"link", 253}, {"site", 200}};
constexpr Name kProtocols[] = {{"none", 0},   {"redirect", 1}, {"kernel", 2},      {"boot", 3},
                               {"static", 4}, {"gated", 8},    {"ra", 9},          {"mrt", 10},
                               {"zebra", 11}, {"bird", 12},    {"dnrouted", 13},   {"xorp", 14},
                               {"ntk", 15},   {"dhcp", 16},    {"keepalived", 18}, {"babel", 42}};
constexpr Name kGroups[] = {{"default", 0}};
// RFC 4191 2.1 as the kernel counts them.
constexpr Name kPreferences[] = {{"medium", 0}, {"high", 1}, {"low", 3}};
// Of IANA's protocol numbers those that a rule is likely to name.
constexpr Name kIpProtocols[] = {
    {"ip", 0},        {"icmp", 1},         {"igmp", 2},   {"ipencap", 4}, {"tcp", 6},
    {"egp", 8},       {"igp", 9},          {"udp", 17},   {"dccp", 33},   {"ipv6", 41},
    {"rsvp", 46},     {"gre", 47},         {"esp", 50},   {"ah", 51},     {"ipv6-icmp", 58},
    {"ospf", 89},     {"pim", 103},        {"vrrp", 112}, {"l2tp", 115},  {"sctp", 132},
    {"udplite", 136}, {"mpls-in-ip", 137}, {"ICMP", 1},   {"TCP", 6},     {"UDP", 17},
    {"SCTP", 132}};

struct BuiltIn {
    std::string_view table;
    std::span<const Name> names;
    bool has_file;
};
constexpr BuiltIn kBuiltIn[] = {{"rt_tables", kTables, true},
                                {"rt_scopes", kScopes, true},
                                {"rt_protos", kProtocols, true},
                                {"group", kGroups, true},
                                {"rt_realms", {}, true},
                                {"rt_dsfield", {}, true},
                                {"protocols", kIpProtocols, false},
                                {"route_preferences", kPreferences, false}};

const BuiltIn* built_in(std::string_view table) {
    for (const BuiltIn& each : kBuiltIn) {
        if (each.table == table) return &each;
    }
    return nullptr;
}

/// "10 blue # comment"
void read_line(std::string_view line, std::unordered_map<std::string, std::uint32_t>& names) {
    constexpr std::string_view kBlanks = " \t\r";
    line = core::trim(line.substr(0, line.find('#')));
    const std::size_t end = line.find_first_of(kBlanks);
    if (end == std::string_view::npos) return;
    const auto number =
        read_any_base(line.substr(0, end), std::numeric_limits<std::uint32_t>::max());
    std::string_view name = core::trim(line.substr(end));
    name = name.substr(0, name.find_first_of(kBlanks));
    if (number && !name.empty()) {
        names.insert_or_assign(std::string(name), static_cast<std::uint32_t>(*number));
    }
}

}  // namespace

std::optional<std::uint64_t> read_any_base(std::string_view text, std::uint64_t max) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.front() == '0') {
        base = 8;
    }
    std::uint64_t value = 0;
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (failure != std::errc{} || end != text.data() + text.size() || value > max) {
        return std::nullopt;
    }
    return value;
}

bool NameTables::read_file(const std::string& path, Names& names) {
    const core::Result<std::string> text = files_->read(path);
    if (!text) return false;
    for (const std::string_view line : core::split(*text, '\n')) read_line(line, names);
    return true;
}

void NameTables::read_folder(const std::string& folder, std::string_view table, Names& names) {
    for (const std::string& path : files_->glob(folder + "/" + std::string(table) + ".d/*.conf")) {
        static_cast<void>(read_file(path, names));
    }
}

const NameTables::Names& NameTables::names_of(std::string_view table) {
    const auto [entry, is_new] = tables_.try_emplace(std::string(table));
    Names& names = entry->second;
    if (!is_new) return names;
    const BuiltIn* fixed = built_in(table);
    if (fixed == nullptr) return names;
    for (const Name& name : fixed->names) names.emplace(name.text, name.number);
    if (!fixed->has_file || files_ == nullptr) return names;
    const std::string file = "/" + std::string(table);
    std::vector<std::string> usual = {folders_.usr};
    if (folders_.usr.empty()) usual = {"/usr/share/iproute2", "/usr/lib/iproute2"};
    bool found = read_file(folders_.etc + file, names);
    for (const std::string& usr : usual) found = found || read_file(usr + file, names);
    for (const std::string& usr : usual) read_folder(usr, table, names);
    read_folder(folders_.etc, table, names);
    return names;
}

std::optional<std::uint32_t> NameTables::find(std::string_view table, std::string_view word) {
    const auto number = read_any_base(word, std::numeric_limits<std::uint32_t>::max());
    if (number) return static_cast<std::uint32_t>(*number);
    const Names& names = names_of(table);
    const auto found = names.find(std::string(word));
    if (found == names.end()) return std::nullopt;
    return found->second;
}

std::string NameTables::text_of(std::string_view table, std::uint32_t number) {
    if (const BuiltIn* fixed = built_in(table)) {
        for (const Name& name : fixed->names) {
            if (name.number == number) return std::string(name.text);
        }
    }
    return std::to_string(number);
}

}  // namespace holdfast::config
