#include <algorithm>

#include <fmt/format.h>

#include "ctl/show.hpp"
#include "ctl/table.hpp"
#include "lib/core/text.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::ProcessesStatus;

std::string listed(const google::protobuf::RepeatedPtrField<std::string>& words) {
    return core::join(std::vector<std::string>(words.begin(), words.end()), ", ");
}

Json::Array strings(const google::protobuf::RepeatedPtrField<std::string>& words) {
    return {words.begin(), words.end()};
}

std::string sandbox_text(const ProcessesStatus::Process& process) {
    std::string text = listed(process.sandbox_present());
    if (process.sandbox_missing_size() > 0) {
        text += (text.empty() ? "missing: " : "; missing: ") + listed(process.sandbox_missing());
    }
    return text;
}

template <class Predicate>
std::int64_t count(const auto& items, Predicate predicate) {
    return std::ranges::count_if(items, predicate);
}

std::int64_t routers_in(const Answer& answer, messages::v1::VrrpState state) {
    return count(answer.vrrp.instances(), [&](const auto& i) { return i.state() == state; });
}

std::string reload_text(const ProcessesStatus& processes) {
    if (!processes.has_last_reload_timestamp_seconds()) return "none yet";
    return processes.last_reload_ok() ? "done" : "refused";
}

/// Null before the first one. `generation` is what runs since then.
Json last_reload(const ProcessesStatus& processes) {
    if (!processes.has_last_reload_timestamp_seconds()) return {};
    return Json::Object{{"ok", processes.last_reload_ok()},
                        {"generation", processes.last_reload_generation()},
                        {"timestamp_seconds", processes.last_reload_timestamp_seconds()},
                        {"message", processes.last_reload_message()}};
}

}  // namespace

Json::Array process_items(const Answer& answer) {
    Json::Array items;
    for (const auto& process : answer.processes.processes()) {
        items.emplace_back(
            Json::Object{{"name", process.name()},
                         {"pid", process.pid()},
                         {"state", process.state()},
                         {"restarts", process.restarts()},
                         {"uid", process.uid()},
                         {"sandbox", Json::Object{{"present", strings(process.sandbox_present())},
                                                  {"missing", strings(process.sandbox_missing())}}},
                         {"started_timestamp_seconds", process.started_timestamp_seconds()},
                         {"scheduling", process.scheduling()}});
    }
    return items;
}

std::string process_table(const Answer& answer, bool legend) {
    Table table({"NAME", "PID", "STATE", "RESTARTS", "UID", "SANDBOX"});
    for (const auto& process : answer.processes.processes()) {
        table.add({process.name(), fmt::format("{}", process.pid()), process.state(),
                   fmt::format("{}", process.restarts()), fmt::format("{}", process.uid()),
                   sandbox_text(process)});
    }
    return table.text(legend);
}

Json::Array status_items(const Answer& answer) {
    const ProcessesStatus& processes = answer.processes;
    const auto& services = answer.services.services();
    return {Json::Object{
        {"version", processes.version()},
        {"generation", processes.generation()},
        {"configuration_file", processes.configuration_file()},
        {"last_reload_ok",
         processes.has_last_reload_timestamp_seconds() ? Json(processes.last_reload_ok()) : Json()},
        {"last_reload_timestamp_seconds", processes.has_last_reload_timestamp_seconds()
                                              ? Json(processes.last_reload_timestamp_seconds())
                                              : Json()},
        {"last_reload_messages", strings(processes.last_reload_messages())},
        {"last_reload", last_reload(processes)},
        {"stale", answer.stale},
        {"processes", process_items(answer)},
        {"vrrp", Json::Object{{"active", routers_in(answer, messages::v1::VRRP_ACTIVE)},
                              {"backup", routers_in(answer, messages::v1::VRRP_BACKUP)},
                              {"fault", routers_in(answer, messages::v1::VRRP_FAULT)},
                              {"total", answer.vrrp.instances_size()}}},
        {"services",
         Json::Object{{"up", count(services, [](const auto& s) { return s.quorum_met(); })},
                      {"programmed", count(services, [](const auto& s) { return s.programmed(); })},
                      {"total", answer.services.services_size()}}}}};
}

std::string status_screen(const Answer& answer, bool legend) {
    const ProcessesStatus& processes = answer.processes;
    std::string text = fmt::format(
        "holdfast {}  configuration {}  generation {}  last reload: {}\n", processes.version(),
        processes.configuration_file(), processes.generation(), reload_text(processes));
    if (!processes.last_reload_message().empty()) {
        text += fmt::format("  {}\n", processes.last_reload_message());
    }
    text += "\n" + process_table(answer, legend);
    if (answer.vrrp.instances_size() > 0) text += "\n" + vrrp_table(answer, legend);
    if (answer.services.services_size() > 0) text += "\n" + service_table(answer, legend);
    return text;
}

}  // namespace holdfast::ctl
