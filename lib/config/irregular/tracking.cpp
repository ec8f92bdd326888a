// track_interface, track_script, track_file, track_process, track_bfd and track_virtual_server, of
// instances and groups.
#include <net/if.h>

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/near_names.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kMaxWeight = 253;
constexpr std::int64_t kMaxObjectWeight = 254;
struct Weight {
    std::optional<std::int32_t> value;
    std::optional<bool> reverse;
};

/// What the list allows: track_interface knows no `noreverse`, files and processes take +-254.
struct Rules {
    std::int64_t most = kMaxWeight;
    bool noreverse = true;
};

void complain(Binder& binder, const Node& line, std::size_t word, std::string text) {
    binder.report().error(Complaint::general, "bad_tracker", line.place_of(word), std::move(text));
}

/// `reverse` or `noreverse` behind a weight; false when the entry must be dropped.
bool read_direction(Binder& binder, const Node& line, const Rules& rules, Weight& weight) {
    const std::string_view word = line.word(2);
    if (word == "reverse") {
        weight.reverse = true;
    } else if (word == "noreverse" && rules.noreverse) {
        weight.reverse = false;
    } else if (line.words.size() > 2) {
        complain(binder, line, 2,
                 fmt::format("{}: '{}' cannot stand behind a weight; the tracker is ignored",
                             line.keyword, word));
        return false;
    }
    return true;
}

/// `weight N [reverse|noreverse]`; nothing when the entry must be dropped.
std::optional<Weight> read_weight(Binder& binder, const Node& line, const Rules& rules) {
    Weight weight;
    if (line.words.empty()) return weight;
    if (line.word(0) != "weight" || line.words.size() < 2) {
        complain(binder, line, 0,
                 fmt::format("{}: '{}' is no option of a tracker; it is ignored", line.keyword,
                             line.word(0)));
        return std::nullopt;
    }
    auto number = read_integer(line.word(1), -kMaxObjectWeight, kMaxObjectWeight);
    if (!number.value) {
        binder.report().error(
            Complaint::invalid_number, "bad_tracker", line.place_of(1),
            fmt::format("weight of {}: {}; the tracker is ignored", line.keyword, number.problem));
        return std::nullopt;
    }
    const std::int64_t used = std::clamp(*number.value, -rules.most, rules.most);
    if (used != *number.value || !number.problem.empty()) {
        complain(binder, line, 1,
                 fmt::format("weight of {}: {} is taken for {}", line.keyword, line.word(1), used));
    }
    weight.value = static_cast<std::int32_t>(used);
    if (!read_direction(binder, line, rules, weight)) return std::nullopt;
    return weight;
}

void complain_duplicate(Binder& binder, const Node& line) {
    binder.report().error(
        Complaint::general, "duplicate", line.place,
        fmt::format("{} is tracked already; this entry is ignored", line.keyword));
}

template <class Tracked>
void set_weight(Tracked& tracked, const Weight& weight) {
    if (weight.value) tracked.set_weight(*weight.value);
    if (weight.reverse) tracked.set_reverse(*weight.reverse);
}

const std::string& name_of(const v1::TrackedInterface& tracked) {
    return tracked.interface();
}
template <class Tracked>
const std::string& name_of(const Tracked& tracked) {
    return tracked.name();
}

using Names = std::unordered_set<std::string>;

template <class Entries>
Names names_in(const Entries& entries) {
    Names names;
    for (const auto& tracked : entries) names.insert(name_of(tracked));
    return names;
}

template <class Owner>
void parse_interfaces(Binder& binder, Targets targets, Node& node) {
    auto& owner = target_as<Owner>(targets);
    Names there = names_in(owner.track_interfaces());
    for (const Node& line : node.children) {
        const auto weight = read_weight(binder, line, {.noreverse = false});
        if (!weight) continue;
        if (line.keyword.size() >= IFNAMSIZ) {
            binder.report().error(Complaint::general, "bad_interface", line.place,
                                  fmt::format("the interface name {} is longer than {} octets",
                                              line.keyword, IFNAMSIZ - 1));
            continue;
        }
        if (!there.emplace(line.keyword).second) {
            complain_duplicate(binder, line);
            continue;
        }
        auto& tracked = *owner.add_track_interfaces();
        tracked.set_interface(std::string(line.keyword));
        set_weight(tracked, *weight);
    }
}

/// The kinds of objects that are defined by a block of the top level and tracked by name.
struct Kind {
    std::string_view block;       // vrrp_script
    std::string_view class_name;  // of the finding about an unknown one
    Rules rules;
};
constexpr Kind kScript{"vrrp_script", "unknown_script", {}};
constexpr Kind kFile{"track_file", "unknown_file", {.most = kMaxObjectWeight}};
constexpr Kind kBfd{"bfd_instance", "unknown_bfd", {}};
constexpr Kind kProcess{"vrrp_track_process", "unknown_process", {.most = kMaxObjectWeight}};

/// The hint for a name that stands nowhere before the line.
template <class Objects>
std::string hint_for(std::string_view name, const Kind& kind, const Objects& objects) {
    if (std::string near = did_you_mean(name, first_names(objects)); !near.empty()) return near;
    return fmt::format("a {} must stand before the instance that tracks it", kind.block);
}

/// One line of a block: a name, its weight, and that it is there for the first time.
template <class Entries>
void bind_entry(Binder& binder, Entries& entries, Names& there, const Rules& rules,
                const Node& line) {
    const auto weight = read_weight(binder, line, rules);
    if (!weight) return;
    if (!there.emplace(line.keyword).second) return complain_duplicate(binder, line);
    auto& tracked = *entries.Add();
    tracked.set_name(std::string(line.keyword));
    set_weight(tracked, *weight);
}

template <class Entries, class Objects>
void bind_named(Binder& binder, Entries& entries, const Objects& objects, const Kind& kind,
                const Node& node) {
    Names there = names_in(entries);
    for (const Node& line : node.children) {
        if (!binder.is_claimed(kind.block, line.keyword)) {
            binder.report()
                .error(Complaint::general, kind.class_name, line.place,
                       fmt::format("there is no {} {} before this line; it is ignored", kind.block,
                                   line.keyword))
                .hint = hint_for(line.keyword, kind, objects);
            continue;
        }
        bind_entry(binder, entries, there, kind.rules, line);
    }
}

template <class Owner>
void parse_scripts(Binder& binder, Targets targets, Node& node) {
    bind_named(binder, *target_as<Owner>(targets).mutable_track_scripts(),
               binder.config().vrrp_scripts(), kScript, node);
}
template <class Owner>
void parse_files(Binder& binder, Targets targets, Node& node) {
    bind_named(binder, *target_as<Owner>(targets).mutable_track_files(),
               binder.config().track_files(), kFile, node);
}
template <class Owner>
void parse_processes(Binder& binder, Targets targets, Node& node) {
    bind_named(binder, *target_as<Owner>(targets).mutable_track_processes(),
               binder.config().track_processes(), kProcess, node);
}

template <class Owner>
void parse_bfd(Binder& binder, Targets targets, Node& node) {
    bind_named(binder, *target_as<Owner>(targets).mutable_track_bfd(),
               binder.config().bfd_instances(), kBfd, node);
}

/// Virtual servers usually stand behind the instances: whether there is one shows at the end.
template <class Owner>
void parse_services(Binder& binder, Targets targets, Node& node) {
    auto& entries = *target_as<Owner>(targets).mutable_track_services();
    Names there = names_in(entries);
    for (const Node& line : node.children) bind_entry(binder, entries, there, {}, line);
}

template <class Entries>
void write_entries(const Entries& entries, std::string_view keyword, LegacyText& out) {
    if (entries.empty()) return;
    out.open(keyword);
    for (const auto& tracked : entries) {
        std::vector<std::string> words;
        if (tracked.has_weight()) {
            words.insert(words.end(), {"weight", fmt::to_string(tracked.weight())});
        }
        if (tracked.has_reverse() && !tracked.has_weight()) {
            out.problem(fmt::format("{} {}: the direction cannot be said without a weight", keyword,
                                    name_of(tracked)));
        } else if (tracked.has_reverse() && tracked.reverse()) {
            words.emplace_back("reverse");
        } else if (tracked.has_reverse() && keyword != "track_interface") {
            words.emplace_back("noreverse");
        }
        out.statement_of(name_of(tracked), words);
    }
    out.close();
}

template <class Owner>
void write_interfaces(const google::protobuf::Message& block, LegacyText& out) {
    write_entries(block_as<Owner>(block).track_interfaces(), "track_interface", out);
}
template <class Owner>
void write_scripts(const google::protobuf::Message& block, LegacyText& out) {
    write_entries(block_as<Owner>(block).track_scripts(), "track_script", out);
}
template <class Owner>
void write_files(const google::protobuf::Message& block, LegacyText& out) {
    write_entries(block_as<Owner>(block).track_files(), "track_file", out);
}
template <class Owner>
void write_processes(const google::protobuf::Message& block, LegacyText& out) {
    write_entries(block_as<Owner>(block).track_processes(), "track_process", out);
}
template <class Owner>
void write_bfd(const google::protobuf::Message& block, LegacyText& out) {
    write_entries(block_as<Owner>(block).track_bfd(), "track_bfd", out);
}

/// The names that this language has for services.
bool is_service_name(std::string_view name) {
    return name.starts_with('[') || name.starts_with("FWM ");
}
template <class Owner>
void write_services(const google::protobuf::Message& block, LegacyText& out) {
    const auto& owner = block_as<Owner>(block);
    for (const auto& tracked : owner.track_services())
        if (!is_service_name(tracked.name()))
            out.problem(
                fmt::format("track_virtual_server {}: a service has no name here; write "
                            "its address, as [192.0.2.1]:tcp:80",
                            tracked.name()));
    write_entries(owner.track_services(), "track_virtual_server", out);
}

using Instance = v1::VrrpInstance;
using Group = v1::VrrpSyncGroup;

constexpr Irregular kTable[] = {
    {"vrrp_instance", "track_interface", parse_interfaces<Instance>, write_interfaces<Instance>},
    {"vrrp_instance", "track_script", parse_scripts<Instance>, write_scripts<Instance>},
    {"vrrp_instance", "track_file", parse_files<Instance>, write_files<Instance>},
    {"vrrp_instance", "track_process", parse_processes<Instance>, write_processes<Instance>},
    {"vrrp_instance", "track_bfd", parse_bfd<Instance>, write_bfd<Instance>},
    {"vrrp_instance", "track_virtual_server", parse_services<Instance>, write_services<Instance>},
    {"vrrp_sync_group", "track_interface", parse_interfaces<Group>, write_interfaces<Group>},
    {"vrrp_sync_group", "track_script", parse_scripts<Group>, write_scripts<Group>},
    {"vrrp_sync_group", "track_file", parse_files<Group>, write_files<Group>},
    {"vrrp_sync_group", "track_process", parse_processes<Group>, write_processes<Group>},
    {"vrrp_sync_group", "track_bfd", parse_bfd<Group>, write_bfd<Group>},
    {"vrrp_sync_group", "track_virtual_server", parse_services<Group>, write_services<Group>},
};

}  // namespace

std::span<const Irregular> tracking_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
