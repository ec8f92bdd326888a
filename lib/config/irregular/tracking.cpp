// track_interface and track_script, of instances and of groups.
#include <net/if.h>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kMaxWeight = 253;

struct Weight {
    std::optional<std::int32_t> value;
    std::optional<bool> reverse;
};

/// `weight N [reverse|noreverse]` from word `from` on; nothing when the entry must be dropped.
std::optional<Weight> read_weight(Binder& binder, const Node& line) {
    Weight weight;
    if (line.words.empty()) return weight;
    if (line.word(0) != "weight" || line.words.size() < 2) {
        binder.report().error(Complaint::general, "bad_tracker", line.place_of(0),
                              fmt::format("{}: '{}' is no option of a tracker; it is ignored",
                                          line.keyword, line.word(0)));
        return std::nullopt;
    }
    auto number = read_integer(line.word(1), -kMaxWeight - 1, kMaxWeight + 1);
    if (!number.value) {
        binder.report().error(
            Complaint::invalid_number, "bad_tracker", line.place_of(1),
            fmt::format("weight of {}: {}; the tracker is ignored", line.keyword, number.problem));
        return std::nullopt;
    }
    if (*number.value > kMaxWeight || *number.value < -kMaxWeight || !number.problem.empty()) {
        binder.report().error(
            Complaint::general, "bad_tracker", line.place_of(1),
            fmt::format("weight of {}: {} is taken for {}", line.keyword, line.word(1),
                        *number.value > 0 ? kMaxWeight : -kMaxWeight));
        number.value = std::min(kMaxWeight, std::max(-kMaxWeight, *number.value));
    }
    weight.value = static_cast<std::int32_t>(*number.value);
    if (line.word(2) == "reverse") weight.reverse = true;
    if (line.word(2) == "noreverse") weight.reverse = false;
    return weight;
}

void complain_duplicate(Binder& binder, const Node& line) {
    binder.report().error(
        Complaint::general, "duplicate", line.place,
        fmt::format("{} is tracked already; this entry is ignored", line.keyword));
}

template <class Owner>
void bind_interfaces(Binder& binder, Owner& owner, const Node& node) {
    for (const Node& line : node.children) {
        const auto weight = read_weight(binder, line);
        if (!weight) continue;
        if (line.keyword.size() >= IFNAMSIZ) {
            binder.report().error(Complaint::general, "bad_interface", line.place,
                                  fmt::format("the interface name {} is longer than {} octets",
                                              line.keyword, IFNAMSIZ - 1));
            continue;
        }
        bool there = false;
        for (const auto& other : owner.track_interfaces()) {
            there = there || other.interface() == line.keyword;
        }
        if (there) {
            complain_duplicate(binder, line);
            continue;
        }
        auto& tracked = *owner.add_track_interfaces();
        tracked.set_interface(std::string(line.keyword));
        tracked.set_weight(weight->value.value_or(0));
        tracked.set_reverse(weight->reverse.value_or(false));
    }
}

template <class Owner>
void bind_scripts(Binder& binder, Owner& owner, const Node& node) {
    for (const Node& line : node.children) {
        if (!binder.is_claimed("vrrp_script", line.keyword)) {
            binder.report()
                .error(Complaint::general, "unknown_script", line.place,
                       fmt::format("there is no vrrp_script {} before this line; it is ignored",
                                   line.keyword))
                .hint = "a vrrp_script must stand before the instance that tracks it";
            continue;
        }
        const auto weight = read_weight(binder, line);
        if (!weight) continue;
        bool there = false;
        for (const auto& other : owner.track_scripts()) {
            there = there || other.name() == line.keyword;
        }
        if (there) {
            complain_duplicate(binder, line);
            continue;
        }
        auto& tracked = *owner.add_track_scripts();
        tracked.set_name(std::string(line.keyword));
        if (weight->value) tracked.set_weight(*weight->value);
        if (weight->reverse) tracked.set_reverse(*weight->reverse);
    }
}

void parse_interfaces(Binder& binder, Targets targets, Node& node) {
    bind_interfaces(binder, target_as<v1::VrrpInstance>(targets), node);
}
void parse_group_interfaces(Binder& binder, Targets targets, Node& node) {
    bind_interfaces(binder, target_as<v1::VrrpSyncGroup>(targets), node);
}
void parse_scripts(Binder& binder, Targets targets, Node& node) {
    bind_scripts(binder, target_as<v1::VrrpInstance>(targets), node);
}
void parse_group_scripts(Binder& binder, Targets targets, Node& node) {
    bind_scripts(binder, target_as<v1::VrrpSyncGroup>(targets), node);
}

template <class Tracked>
void write_tracked(const std::string& name, const Tracked& tracked, LegacyText& out) {
    std::vector<std::string> words;
    if (tracked.has_weight()) {
        words = {"weight", std::to_string(tracked.weight())};
        if (tracked.has_reverse()) words.emplace_back(tracked.reverse() ? "reverse" : "noreverse");
    }
    out.statement_of(name, words);
}

template <class Owner>
void write_interfaces(const google::protobuf::Message& block, LegacyText& out) {
    const auto& owner = block_as<Owner>(block);
    if (owner.track_interfaces().empty()) return;
    out.open("track_interface");
    for (const auto& tracked : owner.track_interfaces()) {
        const bool plain = tracked.weight() == 0 && !tracked.reverse();
        write_tracked(tracked.interface(), plain ? v1::TrackedInterface() : tracked, out);
    }
    out.close();
}

template <class Owner>
void write_scripts(const google::protobuf::Message& block, LegacyText& out) {
    const auto& owner = block_as<Owner>(block);
    if (owner.track_scripts().empty()) return;
    out.open("track_script");
    for (const auto& tracked : owner.track_scripts()) write_tracked(tracked.name(), tracked, out);
    out.close();
}

constexpr Irregular kTable[] = {
    {"vrrp_instance", "track_interface", parse_interfaces, write_interfaces<v1::VrrpInstance>},
    {"vrrp_sync_group", "track_interface", parse_group_interfaces,
     write_interfaces<v1::VrrpSyncGroup>},
    {"vrrp_instance", "track_script", parse_scripts, write_scripts<v1::VrrpInstance>},
    {"vrrp_sync_group", "track_script", parse_group_scripts, write_scripts<v1::VrrpSyncGroup>},
};

}  // namespace

std::span<const Irregular> tracking_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
