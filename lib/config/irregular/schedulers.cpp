// The scheduler of a virtual_server and its flags.
#include <array>

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/near_names.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::array<std::pair<std::string_view, v1::Scheduler>, 14> kSchedulers = {{
    {"rr", v1::SCHEDULER_RR},
    {"wrr", v1::SCHEDULER_WRR},
    {"lc", v1::SCHEDULER_LC},
    {"wlc", v1::SCHEDULER_WLC},
    {"lblc", v1::SCHEDULER_LBLC},
    {"sh", v1::SCHEDULER_SH},
    {"mh", v1::SCHEDULER_MH},
    {"dh", v1::SCHEDULER_DH},
    {"fo", v1::SCHEDULER_FO},
    {"ovf", v1::SCHEDULER_OVF},
    {"lblcr", v1::SCHEDULER_LBLCR},
    {"sed", v1::SCHEDULER_SED},
    {"nq", v1::SCHEDULER_NQ},
    {"twos", v1::SCHEDULER_TWOS},
}};

/// What a flag's keyword means, and the scheduler that it wants before it.
struct FlagWord {
    std::string_view keyword;
    v1::SchedulerFlag flag;
    v1::Scheduler scheduler;  // unspecified: any
};
constexpr std::array<FlagWord, 7> kFlags = {{
    {"flag-1", v1::SCHEDULER_FLAG_1, v1::SCHEDULER_UNSPECIFIED},
    {"flag-2", v1::SCHEDULER_FLAG_2, v1::SCHEDULER_UNSPECIFIED},
    {"flag-3", v1::SCHEDULER_FLAG_3, v1::SCHEDULER_UNSPECIFIED},
    {"sh-port", v1::SCHEDULER_PORT, v1::SCHEDULER_SH},
    {"sh-fallback", v1::SCHEDULER_FALLBACK, v1::SCHEDULER_SH},
    {"mh-port", v1::SCHEDULER_PORT, v1::SCHEDULER_MH},
    {"mh-fallback", v1::SCHEDULER_FALLBACK, v1::SCHEDULER_MH},
}};

bool hashes(const v1::VirtualServer& service) {
    return service.scheduler() == v1::SCHEDULER_SH || service.scheduler() == v1::SCHEDULER_MH;
}

void parse_scheduler(Binder& binder, Targets targets, Node& node) {
    const auto known =
        std::ranges::find(kSchedulers, node.word(0), [](const auto& each) { return each.first; });
    if (known != kSchedulers.end()) {
        target_as<v1::VirtualServer>(targets).set_scheduler(known->second);
        return;
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : kSchedulers) names.emplace_back(name);
    auto& error = binder.report().error(
        Complaint::general, "bad_value", node.place_of(0),
        fmt::format("{}: there is no scheduler '{}'; it is ignored", node.keyword, node.word(0)));
    error.hint = did_you_mean(node.word(0), names);
    if (error.hint.empty()) error.hint = "it is one of " + core::join(names, ", ");
}

/// sh-port and the like; keepalived wants the scheduler they belong to before them.
void parse_scheduler_flag(Binder& binder, Targets targets, Node& node) {
    auto& service = target_as<v1::VirtualServer>(targets);
    const auto known = std::ranges::find(kFlags, node.keyword, &FlagWord::keyword);
    if (known == kFlags.end() || known->scheduler == v1::SCHEDULER_UNSPECIFIED) return;
    if (!hashes(service)) {
        binder.refuse(node, fmt::format("{} must stand behind lvs_sched {}; it is ignored",
                                        node.keyword, node.keyword.substr(0, 2)));
    } else if (service.scheduler() == known->scheduler) {
        service.add_scheduler_flags(known->flag);
    } else {
        binder.report().warning("flag_of_other_scheduler", node.place,
                                fmt::format("{} is not for this scheduler; it is ignored, as "
                                            "keepalived does",
                                            node.keyword));
    }
}

void parse_plain_flag(Binder&, Targets targets, Node& node) {
    const auto known = std::ranges::find(kFlags, node.keyword, &FlagWord::keyword);
    target_as<v1::VirtualServer>(targets).add_scheduler_flags(known->flag);
}

void parse_hashed(Binder& binder, Targets targets, Node& node) {
    if (hashes(target_as<v1::VirtualServer>(targets))) return;
    binder.refuse(node, "hashed must stand behind lvs_sched sh or mh; it is ignored");
}

/// The flags must stand behind the scheduler, and those of sh and mh are spelt with its name.
void write_scheduler(const google::protobuf::Message& block, LegacyText& out) {
    const auto& service = block_as<v1::VirtualServer>(block);
    for (const auto& [name, scheduler] : kSchedulers) {
        if (service.scheduler() == scheduler) out.statement("lvs_sched", name);
    }
    for (const int flag : service.scheduler_flags()) {
        const auto written = std::ranges::find_if(kFlags, [&](const FlagWord& each) {
            return each.flag == flag && (each.scheduler == v1::SCHEDULER_UNSPECIFIED ||
                                         each.scheduler == service.scheduler());
        });
        if (written != kFlags.end()) {
            out.statement(written->keyword);
        } else {
            out.problem("only the schedulers sh and mh have the flags port and fallback");
        }
    }
}

constexpr std::string_view kService = "virtual_server";
constexpr Irregular kTable[] = {
    {kService, "lvs_sched", parse_scheduler, write_scheduler},
    {kService, "lb_algo", parse_scheduler},
    {kService, "hashed", parse_hashed},
    {kService, "flag-1", parse_plain_flag},
    {kService, "flag-2", parse_plain_flag},
    {kService, "flag-3", parse_plain_flag},
    {kService, "sh-port", parse_scheduler_flag},
    {kService, "sh-fallback", parse_scheduler_flag},
    {kService, "mh-port", parse_scheduler_flag},
    {kService, "mh-fallback", parse_scheduler_flag},
};

}  // namespace

std::span<const Irregular> scheduler_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
