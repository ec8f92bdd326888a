// virtual_server_group: addresses, ranges, networks and firewall marks.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/endpoints.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"
#include "lib/config/service_groups.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

/// One line of the block. Complaints say what is wrong, and the line is left out.
class EntryLine {
  public:
    EntryLine(Binder& binder, const Node& line) : binder_(binder), line_(line) {}

    bool read(v1::ServiceGroupEntry& entry) {
        return line_.keyword == "fwmark" ? read_mark(entry) : read_addresses(entry);
    }

  private:
    bool refuse(std::string text) {
        binder_.report().error(Complaint::general, "bad_group_entry", line_.place,
                               text + "; the line is left out");
        return false;
    }

    bool read_mark(v1::ServiceGroupEntry& entry) {
        if (line_.words.empty()) {
            auto& fatal = binder_.report().fatal(Complaint::missing_parameter, "missing_word",
                                                 line_.place, "a word is missing behind fwmark");
            fatal.ends_at_once = true;
            fatal.hint = "keepalived ends at once, with status 2";
            return false;
        }
        const auto mark = read_integer(line_.word(0), 0, 0xffffffffLL);
        if (!mark.value || !mark.problem.empty()) return refuse("fwmark: " + mark.problem);
        entry.set_fwmark(static_cast<std::uint32_t>(*mark.value));
        const std::string_view family = line_.word(1);
        if (family == "inet") {
            entry.set_family(v1::FAMILY_INET);
        } else if (family == "inet6") {
            entry.set_family(v1::FAMILY_INET6);
        } else if (!family.empty()) {
            return refuse(fmt::format("fwmark: '{}' is unknown; it is inet or inet6", family));
        }
        return true;
    }

    bool read_addresses(v1::ServiceGroupEntry& entry) {
        const std::string_view word = line_.keyword;
        const auto first = read_address_prefix(word);
        if (!first) return refuse(fmt::format("'{}' is not an address", word));
        if (!line_.words.empty()) {
            const auto port = read_integer(line_.word(0), 0, 65535);
            if (!port.value || !port.problem.empty()) return refuse("port: " + port.problem);
            entry.set_port(static_cast<std::uint32_t>(*port.value));
        }
        entry.set_address(first->octets());
        const std::size_t mark = word.find_first_of("-/");
        if (mark == std::string_view::npos) return true;
        const std::string_view behind = word.substr(mark + 1);
        return word[mark] == '-' ? read_end(*first, behind, entry) : read_length(behind, entry);
    }

    bool read_length(std::string_view text, v1::ServiceGroupEntry& entry) {
        const std::int64_t bits = entry.address().size() == 16 ? 128 : 32;
        const auto length = read_integer(text, 1, bits);
        if (!length.value || !length.problem.empty()) {
            return refuse("prefix length: " + length.problem);
        }
        entry.set_prefix_length(static_cast<std::uint32_t>(*length.value));
        return accept(entry);
    }

    /// A whole address, or what takes the place of the first one's last part.
    bool read_end(const core::Address& first, std::string_view text, v1::ServiceGroupEntry& entry) {
        const std::size_t stop = text.find_first_of("-/");
        const bool ipv6 = first.family() == core::Family::ipv6;
        const bool whole = text.find(ipv6 ? ':' : '.') != std::string_view::npos;
        const auto last =
            whole ? core::Address::from_text(text.substr(0, stop)) : replace_last(first, text);
        if (!last || last->family() != first.family()) {
            return refuse(fmt::format("'{}' is not the end of a range", text));
        }
        if (!whole && !(first < *last)) {
            return refuse(fmt::format("the range {} does not end behind its start", line_.keyword));
        }
        entry.set_last_address(last->octets());
        return accept(entry);
    }

    bool accept(const v1::ServiceGroupEntry& entry) {
        const std::string problem = problem_of(entry);
        return problem.empty() || refuse(problem);
    }

    /// Decimal for IPv4, hexadecimal for IPv6.
    static std::optional<core::Address> replace_last(const core::Address& first,
                                                     std::string_view text) {
        const bool ipv6 = first.family() == core::Family::ipv6;
        unsigned value = 0;
        const auto [end, failure] =
            std::from_chars(text.data(), text.data() + text.size(), value, ipv6 ? 16 : 10);
        if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
        if (value > (ipv6 ? 0xffffU : 0xffU)) return std::nullopt;
        std::string octets = first.octets();
        octets.back() = static_cast<char>(value & 0xffU);
        if (ipv6) octets[octets.size() - 2] = static_cast<char>(value >> 8U);
        return core::Address::from_bytes(std::string_view(octets));
    }

    Binder& binder_;
    const Node& line_;
};

void parse_group(Binder& binder, Targets, Node& node) {
    const std::string name(node.word(0));
    if (node.words.size() > 1) {
        auto& fatal = binder.report().fatal(
            Complaint::missing_parameter, "surplus_words", node.place_of(1),
            fmt::format("'{}' may not stand behind the group's name", node.word(1)));
        fatal.ends_at_once = true;
        fatal.hint = "keepalived ends at once, with status 2";
        return;
    }
    const ObjectScope object(binder.report(), "virtual_server_group", node.word(0));
    if (!binder.claim("virtual_server_group", name)) {
        binder.report().warning(
            "duplicate", node.place_of(0),
            fmt::format("virtual_server_group {} is there already; the first one is used", name));
    }
    v1::ServiceGroup& group = *binder.config().add_service_groups();
    group.set_name(name);
    ObjectPlaces& places = binder.places().service_groups.emplace_back();
    places.block = node.place;
    for (const Node& line : node.children) {
        if (!EntryLine(binder, line).read(*group.add_entries())) {
            group.mutable_entries()->RemoveLast();
        }
    }
    if (const std::string problem = problem_of(group); !problem.empty()) {
        binder.report().error(Complaint::general, "bad_group", node.place,
                              problem + "; it is removed");
        binder.config().mutable_service_groups()->RemoveLast();
        binder.places().service_groups.pop_back();
    }
}

void write_entry(const v1::ServiceGroupEntry& entry, LegacyText& out) {
    if (entry.has_fwmark()) {
        std::vector<std::string> words = {std::to_string(entry.fwmark())};
        if (entry.has_family()) {
            words.emplace_back(entry.family() == v1::FAMILY_INET6 ? "inet6" : "inet");
        }
        out.statement_of("fwmark", words);
        return;
    }
    std::string first = address_text(entry.address());
    if (entry.has_last_address()) first += "-" + address_text(entry.last_address());
    if (entry.has_prefix_length()) first += "/" + std::to_string(entry.prefix_length());
    std::vector<std::string> words;
    if (entry.has_port()) words.push_back(std::to_string(entry.port()));
    out.statement_of(first, words);
}

void write_groups(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& group : block_as<v1::Config>(block).service_groups()) {
        out.open("virtual_server_group", group.name());
        for (const auto& entry : group.entries()) write_entry(entry, out);
        out.close();
    }
}

constexpr Irregular kTable[] = {
    {"", "virtual_server_group", parse_group, write_groups},
};

}  // namespace

std::span<const Irregular> service_group_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
