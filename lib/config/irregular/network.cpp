// track_group, garp_group, interface_up_down_delays and linkbeat_interfaces.
#include "lib/config/irregular/network.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr double kLongestDelay = 255;

/// Complains when there is no such interface, in the way of this block.
bool interface_is_known(Binder& binder, std::string_view name, const Place& place,
                        Complaint complaint) {
    const HostFacts* host = binder.request().host;
    if (host == nullptr || binder.config().global().dynamic_interfaces() ||
        host->interface_exists(std::string(name))) {
        return true;
    }
    binder.report().error(complaint, "no_interface", place,
                          fmt::format("there is no interface {}", name));
    return false;
}

// ---- track_group ------------------------------------------------------------------------------

void parse_track_group(Binder& binder, Targets, Node& node) {
    const std::string name(node.word(0));
    if (!binder.claim("track_group", name)) {
        binder.report().error(
            Complaint::general, "duplicate", node.place_of(0),
            fmt::format("track_group {} is there already; this block is skipped", name));
        return;
    }
    auto& group = *binder.config().add_track_groups();
    group.set_name(name);
    google::protobuf::Message* const targets[] = {&group};
    binder.report().set_object("track_group " + name);
    binder.bind_block(targets, node, nullptr);
    binder.report().set_object({});
    binder.places().top.add_entry("track_group", node.place);
}

void parse_members(Binder& binder, Targets targets, Node& node) {
    auto& group = target_as<v1::TrackGroup>(targets);
    if (group.members_size() > 0) {
        binder.refuse(node, "the members are given already; this list is ignored");
        return;
    }
    for (const Node& line : node.children) {
        group.add_members(std::string(line.keyword));
        for (std::size_t i = 0; i < line.words.size(); ++i) {
            group.add_members(std::string(line.word(i)));
        }
    }
    if (group.members_size() == 0) {
        binder.report().error(Complaint::warning, "empty_block", node.place, "the group is empty");
    }
}

void write_track_groups(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& group : block_as<v1::Config>(block).track_groups()) {
        out.open("track_group", group.name());
        if (group.members_size() > 0) {
            out.open("group");
            for (const std::string& member : group.members()) out.statement(member);
            out.close();
        }
        out.close();
    }
}

// ---- garp_group -------------------------------------------------------------------------------

void parse_garp_group(Binder& binder, Targets, Node& node) {
    auto& groups = *binder.config().mutable_garp_groups();
    google::protobuf::Message* const targets[] = {groups.Add()};
    binder.bind_block(targets, node, nullptr);
    const v1::GarpGroup& group = groups.Get(groups.size() - 1);
    if (group.has_garp_interval_us() || group.has_gna_interval_us()) {
        binder.places().top.add_entry("garp_group", node.place);
        return;
    }
    binder.report().error(Complaint::general, "no_interval", node.place,
                          "a garp_group needs garp_interval or gna_interval; it is dropped");
    groups.RemoveLast();
}

void add_member(Binder& binder, v1::GarpGroup& group, std::string_view name, const Place& place) {
    if (!interface_is_known(binder, name, place, Complaint::general)) return;
    if (!binder.claim("garp_group interface", name)) {
        binder.report().error(Complaint::general, "duplicate", place,
                              fmt::format("{} is in a garp_group already; it is ignored", name));
        return;
    }
    group.add_interfaces(std::string(name));
}

void parse_garp_interface(Binder& binder, Targets targets, Node& node) {
    add_member(binder, target_as<v1::GarpGroup>(targets), node.word(0), node.place_of(0));
}

void parse_garp_interfaces(Binder& binder, Targets targets, Node& node) {
    auto& group = target_as<v1::GarpGroup>(targets);
    for (const Node& line : node.children) {
        add_member(binder, group, line.keyword, line.place);
        for (std::size_t i = 0; i < line.words.size(); ++i) {
            add_member(binder, group, line.word(i), line.place_of(i));
        }
    }
    if (node.children.empty()) {
        binder.report().error(Complaint::warning, "empty_block", node.place, "interfaces is empty");
    }
}

void write_garp_groups(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& group : block_as<v1::Config>(block).garp_groups()) {
        const google::protobuf::Message* const parts[] = {&group};
        out.open("garp_group");
        write_settings("garp_group", parts, out);
        out.close();
    }
}

void write_garp_interfaces(const google::protobuf::Message& block, LegacyText& out) {
    const auto& group = block_as<v1::GarpGroup>(block);
    if (group.interfaces().empty()) return;
    out.open("interfaces");
    for (const std::string& name : group.interfaces()) out.statement(name);
    out.close();
}

// ---- interface_up_down_delays, linkbeat_interfaces ---------------------------------------------

v1::InterfaceSettings& settings_of(Binder& binder, std::string_view name, const Place& place) {
    const auto [known, is_new] = binder.places().interfaces.try_emplace(
        std::string(name), binder.config().interfaces_size());
    if (!is_new) return *binder.config().mutable_interfaces(known->second);
    binder.places().top.add_entry("interface_up_down_delays", place);
    auto& added = *binder.config().add_interfaces();
    added.set_name(std::string(name));
    return added;
}

std::optional<std::uint64_t> read_delay(Binder& binder, const Node& line, std::size_t word) {
    if (word >= line.words.size()) return std::nullopt;
    const auto delay = read_decimal(line.word(word), kSecond, 6, 0, kLongestDelay);
    if (!delay.problem.empty()) {
        binder.report().error(Complaint::invalid_number, "bad_value", line.place_of(word),
                              fmt::format("delay of {}: {}; {}", line.keyword, delay.problem,
                                          delay.value ? "it is rounded" : "it is ignored"));
    }
    return delay.value;
}

void parse_delays(Binder& binder, Targets, Node& node) {
    for (const Node& line : node.children) {
        if (!interface_is_known(binder, line.keyword, line.place, Complaint::fatal)) continue;
        if (line.words.empty()) {
            binder.report().warning("no_delay", line.place,
                                    fmt::format("no delay is given for {}", line.keyword));
            continue;
        }
        const auto down = read_delay(binder, line, 0);
        const auto up = read_delay(binder, line, 1);
        if (!down && !up) continue;
        v1::InterfaceSettings& settings = settings_of(binder, line.keyword, line.place);
        if (down) settings.set_down_delay_us(*down);
        if (up) settings.set_up_delay_us(*up);
    }
}

void parse_linkbeat(Binder& binder, Targets, Node& node) {
    for (const Node& line : node.children) {
        if (!interface_is_known(binder, line.keyword, line.place, Complaint::fatal)) continue;
        v1::CarrierPolling way = v1::CARRIER_POLLING_AUTOMATIC;
        if (line.word(0) == "MII") way = v1::CARRIER_POLLING_MII;
        if (line.word(0) == "ETHTOOL") way = v1::CARRIER_POLLING_ETHTOOL;
        if (line.word(0) == "IOCTL") way = v1::CARRIER_POLLING_IOCTL;
        const std::size_t used = way == v1::CARRIER_POLLING_AUTOMATIC ? 0 : 1;
        if (line.words.size() > used) {
            binder.report()
                .error(Complaint::general, "bad_value", line.place_of(used),
                       fmt::format("'{}' does not belong behind {}; it is ignored", line.word(used),
                                   line.keyword))
                .hint = used == 0 ? "it is MII, ETHTOOL or IOCTL" : "";
        }
        settings_of(binder, line.keyword, line.place).set_carrier_polling(way);
    }
}

void write_delays(const google::protobuf::Message& block, LegacyText& out) {
    const auto& all = block_as<v1::Config>(block).interfaces();
    const auto is_delayed = [](const v1::InterfaceSettings& each) {
        return each.has_down_delay_us() || each.has_up_delay_us();
    };
    if (std::ranges::none_of(all, is_delayed)) return;
    out.open("interface_up_down_delays");
    for (const auto& each : all) {
        if (!is_delayed(each)) continue;
        std::vector<std::string> words = {each.name(), decimal_text(each.down_delay_us())};
        if (each.has_up_delay_us()) words.push_back(decimal_text(each.up_delay_us()));
        write_line(std::move(words), out);
    }
    out.close();
}

void write_linkbeat(const google::protobuf::Message& block, LegacyText& out) {
    const auto& all = block_as<v1::Config>(block).interfaces();
    if (std::ranges::none_of(all, &v1::InterfaceSettings::has_carrier_polling)) return;
    out.open("linkbeat_interfaces");
    for (const auto& each : all) {
        if (!each.has_carrier_polling()) continue;
        const auto* value =
            v1::CarrierPolling_descriptor()->FindValueByNumber(each.carrier_polling());
        const std::string& way = value->options().GetExtension(v1::word).text(0);
        write_line(way.empty() ? std::vector{each.name()} : std::vector{each.name(), way}, out);
    }
    out.close();
}

constexpr Irregular kTable[] = {
    {"", "track_group", parse_track_group, write_track_groups},
    {"track_group", "group", parse_members},
    {"", "garp_group", parse_garp_group, write_garp_groups},
    {"garp_group", "interface", parse_garp_interface},
    {"garp_group", "interfaces", parse_garp_interfaces, write_garp_interfaces},
    {"", "interface_up_down_delays", parse_delays, write_delays},
    {"", "linkbeat_interfaces", parse_linkbeat, write_linkbeat},
};

}  // namespace

void write_line(std::vector<std::string> words, LegacyText& out) {
    if (words.empty()) {
        out.problem("a line that says nothing cannot be written");
        return;
    }
    const std::string first = std::move(words.front());
    words.erase(words.begin());
    out.statement_of(first, words);
}

std::span<const Irregular> network_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
