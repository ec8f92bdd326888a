#include <algorithm>

#include <fmt/format.h>

#include "ctl/show.hpp"
#include "ctl/table.hpp"
#include "lib/core/address.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::ServiceStatus;

/// checkerd knows the error in words as soon as it happens; ipvsd passes on the last it was told.
std::string last_error(const Answer& answer, const ServiceStatus::Server& server) {
    for (const auto& check : answer.checks.checks()) {
        if (check.server_id() == server.id() && !check.last_error().empty()) {
            return check.last_error();
        }
    }
    return server.last_error();
}

Json server_item(const Answer& answer, const ServiceStatus::Server& server) {
    const std::string error = last_error(answer, server);
    return Json::Object{{"id", core::to_text(core::ObjectId{server.id()})},
                        {"address", server.address()},
                        {"port", server.port()},
                        {"weight", server.weight()},
                        {"alive", server.alive()},
                        {"last_error", error.empty() ? Json() : Json(error)},
                        {"forwarding", server.forwarding()},
                        {"sorry", server.sorry()},
                        {"programmed", server.programmed()}};
}

std::string end_text(const std::string& address, std::uint32_t port) {
    const auto parsed = core::Address::from_text(address);
    return parsed ? core::Endpoint{*parsed, static_cast<std::uint16_t>(port)}.text() : address;
}

std::string service_text(const ServiceStatus::Service& service) {
    return service.fwmark() != 0 ? fmt::format("fwmark {}", service.fwmark())
                                 : end_text(service.address(), service.port());
}

std::string service_state(const ServiceStatus::Service& service) {
    if (!service.programmed()) return "not programmed: " + service.not_programmed_reason();
    return service.quorum_met() ? "up" : "down";
}

}  // namespace

Json::Array service_items(const Answer& answer) {
    Json::Array items;
    for (const auto& service : answer.services.services()) {
        Json::Array servers;
        for (const auto& server : service.servers()) servers.push_back(server_item(answer, server));
        const std::string& reason = service.not_programmed_reason();
        items.emplace_back(
            Json::Object{{"id", core::to_text(core::ObjectId{service.id()})},
                         {"address", service.address().empty() ? Json() : Json(service.address())},
                         {"port", service.port()},
                         {"protocol", service.protocol()},
                         {"fwmark", service.fwmark()},
                         {"scheduler", service.scheduler()},
                         {"quorum", service.quorum()},
                         {"quorum_met", service.quorum_met()},
                         {"programmed", service.programmed()},
                         {"not_programmed_reason", reason.empty() ? Json() : Json(reason)},
                         {"servers", std::move(servers)}});
    }
    return items;
}

std::string service_table(const Answer& answer, bool legend) {
    Table table(
        {"SERVICE", "PROTOCOL", "SCHEDULER", "FORWARDING", "WEIGHT", "STATE", "LAST ERROR"});
    for (const auto& service : answer.services.services()) {
        table.add({service_text(service), service.protocol(), service.scheduler(), "", "",
                   service_state(service)});
        for (const auto& server : service.servers()) {
            table.add({"  " + end_text(server.address(), server.port()), "",
                       server.sorry() ? "sorry" : "", server.forwarding(),
                       fmt::format("{}", server.weight()), server.alive() ? "alive" : "dead",
                       last_error(answer, server)});
        }
    }
    std::string text = table.text(legend);
    if (legend) text += fmt::format("{} services\n", answer.services.services_size());
    return text;
}

}  // namespace holdfast::ctl
