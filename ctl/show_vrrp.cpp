#include <algorithm>

#include <fmt/format.h>

#include "ctl/show.hpp"
#include "ctl/table.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::FaultCause;
using messages::v1::VrrpStatus;

/// What is really in the kernel, from ipvsd's answer.
const messages::v1::AddressStatus::Instance& in_kernel(const Answer& answer, std::uint64_t id) {
    const auto& instances = answer.addresses.instances();
    const auto found = std::ranges::find_if(instances, [&](const auto& i) { return i.id() == id; });
    return found == instances.end() ? messages::v1::AddressStatus::Instance::default_instance()
                                    : *found;
}

Json::Array missing_in_kernel(const Answer& answer, std::uint64_t id) {
    const std::vector<std::string> missing = missing_of(in_kernel(answer, id));
    return {missing.begin(), missing.end()};
}

Json::Array causes_of(const VrrpStatus::Instance& instance) {
    Json::Array causes;
    for (const FaultCause& cause : instance.causes()) {
        causes.emplace_back(Json::Object{
            {"cause", cause.text()}, {"since_timestamp_seconds", cause.since_timestamp_seconds()}});
    }
    return causes;
}

Json::Object counters_of(const VrrpStatus::Instance& instance) {
    return {{"advertisements_sent", instance.advertisements_sent()},
            {"advertisements_received", instance.advertisements_received()},
            {"became_active", instance.became_active()},
            {"released_active", instance.released_active()},
            {"priority_zero_sent", instance.priority_zero_sent()},
            {"priority_zero_received", instance.priority_zero_received()},
            {"errors_received", instance.errors_received()},
            {"addresses_differed", instance.addresses_differed()},
            {"intervals_differed", instance.intervals_differed()}};
}

Json time_or_null(bool given, double seconds) {
    return given ? Json(seconds) : Json();
}

Json::Array send_errors_of(const VrrpStatus::Instance& instance) {
    Json::Array errors;
    for (const auto& each : instance.send_errors()) {
        errors.emplace_back(
            Json::Object{{"errno", each.error()},
                         {"text", each.text()},
                         {"count", each.count()},
                         {"last_timestamp_seconds", each.last_timestamp_seconds()}});
    }
    return errors;
}

Json::Array refused_of(const VrrpStatus::Instance& instance) {
    Json::Array all;
    for (const auto& each : instance.refused()) {
        all.emplace_back(Json::Object{{"reason", each.reason()},
                                      {"count", each.count()},
                                      {"last_source", each.last_source()},
                                      {"last_timestamp_seconds", each.last_timestamp_seconds()}});
    }
    return all;
}

/// Kernel settings of its interface that are changed as long as it is there.
Json::Array changed_settings_of(const Answer& answer, const VrrpStatus::Instance& instance) {
    Json::Array all;
    const std::string prefix = "net.ipv4.conf." + instance.interface() + ".";
    for (const auto& each : answer.addresses.changed_settings()) {
        if (!each.name().starts_with(prefix)) continue;
        all.emplace_back(Json::Object{{"name", each.name()}, {"was", each.was()}});
    }
    return all;
}

Json::Array heard_of(const VrrpStatus::Instance& instance) {
    Json::Array all;
    for (const auto& each : instance.heard()) {
        Json::Array addresses(each.addresses().begin(), each.addresses().end());
        all.emplace_back(Json::Object{
            {"address", each.address()},
            {"priority", each.priority()},
            {"advert_interval_seconds", static_cast<double>(each.advert_interval_us()) / 1e6},
            {"last_timestamp_seconds", each.last_timestamp_seconds()},
            {"count", each.count()},
            {"addresses_differ", each.addresses_differ()},
            {"addresses", std::move(addresses)},
            {"address_count", each.address_count()}});
    }
    return all;
}

/// What came on its interface for routers that are not configured.
Json::Array unknown_of(const Answer& answer, const VrrpStatus::Instance& instance) {
    Json::Array all;
    for (const auto& each : answer.vrrp.unknown()) {
        if (each.vrid() == 0 || !is_beside(each, instance)) continue;
        all.emplace_back(Json::Object{{"vrid", each.vrid()},
                                      {"count", each.count()},
                                      {"last_source", each.last_source()},
                                      {"last_timestamp_seconds", each.last_timestamp_seconds()}});
    }
    return all;
}

std::uint64_t broken_packets_of(const Answer& answer, const VrrpStatus::Instance& instance) {
    std::uint64_t count = 0;
    for (const auto& each : answer.vrrp.unknown())
        if (each.vrid() == 0 && is_beside(each, instance)) count += each.count();
    return count;
}

Json::Array episodes_of(const VrrpStatus::Instance& instance) {
    Json::Array all;
    for (const auto& each : instance.episodes()) {
        const bool over = each.has_end_timestamp_seconds();
        all.emplace_back(Json::Object{
            {"peer", each.peer()},
            {"peer_priority", each.peer_priority()},
            {"start_timestamp_seconds", each.start_timestamp_seconds()},
            {"end_timestamp_seconds", time_or_null(over, each.end_timestamp_seconds())},
            {"end", over ? Json(each.end()) : Json()},
            {"current", !over}});
    }
    return all;
}

Json last_transition_of(const VrrpStatus::Instance& instance) {
    if (!instance.has_last_transition()) return {};
    const auto& last = instance.last_transition();
    return Json::Object{{"from", state_word(last.old_state())},
                        {"to", state_word(last.new_state())},
                        {"reason", last.reason()},
                        {"timestamp_seconds", last.timestamp_seconds()}};
}

Json item_of(const Answer& answer, const VrrpStatus::Instance& instance) {
    Json::Array addresses(instance.addresses().begin(), instance.addresses().end());
    return Json::Object{
        {"id", core::to_text(core::ObjectId{instance.id()})},
        {"name", instance.name()},
        {"interface", instance.interface()},
        {"vrid", instance.vrid()},
        {"family", instance.ipv6() ? "ipv6" : "ipv4"},
        {"version", instance.version()},
        {"state", state_word(instance.state())},
        {"base_priority", instance.base_priority()},
        {"effective_priority", instance.effective_priority()},
        {"addresses", std::move(addresses)},
        {"addresses_installed", in_kernel(answer, instance.id()).installed()},
        {"routes_and_rules_wanted", in_kernel(answer, instance.id()).paths_wanted()},
        {"routes_and_rules_installed", in_kernel(answer, instance.id()).paths_installed()},
        {"missing", missing_in_kernel(answer, instance.id())},
        {"causes", causes_of(instance)},
        {"since_timestamp_seconds", instance.since_timestamp_seconds()},
        {"active_address",
         instance.active_address().empty() ? Json() : Json(instance.active_address())},
        {"active_priority", instance.active_priority()},
        {"advert_interval_seconds", static_cast<double>(instance.advert_interval_us()) / 1e6},
        {"group", instance.group().empty() ? Json() : Json(instance.group())},
        {"counters", counters_of(instance)},
        {"last_sent_timestamp_seconds", time_or_null(instance.has_last_sent_timestamp_seconds(),
                                                     instance.last_sent_timestamp_seconds())},
        {"votes", Json::Array(instance.votes().begin(), instance.votes().end())},
        {"warnings", Json::Array(instance.warnings().begin(), instance.warnings().end())},
        {"last_transition", last_transition_of(instance)},
        {"changed_settings", changed_settings_of(answer, instance)},
        {"heard", heard_of(instance)},
        {"refused", refused_of(instance)},
        {"unknown_vrids", unknown_of(answer, instance)},
        {"broken_packets", broken_packets_of(answer, instance)},
        {"send_errors", send_errors_of(instance)},
        {"episode_count", instance.episode_count()},
        {"episodes", episodes_of(instance)}};
}

std::string causes_text(const VrrpStatus::Instance& instance) {
    std::string text;
    for (const FaultCause& cause : instance.causes()) {
        text += (text.empty() ? "" : "; ") + cause.text();
    }
    return text;
}

}  // namespace

bool is_beside(const messages::v1::UnknownPackets& packets, const VrrpStatus::Instance& instance) {
    return packets.interface() == instance.interface() && packets.ipv6() == instance.ipv6();
}

std::string_view state_word(messages::v1::VrrpState state) {
    switch (state) {
        case messages::v1::VRRP_BACKUP:
            return "backup";
        case messages::v1::VRRP_ACTIVE:
            return "active";
        case messages::v1::VRRP_FAULT:
            return "fault";
        case messages::v1::VRRP_INITIALIZE:
        case messages::v1::VRRP_STATE_UNSPECIFIED:
            break;
    }
    return "init";
}

Json::Array vrrp_items(const Answer& answer) {
    Json::Array items;
    for (const auto& instance : answer.vrrp.instances()) {
        items.push_back(item_of(answer, instance));
    }
    return items;
}

std::string vrrp_table(const Answer& answer, bool legend) {
    Table table({"NAME", "INTERFACE", "VRID", "FAMILY", "STATE", "PRIORITY", "ADDRESSES", "ACTIVE",
                 "CAUSES"});
    for (const auto& instance : answer.vrrp.instances()) {
        table.add({instance.name(), instance.interface(), fmt::format("{}", instance.vrid()),
                   instance.ipv6() ? "ipv6" : "ipv4", std::string(state_word(instance.state())),
                   fmt::format("{}", instance.effective_priority()),
                   fmt::format("{}/{}", in_kernel(answer, instance.id()).installed(),
                               instance.addresses_size()),
                   instance.active_address().empty() ? "-" : instance.active_address(),
                   causes_text(instance)});
    }
    std::string text = table.text(legend);
    if (!legend) return text;
    for (const auto& instance : answer.vrrp.instances()) {
        for (const auto& warning : instance.warnings())
            text += fmt::format("{}: {}\n", instance.name(), warning);
        for (const std::string& each : missing_of(in_kernel(answer, instance.id())))
            text += fmt::format("{} lacks: {}\n", instance.name(), each);
    }
    return text + fmt::format("{} virtual routers\n", answer.vrrp.instances_size());
}

}  // namespace holdfast::ctl
